"""Whatever fails, the run is red and the teardowns ran: every task of a night made to fail once, in one process.

Airflow's scheduling decides each time what runs next; the tasks are not executed, their ends are written down for it.
That a task that does execute ends in the same is shown once. tests/chaos does the same to a few of them on the real
scheduler, with real terraform and a real cloud.
"""

from functools import cache

import pytest
from airflow.dag_processing import dagbag
from airflow.sdk.definitions import dag as definition
from airflow.sdk.exceptions import AirflowFailException

from nightshift.operators.base import NightOperator, WaitOperator
from nightshift.operators.outcome import OutcomeOperator
from nightshift.operators.preflight import PreflightOperator

WORK = (
    *("preflight", "open_state", "apply_foundation", "apply_transient", "publish_jobs", "claim_date"),
    *(
        "wait_for_inputs",
        "check_inputs",
        "start_compute",
        "wait_for_compute",
        "submit_jobs",
        "job_wordcount",
        "audit",
        "publish",
    ),
)
RUN_TASK = definition._run_task
TEARDOWNS = ("stop_compute", "destroy_transient")
TELLERS = ("prove_nothing_left", "report")


def once(function):
    """The function, but its first answer ever after."""
    calls = []
    return lambda *args, **named: calls[0] if calls else calls.append(function(*args, **named)) or calls[0]


@pytest.fixture(scope="module")
def synced():
    """The DAGs do not change between nights: the first one alone parses them and writes them to Airflow's database."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("BundleDagBag", "sync_bag_to_db"):
            patch.setattr(dagbag, name, once(getattr(dagbag, name)))
        yield


@pytest.fixture(scope="module")
def night_in_which(dags, synced):
    """Play the wordcount night in which one task fails; gives (run state, {task: state}, tasks that ran)."""
    with pytest.MonkeyPatch.context() as patch:

        @cache
        def play(failing):
            ran = []

            def end(*, ti, task, **_):
                ran.append(ti.task_id)
                ti.set_state("failed" if ti.task_id == failing else "success")

            patch.setattr(definition, "_run_task", end)
            return told(dags["wordcount"], ran)

        yield play


def told(dag, ran):
    run = dag.test(logical_date=None)
    return str(run.state), {ti.task_id: str(ti.state) for ti in run.get_task_instances()}, ran


def test_a_task_that_executes_and_fails_ends_the_night_as_one_whose_end_is_written_down(
    monkeypatch, dags, synced, night_in_which
):
    written = night_in_which("start_compute")
    ran = []

    def execute(self, context):
        ran.append(self.task_id)
        if self.task_id == "start_compute":
            raise AirflowFailException("start_compute was told to fail")

    for operator in (NightOperator, WaitOperator, PreflightOperator, OutcomeOperator):
        monkeypatch.setattr(operator, "execute", execute)
    monkeypatch.setattr(definition, "_run_task", RUN_TASK)
    assert told(dags["wordcount"], ran) == written


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
    _, states, ran = night_in_which("start_compute")
    assert not {"wait_for_compute", "submit_jobs", "job_wordcount", "audit", "publish"} & set(ran)
    assert states["publish"] == "upstream_failed"
