"""Whatever fails, the run is red and the teardowns ran: every task of a night made to fail once, in one process.

tests/scheduler does the same to a few of them on the real scheduler, with real terraform and a real cloud.
"""

import pytest
from airflow.sdk.exceptions import AirflowFailException

from nightshift.operators.base import NightOperator, WaitOperator
from nightshift.operators.outcome import OutcomeOperator
from nightshift.operators.preflight import PreflightOperator

WORK = (
    *("preflight", "open_state", "apply_foundation", "apply_transient", "publish_jobs", "claim_date"),
    *(
        "wait_for_inputs",
        "check_inputs",
        "create_cluster",
        "wait_for_cluster",
        "submit_steps",
        "step_wordcount",
        "audit",
        "publish",
    ),
)
TEARDOWNS = ("terminate_cluster", "destroy_transient")
TELLERS = ("prove_nothing_left", "report")


@pytest.fixture
def night_in_which(monkeypatch, dags):
    """Play the wordcount night without its outside world; gives (run state, {task: state}, tasks that ran)."""

    def play(failing):
        ran = []

        def execute(self, context):
            ran.append(self.task_id)
            if self.task_id == failing:
                raise AirflowFailException(f"{failing} was told to fail")

        for operator in (NightOperator, WaitOperator, PreflightOperator, OutcomeOperator):
            monkeypatch.setattr(operator, "execute", execute)
        run = dags["wordcount"].test(logical_date=None)
        return str(run.state), {ti.task_id: str(ti.state) for ti in run.get_task_instances()}, ran

    return play


def test_a_night_in_which_nothing_fails_is_green_and_everything_ran_in_order(night_in_which):
    state, states, ran = night_in_which(None)
    assert state == "success"
    assert set(states.values()) == {"success"}
    assert ran == [*WORK, *TEARDOWNS, *TELLERS, "outcome"]


@pytest.mark.parametrize("failing", [*WORK[2:], *TEARDOWNS, *TELLERS])
def test_a_failure_is_red_and_both_teardowns_the_proof_and_the_report_run(night_in_which, failing):
    state, states, ran = night_in_which(failing)
    assert (state, states["outcome"]) == ("failed", "upstream_failed")
    assert {*TEARDOWNS, *TELLERS} <= set(ran)


@pytest.mark.parametrize("failing", WORK[:2])
def test_before_anything_was_opened_there_is_nothing_to_tear_down_but_it_is_still_told(night_in_which, failing):
    state, states, ran = night_in_which(failing)
    assert (state, states["outcome"]) == ("failed", "upstream_failed")
    assert not set(TEARDOWNS) & set(ran)
    assert set(TELLERS) <= set(ran)


def test_no_work_is_begun_after_a_failure(night_in_which):
    _, states, ran = night_in_which("create_cluster")
    assert not {"wait_for_cluster", "submit_steps", "step_wordcount", "audit", "publish"} & set(ran)
    assert states["publish"] == "upstream_failed"
