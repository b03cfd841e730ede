"""Teardown of a run: stack, state, staged data and claims; first breaks a state lock whose holder is dead."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Mapping
from typing import Any

from nightshift.aws import clients, clock
from nightshift.compute.home import Home
from nightshift.failures.causes import Cause
from nightshift.failures.errors import NightshiftError, TerraformError
from nightshift.infrastructure import stacks
from nightshift.infrastructure.sweep import sweep
from nightshift.infrastructure.terraform import TerraformHook
from nightshift.lake.storage import LakeHook
from nightshift.run import processes
from nightshift.run.run_context import RunContext
from nightshift.state import ledger, partition_locks
from nightshift.state.known_runs import from_marker
from nightshift.state.terraform_locks import Lock, Scene, judge

LOG = logging.getLogger(__name__)


class StateLocked(NightshiftError):
    """The holder of terraform's state lock is alive, or not known to be dead."""

    cause = Cause.LOCK


def make_way(hook: TerraformHook, night: RunContext, task: str) -> None:
    """Return once nobody holds the state's lock: wait up to settings.lock_wait_minutes for a live holder, and break the
    lock of a dead one, with a ledger note. Raises StateLocked, TerraformError."""
    deadline = time.monotonic() + night.settings.lock_wait_minutes * 60
    while lock := hook.lock():
        judgement = judge(lock, hook.state_key == stacks.FOUNDATION_STATE, _scene(hook, night))
        if hook.lock() != lock:
            continue  # released meanwhile: a terraform that has just ended is not judged dead
        if judgement.dead:
            _break(hook, lock, night, task, judgement.why)
        elif time.monotonic() > deadline:
            raise StateLocked(
                f"The state {hook.state_key} is locked by {lock.who}: {judgement.why}.",
                "Let the holder finish; a retry waits again, and breaks the lock once the holder is known to be dead."
                f" If you know that it is: terraform force-unlock {lock.id}, in the folder of the stack {hook.stack}.",
            )
        else:
            LOG.info("Waiting for the lock of %s: %s.", hook.state_key, judgement.why)
            time.sleep(night.settings.poll_seconds)


def remove(home: Home, night: RunContext, foundation_outputs: Mapping[str, Any], task: str) -> None:
    """Remove the run's stack, what is not in its state, the staged data, the state and the claims, in this order, so
    that a retry still finds what is left; the same of its pack, if the run is the last that uses it. Its clusters must
    have ended before."""
    for owner in home.leave():
        destroy(owner, night, foundation_outputs, task)
        forget(owner, task)
    home.left()
    if home.context != night:
        forget(night, task)


def destroy(owner: RunContext, night: RunContext, foundation_outputs: Mapping[str, Any], task: str) -> None:
    """Destroy the stack that is named by `owner`, on behalf of the run `night`. Raises TerraformError, StateLocked."""
    if foundation_outputs.keys() >= stacks.REQUIRED_OUTPUTS:
        hook = TerraformHook(night.settings, "transient", owner.state_key)
        make_way(hook, night, task)
        hook.destroy(stacks.transient(owner, foundation_outputs))
    else:
        LOG.info("The foundation is missing or incomplete, so %s has no stack: nothing to destroy.", owner.run)


def forget(night: RunContext, task: str) -> None:
    """The part of `remove` after `destroy`; may run twice."""
    sweep(night, task)
    lake = LakeHook(clients.client(night.settings, "s3"), night)
    lake.sweep_staging()
    lake.forget_state()
    partition_locks.release_all(night)


def _break(hook: TerraformHook, lock: Lock, night: RunContext, task: str, why: str) -> None:
    facts = {"state": hook.state_key, "lock": lock.id, "who": lock.who, "created": lock.created}
    ledger.of(night).note(task, "unlocked", why, **facts)
    try:
        hook.unlock(lock)
    except TerraformError:
        there = hook.lock()
        if there and there.id == lock.id:
            raise
        LOG.info("Another process broke the lock %s.", lock.id)


def _scene(hook: TerraformHook, night: RunContext) -> Scene:
    """The facts for the judgement: the ledgers of this and of all open runs, and whether terraform runs here."""
    markers = ledger.open_runs(clients.client(night.settings, "s3"), night.settings)
    nights = {other.run: other for other in (from_marker(night.settings, marker) for marker in markers)}
    return Scene(
        me=night.run,
        host=socket.gethostname(),
        now=clock.now(night.settings),
        histories={run: ledger.of(other).entries() for run, other in {**nights, night.run: night}.items()},
        runs_here=hook.runs_here(),
        shared=hook.state_key not in {night.state_key, stacks.FOUNDATION_STATE},
        deaths={run: processes.death(other.conductor) for run, other in nights.items()},
    )
