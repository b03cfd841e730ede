"""How a run moves from state to state. Pure: time comes in, what to start or kill goes out.

held by its place -> waiting states -> running -> succeeded or failed
        `-----------------`--------------`--> stopping -> stopped or timed out, by request or by the time limit
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum

from localcloud.runs.model import Reason, Run, Stop
from localcloud.steps.request import StepOutcome


class Effect(Enum):
    """What the engine must do after a change."""

    NOTHING = "nothing"
    LAUNCH = "launch"  # its workers are there: start the process, then call started()
    KILL = "kill"


def admit(run: Run, held: str, now: datetime) -> None:
    """It goes on to wait for its workers, or its place holds it in a state."""
    if not held:
        run.admitted_at = now
    if (state := held or run.words.waiting[0]) != run.state:
        run.to(state, now)


def advance(run: Run, now: datetime, start_seconds: float) -> Effect:
    """Advance a run that no place holds. start_seconds: what its waiting states take together."""
    if run.stop:
        return _settle(run, now)
    if run.started_at is None:
        return _wait(run, now, start_seconds + run.slow_seconds)
    if run.limit_seconds is not None and now - run.started_at >= timedelta(seconds=run.limit_seconds):
        return stop(run, Stop(run.words.timed_out, run.words.timed_out_text(run.limit_seconds)), now)
    return Effect.NOTHING


def started(run: Run, now: datetime) -> None:
    """Its process is being started."""
    run.started_at = now
    run.to(run.words.running, now)


def stop(run: Run, how: Stop, now: datetime) -> Effect:
    """Begin to stop a run; does nothing when it has ended or is stopping."""
    if run.ended_at or run.stop:
        return Effect.NOTHING
    run.stop = how
    run.to(run.words.stopping, now)
    return Effect.KILL if run.started_at else Effect.NOTHING


def refused(run: Run, reason: Reason, now: datetime) -> None:
    """It fails before it has a process."""
    run.failure_code = reason.code
    _end(run, run.words.failed, reason.text, now)


def process_ended(run: Run, outcome: StepOutcome, now: datetime) -> None:
    """Its process has ended. One that is stopping counts as stopped, even if its process succeeded meanwhile."""
    if run.stop:
        _end(run, run.stop.state, run.stop.text, now)
    elif outcome.exit_code == 0:
        _end(run, run.words.succeeded, "", now)
    else:
        run.failure_code = "USER_ERROR"
        _end(run, run.words.failed, run.words.failed_text(outcome.exit_code, outcome.message), now)


def _settle(run: Run, now: datetime) -> Effect:
    """A run that is stopped before it started ends at once; others end with their process."""
    if run.stop and run.started_at is None:
        _end(run, run.stop.state, run.stop.text, now)
    return Effect.NOTHING


def _wait(run: Run, now: datetime, seconds: float) -> Effect:
    """Each waiting state takes the same share of the time."""
    since = (now - (run.admitted_at or now)).total_seconds()
    if since >= seconds:
        return Effect.LAUNCH
    states = run.words.waiting
    state = states[int(since / seconds * len(states))]
    if state != run.state:
        run.to(state, now)
    return Effect.NOTHING


def _end(run: Run, state: str, text: str, now: datetime) -> None:
    run.ended_at, run.text = now, text
    run.to(state, now)
