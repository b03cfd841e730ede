"""The state machine alone: what follows from what, with a clock the test turns."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from localcloud.emr import lifecycle
from localcloud.emr.lifecycle import Timing
from localcloud.emr.model import Cluster, ClusterState, Failure, Step, StepState

BIRTH = datetime(2026, 1, 1, tzinfo=UTC)
FAILURE = Failure("Unknown Error.", "boom", None)
NO_WAITS = Timing()


def at(seconds: float) -> datetime:
    return BIRTH + timedelta(seconds=seconds)


def new_step(action: str = "CONTINUE") -> Step:
    return Step({"Name": "step", "ActionOnFailure": action, "HadoopJarStep": {"Jar": "x.jar"}}, BIRTH)


def ready_cluster(*steps: Step, **properties: Any) -> Cluster:
    cluster = Cluster(
        account="123456789012",
        region="eu-west-1",
        spec={"Name": "night", "Instances": {}},
        created_at=BIRTH,
        steps=list(steps),
        **properties,
    )
    lifecycle.advance(cluster, at(0), NO_WAITS)
    lifecycle.become_ready(cluster, at(0))
    return cluster


def test_a_cluster_stays_in_each_phase_for_its_time() -> None:
    timing = Timing(provisioning=420, bootstrap=60, termination=30)
    cluster = Cluster("1", "eu-west-1", {"Name": "n", "Instances": {}}, BIRTH, keep_alive=True)
    lifecycle.advance(cluster, at(419), timing)
    assert cluster.state is ClusterState.STARTING
    lifecycle.advance(cluster, at(420), timing)
    assert cluster.state is ClusterState.BOOTSTRAPPING
    assert not lifecycle.bootstrap_is_over(cluster, at(479), timing)
    assert lifecycle.bootstrap_is_over(cluster, at(480), timing)
    lifecycle.become_ready(cluster, at(480))
    lifecycle.terminate(cluster, lifecycle.USER_REQUEST, at(500))
    lifecycle.advance(cluster, at(529), timing)
    assert cluster.state is ClusterState.TERMINATING
    lifecycle.advance(cluster, at(530), timing)
    assert (cluster.state, cluster.ready_at, cluster.ended_at) == (ClusterState.TERMINATED, at(480), at(530))


def test_steps_run_one_after_the_other() -> None:
    first, second = new_step(), new_step()
    cluster = ready_cluster(first, second, keep_alive=True)
    assert (first.state, second.state) == (StepState.RUNNING, StepState.PENDING)
    lifecycle.step_ended(cluster, first, None, at(5))
    assert lifecycle.advance(cluster, at(5), NO_WAITS).start == (second,)


def test_as_many_steps_run_as_the_concurrency_level_says() -> None:
    cluster = ready_cluster(new_step(), new_step(), new_step(), keep_alive=True, step_concurrency=2)
    assert [s.state for s in cluster.steps] == [StepState.RUNNING, StepState.RUNNING, StepState.PENDING]


def test_a_transient_cluster_ends_when_its_steps_are_done() -> None:
    only = new_step()
    cluster = ready_cluster(only)
    lifecycle.step_ended(cluster, only, None, at(1))
    effects = lifecycle.advance(cluster, at(1), NO_WAITS)
    assert effects.release_nodes
    assert (cluster.ends_as, cluster.reason) == (ClusterState.TERMINATED, lifecycle.ALL_STEPS_COMPLETED)


def test_a_transient_cluster_whose_step_failed_says_so_in_its_reason() -> None:
    only = new_step("CONTINUE")
    cluster = ready_cluster(only)
    lifecycle.step_ended(cluster, only, FAILURE, at(1))
    lifecycle.advance(cluster, at(1), NO_WAITS)
    assert cluster.reason.message == "Steps completed with errors"


@pytest.mark.parametrize(
    ("action", "next_step", "cluster_state"),
    [
        ("CONTINUE", StepState.RUNNING, ClusterState.RUNNING),
        ("CANCEL_AND_WAIT", StepState.CANCELLED, ClusterState.WAITING),
        ("TERMINATE_CLUSTER", StepState.CANCELLED, ClusterState.TERMINATING),
        ("TERMINATE_JOB_FLOW", StepState.CANCELLED, ClusterState.TERMINATING),
    ],
)
def test_a_failed_step_does_what_its_action_says(action: str, next_step: Any, cluster_state: Any) -> None:
    first, second = new_step(action), new_step()
    cluster = ready_cluster(first, second, keep_alive=True)
    lifecycle.step_ended(cluster, first, FAILURE, at(1))
    lifecycle.advance(cluster, at(1), Timing(termination=1))
    assert (first.state, second.state, cluster.state) == (StepState.FAILED, next_step, cluster_state)


def test_a_step_failure_that_terminates_is_an_error_of_the_cluster() -> None:
    only = new_step("TERMINATE_CLUSTER")
    cluster = ready_cluster(only, keep_alive=True)
    lifecycle.step_ended(cluster, only, FAILURE, at(1))
    lifecycle.advance(cluster, at(1), NO_WAITS)
    assert (cluster.state, cluster.reason.code) == (ClusterState.TERMINATED_WITH_ERRORS, "STEP_FAILURE")


def test_a_protected_cluster_outlives_a_step_that_would_terminate_it() -> None:
    first, second = new_step("TERMINATE_CLUSTER"), new_step()
    cluster = ready_cluster(first, second, protected=True)
    lifecycle.step_ended(cluster, first, FAILURE, at(1))
    lifecycle.advance(cluster, at(1), NO_WAITS)
    assert (cluster.state, second.state) == (ClusterState.WAITING, StepState.CANCELLED)
    assert cluster.reason.message == "Waiting after step failed"


def test_a_failure_beside_other_running_steps_leaves_the_cluster_alone() -> None:
    first, second = new_step("TERMINATE_CLUSTER"), new_step()
    cluster = ready_cluster(first, second, keep_alive=True, step_concurrency=2)
    lifecycle.step_ended(cluster, first, FAILURE, at(1))
    lifecycle.advance(cluster, at(1), NO_WAITS)
    assert (cluster.state, second.state) == (ClusterState.RUNNING, StepState.RUNNING)


def test_an_idle_cluster_ends_after_its_timeout_and_not_before() -> None:
    cluster = ready_cluster(keep_alive=True, idle_timeout_seconds=60)
    lifecycle.advance(cluster, at(59), NO_WAITS)
    assert cluster.state is ClusterState.WAITING
    lifecycle.advance(cluster, at(60), NO_WAITS)
    assert cluster.state is ClusterState.TERMINATING


def test_a_step_starts_the_idle_time_anew() -> None:
    step = new_step()
    cluster = ready_cluster(keep_alive=True, idle_timeout_seconds=60)
    cluster.steps.append(step)
    lifecycle.advance(cluster, at(50), NO_WAITS)
    lifecycle.step_ended(cluster, step, None, at(55))
    lifecycle.advance(cluster, at(56), NO_WAITS)
    lifecycle.advance(cluster, at(100), NO_WAITS)
    assert cluster.state is ClusterState.WAITING


def test_termination_kills_what_runs_and_waits_until_it_is_gone() -> None:
    running, pending = new_step(), new_step()
    cluster = ready_cluster(running, pending, keep_alive=True)
    effects = lifecycle.terminate(cluster, lifecycle.USER_REQUEST, at(1))
    assert (effects.kill, pending.state) == ((running,), StepState.CANCELLED)
    lifecycle.advance(cluster, at(9), NO_WAITS)
    assert cluster.state is ClusterState.TERMINATING
    lifecycle.step_ended(cluster, running, FAILURE, at(9))
    lifecycle.advance(cluster, at(9), NO_WAITS)
    assert (cluster.state, running.state) == (ClusterState.TERMINATED, StepState.CANCELLED)


def test_a_second_termination_changes_nothing() -> None:
    cluster = ready_cluster(keep_alive=True)
    lifecycle.terminate(cluster, lifecycle.USER_REQUEST, at(1))
    assert lifecycle.terminate(cluster, lifecycle.IDLE, at(2), errors=True) == lifecycle.Effects()
    assert cluster.reason == lifecycle.USER_REQUEST


def test_a_running_step_is_cancelled_once_its_process_is_gone() -> None:
    step = new_step()
    cluster = ready_cluster(step, keep_alive=True)
    assert lifecycle.cancel_step(step, at(1)).kill == (step,)
    assert step.state is StepState.CANCEL_PENDING
    lifecycle.step_ended(cluster, step, FAILURE, at(2))
    assert (step.state, step.failure) == (StepState.CANCELLED, None)


def test_a_step_that_has_ended_cannot_be_cancelled() -> None:
    step = new_step()
    lifecycle.step_ended(ready_cluster(step, keep_alive=True), step, None, at(1))
    with pytest.raises(ValueError, match="COMPLETED"):
        lifecycle.cancel_step(step, at(2))
