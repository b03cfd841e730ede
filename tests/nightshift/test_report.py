"""The record tells the truth, and the message fits SNS."""

from datetime import UTC, datetime, timedelta

from nightshift.report import message
from nightshift.report.record import Findings, build

NOW = datetime(2026, 1, 5, 3, 20, tzinfo=UTC)
TASKS = ("preflight", "step_gold", "publish", "terminate_cluster", "prove_nothing_left")
GREEN = {task: "success" for task in TASKS}
CLUSTER = {
    "Id": "j-1",
    "Name": "n",
    "LogUri": "s3n://acme-night-logs/emr/",
    "Status": {"State": "TERMINATED", "Timeline": {"CreationDateTime": NOW - timedelta(hours=1), "EndDateTime": NOW}},
}
STEP = {"Id": "s-1", "Name": "gold", "Status": {"State": "COMPLETED", "Timeline": {}}}
MANIFEST = {
    "layer": "gold",
    "tables": [
        {"table": "orders", "rows_in": 9, "accepted": 7, "quarantined": 1, "duplicates": 1, "reasons": {"bad": 1}}
    ],
    "gold": [{"table": "product_sales", "rows": 3, "schema": {}, "null_keys": 0, "duplicate_keys": 0}],
}
PROOF = {"at": NOW.isoformat(), "task": "prove_nothing_left", "phase": "end", "alive": [], "checked": ["clusters"]}


def entry(task, phase, **facts):
    return {"at": NOW.isoformat(), "task": task, "phase": phase, **facts}


def record_of(night, states=GREEN, entries=(PROOF,), **found):
    return build(night, Findings(entries=entries, states=states, ended_at=NOW, **found))


def test_a_night_is_a_success_only_if_every_task_was(night):
    assert record_of(night)["outcome"] == "success"
    for task in TASKS:
        for state in ("failed", "upstream_failed", "skipped", None):
            assert record_of(night, {**GREEN, task: state})["outcome"] == "failed", (task, state)


def test_a_run_of_which_airflow_knows_nothing_is_not_a_success(night):
    assert record_of(night, {})["outcome"] == "failed"


def test_the_first_failure_speaks_for_the_night_with_its_last_try(night):
    states = {**GREEN, "step_gold": "failed", "publish": "upstream_failed"}
    said = [entry("step_gold", "failed", cause="X", message=m, next_action="do") for m in ("first try", "second try")]
    failure = record_of(night, states, [*said, PROOF])["failure"]
    assert failure == {"task": "step_gold", "cause": "X", "message": "second try", "next_action": "do"}


def test_a_failure_that_a_retry_mended_is_not_the_nights_failure(night):
    states = {**GREEN, "publish": "failed"}
    entries = [
        entry("step_gold", "failed", cause="X", message="mended", next_action=""),
        entry("step_gold", "end"),
        entry("publish", "failed", cause="Y", message="stayed", next_action=""),
    ]
    assert record_of(night, states, entries)["failure"]["message"] == "stayed"


def test_a_task_that_was_killed_is_named_though_it_left_no_word(night):
    failure = record_of(night, {**GREEN, "step_gold": "failed"})["failure"]
    assert (failure["task"], failure["cause"]) == ("step_gold", "Silent")


def test_gold_is_listed_only_when_it_was_published(night):
    assert record_of(night, manifests=[MANIFEST])["gold"][0]["rows"] == 3
    assert record_of(night, {**GREEN, "publish": "failed"}, manifests=[MANIFEST])["gold"] == []


def test_the_cost_is_what_the_cluster_lived_at_list_prices(night):
    # one primary, two core and two task nodes for an hour, at the dearest of the types
    assert record_of(night, clusters=[CLUSTER])["cost"]["measured"] == round(5 * 0.240, 4)


def test_a_steps_logs_are_where_emr_puts_them(night):
    (step,) = record_of(night, clusters=[CLUSTER], steps=[STEP])["steps"]
    assert step["log_uri"] == "s3://acme-night-logs/emr/j-1/steps/s-1/"


def test_the_subject_is_at_most_100_ascii_characters(night):
    record = record_of(night, {**GREEN, "step_gold": "failed"})
    record["failure"]["task"] = "é" * 200
    subject = message.subject("acme", record)
    assert len(subject) <= 100
    assert subject.isascii()


def test_the_message_says_what_came_out_what_was_left_and_what_to_do(night):
    body = message.body(record_of(night, manifests=[MANIFEST]), "s3://r")
    assert "gold.orders: 9 rows in, 7 accepted, 1 quarantined (1 bad), 1 duplicates" in body
    assert "Left behind: nothing" in body
    failed = message.body(record_of(night, {**GREEN, "publish": "failed"}, entries=[]), "s3://r")
    assert "Teardown: not proven" in failed
    assert "Next: " in failed
