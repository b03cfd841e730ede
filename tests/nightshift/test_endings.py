"""How tasks end: each failure as a card, retried or not by its cause, however it came about."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from airflow.sdk import TriggerRule
from airflow.sdk.bases.operator import TRIGGER_FAIL_REPR, TriggerFailureReason
from airflow.sdk.exceptions import AirflowFailException, TaskDeferred
from botocore.exceptions import ClientError

from nightshift.failures.interrupted import Interrupted
from nightshift.operators.base import NightOperator, WaitOperator, say_last_words
from nightshift.state.ledger import Ledger
from nightshift.waits import probes
from wordcount.definition import PIPELINE as WORDCOUNT

RUN = SimpleNamespace(
    run_id="manual__2026-01-05T03:00:00+00:00",
    run_after=datetime(2026, 1, 5, 3, tzinfo=UTC),
    start_date=datetime(2026, 1, 5, 3, 0, 1, tzinfo=UTC),
)
CRASH = """Traceback (most recent call last):
  File "/usr/local/airflow/plugins/nightshift/waits/probes.py", line 41, in step_ended
    status = emr.step(cluster_id, step_id)["Status"]
botocore.exceptions.ClientError: An error occurred ({code}) when calling the DescribeStep operation: m
"""


class Work(NightOperator):
    """Does what the test says."""

    def __init__(self, *, act, **kwargs):
        super().__init__(pipeline=WORDCOUNT, **kwargs)
        self.act = act

    def work(self, night, context):
        return self.act(self, night)


class Wait(WaitOperator):
    """Asks the probe `scripted`."""

    def work(self, night, context):
        return self.wait(night, "scripted", {})

    def finish(self, night, answer):
        return answer


@pytest.fixture
def context():
    return {"dag_run": RUN, "params": {}, "ti": SimpleNamespace(try_number=1)}


@pytest.fixture
def wait(settings, monkeypatch):
    def make(answer, minutes=180):
        monkeypatch.setitem(probes.PROBES, "scripted", lambda _: answer)
        return Wait(task_id="job_gold", pipeline=WORDCOUNT, settings=settings, wait_minutes=minutes)

    return make


def raising(error):
    def act(task, night):
        raise error

    return act


def refusal(code):
    return ClientError({"Error": {"Code": code, "Message": "m"}}, "RunJobFlow")


def last_entry(aws, night):
    return Ledger(aws("s3"), night).entries()[-1]


def test_a_missing_right_is_not_tried_again_and_its_card_is_in_log_and_ledger(aws, settings, words, context, capsys):
    task = Work(act=raising(refusal("AccessDeniedException")), task_id="start_compute", settings=settings)
    with pytest.raises(AirflowFailException, match=r"AccessDeniedException.* Next: Grant the named role"):
        task.execute(context)
    assert (last_entry(aws, words)["phase"], last_entry(aws, words)["cause"]) == ("failed", "iam")
    said = capsys.readouterr().out  # Airflow's traceback comes first; boto's lines do not come at all
    assert not [words for words in ("FAILED in", "credential", "boto") if words in said]
    say_last_words({**context, "task": task})
    lines = [line for line in capsys.readouterr().out.splitlines() if line.strip()]
    assert "::endgroup::" in lines[0]
    assert "FAILED in start_compute (iam): An error occurred (AccessDeniedException)" in lines[1]


def test_a_task_that_was_killed_has_no_last_words(context, settings, capsys):
    say_last_words({**context, "task": Work(act=raising(refusal("x")), task_id="a", settings=settings)})
    assert capsys.readouterr().out == ""


def test_a_throttled_call_is_left_to_airflows_retry(aws, settings, words, context):
    task = Work(act=raising(refusal("ThrottlingException")), task_id="start_compute", settings=settings)
    with pytest.raises(ClientError):
        task.execute(context)
    assert last_entry(aws, words)["cause"] == "throttle"


def test_what_a_stopped_task_ends_with_is_read_as_the_stop_and_tried_again(aws, settings, words, context):
    def act(task, night):
        task.on_kill()  # as Airflow does at SIGTERM, in the middle of the work
        raise KeyError("half-written")

    with pytest.raises(Exception, match="was stopped") as stopped:
        Work(act=act, task_id="apply_transient", settings=settings).execute(context)
    assert not isinstance(stopped.value, AirflowFailException)
    assert last_entry(aws, words)["cause"] == "stopped"


def test_an_interrupted_run_stays_final(aws, settings, words, context):
    def act(task, night):
        task.on_kill()
        raise Interrupted("The night was interrupted (SIGINT).")

    with pytest.raises(AirflowFailException, match="interrupted"):
        Work(act=act, task_id="apply_transient", settings=settings).execute(context)
    entry = last_entry(aws, words)
    assert (entry["cause"], entry["next_action"]) == ("stopped", "Run it again.")


def test_a_refused_parameter_is_a_card_in_the_ledger_of_its_run(aws, settings, words, context):
    context["params"] = {"business_date": "yesterday"}
    task = Work(act=lambda *_: None, task_id="preflight", settings=settings)
    with pytest.raises(AirflowFailException, match="business_date is 'yesterday'"):
        task.execute(context)
    assert (last_entry(aws, words)["task"], last_entry(aws, words)["cause"]) == ("preflight", "data")


def test_teardown_and_report_of_a_run_with_refused_parameters_still_work(settings, aws, context):
    context["params"] = {"business_date": "yesterday"}
    report = Work(act=lambda _, night: night.run, task_id="r", settings=settings, trigger_rule=TriggerRule.ALL_DONE)
    teardown = Work(act=lambda _, night: night.run, task_id="t", settings=settings).as_teardown()
    assert report.execute(context) == teardown.execute(context)


def test_a_run_that_is_refused_for_another_parameter_keeps_its_date(settings, aws, context):
    context["params"] = {"business_date": "2026-01-02", "input_prefix": "../x"}
    report = Work(act=lambda _, night: night, task_id="r", settings=settings, trigger_rule=TriggerRule.ALL_DONE)
    assert str(report.execute(context).business_date) == "2026-01-02"


def test_a_wait_is_deferred_with_a_belt_that_the_scheduler_holds(aws, wait, context):
    with pytest.raises(TaskDeferred) as deferred:
        wait(None).execute(context)
    assert deferred.value.timeout.total_seconds() == 180 * 60 + 600


def test_a_task_cleared_while_it_ran_does_not_take_the_news_of_its_last_try_for_its_own(aws, words, wait, context):
    with pytest.raises(TaskDeferred) as deferred:
        wait(None).execute(context)
    news = {**deferred.value.kwargs, "event": {"state": "COMPLETED"}}
    assert wait(None).resume_execution("resume", dict(news), context) == {"state": "COMPLETED"}
    context["ti"].try_number = 2
    with pytest.raises(TaskDeferred):
        wait(None).resume_execution("resume", dict(news), context)
    assert [(e["phase"], e["attempt"]) for e in Ledger(aws("s3"), words).entries()] == [
        ("begin", 1),
        ("end", 1),
        ("begin", 2),
    ]


def fail(task, context, error, traceback=None):
    """What Airflow does to a deferred task whose trigger failed."""
    return task.resume_execution(TRIGGER_FAIL_REPR, {"error": error, "traceback": traceback}, context)


@pytest.mark.parametrize(
    ("code", "cause", "final"), [("AccessDenied", "iam", True), ("ThrottlingException", "throttle", False)]
)
def test_a_trigger_that_crashed_becomes_a_card_with_its_own_cause(aws, words, wait, context, code, cause, final):
    lines = CRASH.format(code=code).splitlines(keepends=True)
    with pytest.raises(Exception, match=f"failed in Airflow's triggerer: .*{code}") as failed:
        fail(wait(None), context, TriggerFailureReason.TRIGGER_FAILURE, lines)
    assert isinstance(failed.value, AirflowFailException) is final
    card = last_entry(aws, words)
    assert (card["task"], card["phase"], card["cause"]) == ("job_gold", "failed", cause)
    assert (card["traceback"]["file"], card["traceback"]["line"]) == ("nightshift/waits/probes.py", 41)


def test_a_wait_whose_triggerer_was_dead_asks_once_more_and_hears_the_news(aws, words, wait, context):
    assert fail(wait({"state": "COMPLETED"}), context, "Trigger timeout") == {"state": "COMPLETED"}
    assert [e["phase"] for e in Ledger(aws("s3"), words).entries()] == ["end"]


def test_a_wait_whose_triggerer_was_dead_and_that_has_no_news_has_run_out(aws, words, wait, context):
    with pytest.raises(AirflowFailException, match="timed out after 180 minutes"):
        fail(wait(None), context, TriggerFailureReason.TRIGGER_TIMEOUT)
    assert last_entry(aws, words)["cause"] == "timeout"


def test_a_wait_resumed_by_its_trigger_goes_its_usual_way(aws, wait, context):
    assert wait(None).resume_execution("resume", {"event": {"state": "COMPLETED"}}, context) == {"state": "COMPLETED"}
