"""One cell played: a night, what befalls it, a reaper's pass if it needs one, the judgement, a failed task cleared."""

import time
from copy import copy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil
from botocore.exceptions import BotoCoreError, ClientError

from tests.chaos import drops, judge, moments
from tests.chaos.acts import ACTS
from tests.chaos.cells import Cell
from tests.chaos.facts import Facts
from tests.chaos.holds import Hold, Victim
from tests.chaos.judge import Seen
from tests.chaos.post import Post
from tests.rig import Rig
from tools.errors import StackError

ENDING = 900  # seconds in which Airflow must end a run after what befell it
REAPING = 600
WRONG = (AssertionError, StackError, BotoCoreError, ClientError, httpx.HTTPError, psutil.Error)


OWED = "not yet"


@dataclass
class Result:
    """A line of the matrix. `again` says how the same date was run once more; `well` that it ended as a good night
    with the right rows, and so is the re-run of the nights before it."""

    airflow: str = ""
    told: str = ""
    truth: str = ""
    alive: str = ""
    gold: str = ""
    again: str = OWED
    well: bool = False
    broken: list[str] = field(default_factory=list)


@dataclass
class Play:
    """A cell on a rig."""

    rig: Rig
    cell: Cell
    holds: Path
    scratch: Path
    post: Post
    run_id: str = ""
    victim: Victim = field(default_factory=Victim)
    hold: Any = None

    def __post_init__(self) -> None:
        self.facts, self.drop = Facts(self.rig), drops.of(self.cell.dag, self.scratch)
        self.before = self.facts.gold(self.cell.dag, self.drop)

    def cell_result(self) -> Result:
        """Play it to the end. Raises AssertionError when the moment never comes, StackError when the run never ends."""
        self.drop.deliver(self.facts.s3)
        armed = [self.rig.faults.add_fault(kind.value, **options) for kind, options in self.cell.faults]
        if self.cell.task or self.cell.strikes:
            self._strike()
        else:
            self.run_id = self._trigger()
        if self.cell.hastens:
            moments.hasten(self, armed)
        at_end = self._ended()
        idle = judge.unstruck(armed, self.rig.faults.faults())
        self.rig.mend()
        after, red = (at_end, []) if at_end.is_settled else self._reaped(at_end)
        result = self._line(at_end, after)
        result.broken += [*red, *idle]
        if self.cell.clears and at_end.airflow == "failed":
            at_end = self._cleared(result)
        self._count(result, at_end)
        return result

    def states(self) -> dict[str, str | None]:
        return self.rig.api.task_states(self.cell.dag, self.run_id)

    def _strike(self) -> None:
        strikes = [self._of(cell) for cell in self.cell.strikes or (self.cell,)]
        for strike in strikes:
            strike.hold = moments.prepare(strike)
        self.run_id = self._trigger()
        for strike in strikes:
            strike.run_id = self.run_id
            strike._strike_task()
        self.drop.deliver(self.facts.s3)  # what waits for input has waited for it

    def _of(self, cell: Cell) -> "Play":
        """This night with the task of `cell` as the one that is struck."""
        play = copy(self)
        play.cell = cell
        return play

    def _strike_task(self) -> None:
        try:
            self.victim = moments.reach(self)
            ACTS[self.cell.column](self)
        finally:
            self.victim.thaw()
            if isinstance(self.hold, Hold):
                self.hold.release()

    def _trigger(self) -> str:
        foundation = self.cell.task == "apply_foundation"
        asked = {"business_date": str(drops.DAY), "apply_foundation": foundation, "compute": self.cell.on}
        return self.rig.api.trigger(self.cell.dag, asked)

    def _ended(self) -> Seen:
        return self._seen(self.rig.api.wait(self.cell.dag, self.run_id, ENDING))

    def _seen(self, airflow: str) -> Seen:
        post = self.post.about(self.run_id)
        steps = self.facts.gold_steps(self.run_id) if self.cell.on == "emr" else None
        return judge.look(self.facts, self.cell.dag, self.run_id, self.drop, airflow, post, steps)

    def _reaped(self, at_end: Seen) -> tuple[Seen, list[str]]:
        """What is after one pass of the reaper, and whether the reaper itself was red."""
        state = self.rig.api.wait("reaper", self.rig.api.trigger("reaper"), REAPING)
        return self._seen(at_end.airflow), [] if state == "success" else [f"the reaper's own run ended {state}"]

    def _line(self, at_end: Seen, after: Seen) -> Result:
        told, by = after.told
        return Result(
            airflow=at_end.airflow,
            told=f"{told} by {by}",
            truth=judge.truth(self.cell, self.drop, at_end),
            alive="; ".join(f"{len(ids)} {kind}" for kind, ids in after.alive.items()) or "nothing",
            gold=self._gold_word(after),
            broken=judge.broken(self.cell, self.drop, self.before, at_end, after),
        )

    def _gold_word(self, seen: Seen) -> str:
        if judge.is_new(self.drop, seen.gold):
            return "this night's"
        same = all(found.objects == self.before[table].objects for table, found in seen.gold.items())
        return "the one before" if same else "some of each"

    def _cleared(self, result: Result) -> Seen:
        """The failed task cleared with what comes after it, as the runbook says: the same run goes on, and mends."""
        self.rig.api.clear(self.cell.dag, self.run_id, self.cell.clears)
        seen = self._ended()
        wrong = judge.broken(Cell(self.cell.row, "cleared"), self.drop, self.before, seen, seen)
        result.again = "cleared"
        result.broken += [f"cleared: {line}" for line in wrong]
        return seen

    def _count(self, result: Result, seen: Seen) -> None:
        """The rows of a night that ended well: as many as were delivered, whatever an earlier night left there."""
        if seen.airflow == "success" and judge.is_new(self.drop, seen.gold):
            rows = self.facts.rows(self.cell.dag, self.drop.rows)
            wrong = judge.doubled(self.drop, rows, self.facts.quarantined(self.cell.dag))
            result.well = not wrong
            result.broken += wrong


def timed(play: Play) -> tuple[Result, float]:
    """The result of a cell and its seconds; a night that never comes to its moment or its end is a broken promise."""
    began = time.monotonic()
    try:
        result = play.cell_result()
    except WRONG as wrong:
        result = Result(broken=[f"{type(wrong).__name__}: {wrong}"])
    return result, round(time.monotonic() - began, 1)
