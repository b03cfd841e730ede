"""The state machine: how clusters and steps move from state to state. Pure: time comes in, effects go out.

STARTING -> BOOTSTRAPPING -> RUNNING <-> WAITING -> TERMINATING -> TERMINATED
   |              |             |                        `-------> TERMINATED_WITH_ERRORS
   `--------------`-------------`--> TERMINATING, by request, failure or because all is done
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from localcloud.emr.model import (
    ACTIVE_STEPS,
    CLOSING,
    READY,
    Cluster,
    ClusterState,
    Failure,
    Reason,
    Step,
    StepState,
)

ALL_STEPS_COMPLETED = Reason("ALL_STEPS_COMPLETED", "Steps completed")
STEPS_COMPLETED_WITH_ERRORS = Reason("ALL_STEPS_COMPLETED", "Steps completed with errors")
USER_REQUEST = Reason("USER_REQUEST", "Terminated by user request")
STEP_FAILURE = Reason("STEP_FAILURE", "Shut down as step failed")
IDLE = Reason("USER_REQUEST", "Terminated by the auto-termination policy: the cluster was idle")
TERMINATING_ACTIONS = ("TERMINATE_CLUSTER", "TERMINATE_JOB_FLOW")


@dataclass(frozen=True)
class Timing:
    """The duration of each phase of a cluster in seconds."""

    provisioning: float = 0.0
    bootstrap: float = 0.0
    termination: float = 0.0


@dataclass(frozen=True)
class Effects:
    """The actions that the engine must carry out after a transition."""

    start: tuple[Step, ...] = ()
    kill: tuple[Step, ...] = ()
    bootstrap: bool = False
    release_nodes: bool = False


def advance(cluster: Cluster, now: datetime, timing: Timing) -> Effects:
    """Advance a cluster whose nodes exist as far as time and its steps allow."""
    if cluster.state is ClusterState.STARTING and _passed(cluster.created_at, timing.provisioning, now):
        return _begin_bootstrap(cluster, now)
    if cluster.state in READY:
        return _work(cluster, now)
    if cluster.state is ClusterState.TERMINATING:
        _finish_termination(cluster, now, timing)
    return Effects()


def bootstrap_is_over(cluster: Cluster, now: datetime, timing: Timing) -> bool:
    """True when a bootstrapping cluster has run its actions and its bootstrap time is over, so it is ready or has
    failed."""
    began = cluster.bootstrapping_at
    if cluster.state is not ClusterState.BOOTSTRAPPING or cluster.bootstrap_runs or began is None:
        return False
    return _passed(began, timing.bootstrap, now)


def become_ready(cluster: Cluster, now: datetime) -> Effects:
    """Bootstrapping succeeded: the cluster can run steps."""
    cluster.ready_at = now
    cluster.state = ClusterState.WAITING
    cluster.reason = Reason(message="Cluster ready to run steps.")
    for node in cluster.live_nodes():
        node.state, node.ready_at = "RUNNING", now
    for pool in cluster.pools:
        pool.state = "RUNNING"
    return _work(cluster, now)


def terminate(cluster: Cluster, reason: Reason, now: datetime, *, errors: bool = False) -> Effects:
    """Begin termination: cancel pending steps, kill running ones. Does nothing if termination has begun."""
    if cluster.state in CLOSING:
        return Effects()
    cluster.state, cluster.reason, cluster.terminating_at = ClusterState.TERMINATING, reason, now
    cluster.ends_as = ClusterState.TERMINATED_WITH_ERRORS if errors else ClusterState.TERMINATED
    _cancel(cluster.steps_in(StepState.PENDING), "Job terminated", now)
    running = cluster.steps_in(*ACTIVE_STEPS)
    # A step killed by its cluster's failure was not cancelled by a user.
    lost = reason.code in ("INSTANCE_FAILURE", "INTERNAL_ERROR")
    for step in running:
        step.becomes = StepState.INTERRUPTED if lost else StepState.CANCELLED
    return Effects(kill=tuple(running), release_nodes=True)


def cancel_step(step: Step, now: datetime) -> Effects:
    """Cancel a pending step at once, a running one by killing its process. Raises ValueError if it has ended."""
    if step.state is StepState.PENDING:
        _cancel([step], "Cancelled by user", now)
        return Effects()
    if step.state not in ACTIVE_STEPS:
        raise ValueError(step.state)
    step.state, step.becomes = StepState.CANCEL_PENDING, StepState.CANCELLED
    step.message = "Cancelled by user"
    return Effects(kill=(step,))


def step_ended(cluster: Cluster, step: Step, failure: Failure | None, now: datetime) -> Effects:
    """The process of a step has ended; failure is None when its exit code was 0."""
    step.ended_at = now
    # A process that succeeded before the kill reached it counts as completed, unless its cancellation was requested.
    if step.becomes is not None and (failure is not None or step.state is StepState.CANCEL_PENDING):
        step.state = step.becomes
        step.message = step.message or "Job terminated"
    elif failure is None:
        step.state = StepState.COMPLETED
    else:
        step.state, step.failure = StepState.FAILED, failure
        return _after_failure(cluster, step, now)
    return Effects()


def _work(cluster: Cluster, now: datetime) -> Effects:
    started = _startable(cluster)
    for step in started:
        step.state, step.started_at = StepState.RUNNING, now
    if started or cluster.steps_in(*ACTIVE_STEPS):
        cluster.state, cluster.reason = ClusterState.RUNNING, Reason(message="Running step")
        cluster.idle_since = None
        return Effects(start=tuple(started))
    return _rest(cluster, now)


def _startable(cluster: Cluster) -> list[Step]:
    free = cluster.step_concurrency - len(cluster.steps_in(*ACTIVE_STEPS))
    return cluster.steps_in(StepState.PENDING)[: max(0, free)]


def _rest(cluster: Cluster, now: datetime) -> Effects:
    """No step is running or pending: wait for more, or terminate."""
    # "The cluster still terminates upon successful completion", protected or not (SetTerminationProtection).
    if not cluster.keep_alive and not cluster.held:
        failed = cluster.steps_in(StepState.FAILED)
        return terminate(cluster, STEPS_COMPLETED_WITH_ERRORS if failed else ALL_STEPS_COMPLETED, now)
    if cluster.state is not ClusterState.WAITING:
        cluster.state, cluster.reason = ClusterState.WAITING, Reason(message=_waiting_message(cluster))
    cluster.idle_since = cluster.idle_since or now
    timeout = cluster.idle_timeout_seconds
    if timeout and not cluster.protected and _passed(cluster.idle_since, timeout, now):
        return terminate(cluster, IDLE, now)
    return Effects()


def _waiting_message(cluster: Cluster) -> str:
    ended = [step for step in cluster.steps if step.ended_at]
    last = max(ended, key=lambda step: step.ended_at or step.created_at, default=None)
    if last is None:
        return "Cluster ready to run steps."
    if last.state is StepState.FAILED:
        return "Waiting after step failed"
    if last.state is StepState.CANCELLED:
        return "Waiting after step cancelled"
    return "Cluster ready after last step completed."


def _after_failure(cluster: Cluster, step: Step, now: datetime) -> Effects:
    # EMR ignores the two terminating actions once steps may run concurrently (API reference, StepConfig).
    if cluster.step_concurrency > 1 or cluster.state in CLOSING:
        return Effects()
    action = step.action_on_failure
    if action in TERMINATING_ACTIONS and not cluster.protected:
        return terminate(cluster, STEP_FAILURE, now, errors=True)
    # The rest is CANCEL_AND_WAIT, or a termination that protection turned into it.
    if action != "CONTINUE":
        cluster.held = cluster.held or action in TERMINATING_ACTIONS
        _cancel(cluster.steps_in(StepState.PENDING), f"Cancelled because step {step.id} failed", now)
    return Effects()


def _cancel(steps: list[Step], message: str, now: datetime) -> None:
    for step in steps:
        step.state, step.message, step.ended_at = StepState.CANCELLED, message, now


def _begin_bootstrap(cluster: Cluster, now: datetime) -> Effects:
    cluster.state, cluster.bootstrapping_at = ClusterState.BOOTSTRAPPING, now
    cluster.reason = Reason(message="Running bootstrap actions")
    for node in cluster.live_nodes():
        node.state = "BOOTSTRAPPING"
    for pool in cluster.pools:
        pool.state = "BOOTSTRAPPING"
    cluster.bootstrap_runs = bool(cluster.spec.get("BootstrapActions"))
    return Effects(bootstrap=cluster.bootstrap_runs)


def _finish_termination(cluster: Cluster, now: datetime, timing: Timing) -> None:
    began = cluster.terminating_at
    # No process of a cluster may run once it is TERMINATED, so wait for its steps and bootstrap actions.
    busy = cluster.steps_in(*ACTIVE_STEPS) or cluster.bootstrap_runs
    if busy or began is None or not _passed(began, timing.termination, now):
        return
    cluster.state, cluster.ended_at = cluster.ends_as, now
    for pool in cluster.pools:
        pool.state = "TERMINATED"


def _passed(since: datetime, seconds: float, now: datetime) -> bool:
    return now - since >= timedelta(seconds=seconds)
