"""How a cell comes to its moment: the task held after its act, in the middle of terraform, or deferred."""

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import psutil

from tests import timers
from tests.chaos import judge
from tests.chaos.facts import STATE
from tests.chaos.holds import Hold, Victim

if TYPE_CHECKING:
    from tests.chaos.play import Play

COMING = 600  # seconds that a night may take to come to the last of its tasks
QUICK = 0.02
SLOW_START = 12  # seconds that a cluster stays in STARTING, for the wait that is to be struck


def prepare(play: "Play") -> Hold | None:
    """What must be so before the run starts, for its moment to come."""
    cell = play.cell
    if cell.moment == "deferred":
        if cell.task == "wait_for_inputs":
            play.drop.withdraw(play.facts.s3)
        if cell.task == "wait_for_compute":
            play.rig.faults.add_fault("slow-start", seconds=SLOW_START)
        return None
    if cell.moment == "terraform":
        play.rig.slow_terraform(cell.task.split("_")[1])
        return Hold(play.holds, cell.dag, cell.task, "begin")
    return Hold(play.holds, cell.dag, cell.task, cell.moment)


def reach(play: "Play") -> Victim:
    """The task at its moment. Raises AssertionError when the night ends, or goes on for long, without it."""
    if play.cell.moment == "deferred":
        play.rig.until(lambda: _is_deferred(play), COMING, 0.2, f"{play.cell.task} deferred")
        return Victim()
    victim = play.hold.victim(COMING, lambda: _goes_on(play))
    assert victim, f"{play.cell.task} never came to its moment: {play.states()}"
    if play.cell.moment == "terraform":
        _freeze(play, victim)
    return victim


def hasten(play: "Play", armed: list[dict[str, Any]]) -> None:
    """Let the run's cluster come to its time limit once the faults that are armed have struck: its timer sleeps no
    longer. Raises AssertionError when they never strike, or the cluster has no timer."""
    play.rig.until(lambda: not judge.unstruck(armed, play.rig.faults.faults()), COMING, 0.2, "the fault")
    [cluster] = play.facts.alive()["clusters"]
    timers.hasten(cluster)


def _goes_on(play: "Play") -> bool:
    return play.rig.api.run_state(play.cell.dag, play.run_id) in {"queued", "running"}


def _is_deferred(play: "Play") -> bool:
    return play.rig.api.task_states(play.cell.dag, play.run_id).get(play.cell.task) == "deferred"


def _freeze(play: "Play", victim: Victim) -> None:
    """Stop terraform when it has begun to change something, so that it cannot have ended when it is struck."""
    changed = MIDDLES[play.cell.task](play)
    play.rig.until(lambda: changed() and _terraform(victim), COMING, QUICK, f"the middle of {play.cell.task}")
    victim.freeze(_terraform(victim))
    play.rig.mend_terraform()


def _terraform(victim: Victim) -> list[psutil.Process]:
    return [process for process in victim.tree()[1:] if _name(process).startswith("terraform")]


def _name(process: psutil.Process) -> str:
    """Nothing when it has ended."""
    with suppress(psutil.NoSuchProcess):
        return process.name()
    return ""


def _applying(play: "Play") -> Callable[[], bool]:
    return lambda: bool(_stack(play))


def _destroying(play: "Play") -> Callable[[], bool]:
    whole = _stack(play)
    return lambda: _stack(play) < whole


def _locked(play: "Play") -> Callable[[], bool]:
    return lambda: "foundation.tfstate.tflock" in play.facts.keys(STATE, "foundation")


def _stack(play: "Play") -> int:
    """How many of a run's resources are there."""
    return len(play.facts.security_groups()) + len(play.facts.security_configurations())


MIDDLES: dict[str, Callable[["Play"], Callable[[], bool]]] = {
    "apply_foundation": _locked,
    "apply_transient": _applying,
    "destroy_transient": _destroying,
}
