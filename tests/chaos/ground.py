"""What the cells of one worker share: the rig, and the re-runs that they owe each other."""

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from embedded.cloud.on_option import ON_EKS
from tests.chaos import broom, results
from tests.chaos.cells import Cell
from tests.chaos.places import Places
from tests.chaos.play import OWED, Play, timed
from tests.chaos.post import Post
from tests.rig import Rig


@dataclass
class Ground:
    """Plays cells one after the other, all on the same business date.

    So the night of a cell runs again the date of the cells before it, with other input: when it ends well, with the
    rows of its own input and no others, it pays the re-run that they owe. What nobody paid is paid by a night that
    nothing befalls.
    """

    rig: Rig
    holds: Path
    scratch: Path
    post: Post
    owed: dict[str, list[Cell]] = field(default_factory=lambda: defaultdict(list))

    def play(self, cell: Cell) -> None:
        """Play a cell, keep its line, sweep behind it; raises AssertionError with the promises that it broke."""
        if cell.on in ON_EKS:
            Places(self.rig).lay_cluster()
        result, seconds = timed(Play(self.rig, cell, self.holds, self.scratch, self.post))
        results.keep(cell, result, seconds)
        broom.sweep(self.rig)
        if result.well:
            results.pay(self.owed.pop(cell.dag, []), cell)
        if result.again == OWED:
            self.owed[cell.dag].append(cell)
        assert not result.broken, "\n".join(result.broken)

    def pay(self) -> None:
        """Run again each date that is still owed; raises AssertionError when that goes wrong."""
        for dag, cells in list(self.owed.items()):
            if cells:
                plain = Cell("a night that nothing befalls", dag, dag)
                self.play(plain)
                results.pay(self.owed.pop(dag), plain)
