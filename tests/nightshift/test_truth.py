"""A night is a success only if everything that makes it one is there: the truth, row by row."""

from dataclasses import replace

import pytest

from nightshift.report import outcome_rules
from nightshift.report.outcome_rules import RunFacts, states_of
from tests.nightshift.findings import GOOD, PROOF, TASKS, entry, jobs, manifests

ALL = dict.fromkeys(TASKS, "success")


def words(night, **changes):
    whole = {
        "entries": [*GOOD, PROOF],
        "states": ALL,
        "jobs": jobs(*["COMPLETED"] * 3),
        "manifests": manifests(night.pipeline),
    }
    return [doubt.words for doubt in outcome_rules.doubts(night, RunFacts(**{**whole, **changes}))]


def tries(*tasks):
    return [entry(task, phase) for task in tasks for phase in ("begin", "end")]


def test_a_night_with_every_proof_is_a_success(night):
    assert words(night) == []


@pytest.mark.parametrize("state", ["failed", "upstream_failed", "skipped", "removed", "interrupted", None])
@pytest.mark.parametrize("task", TASKS)
def test_no_task_may_have_ended_otherwise(night, task, state):
    assert words(night, states={**ALL, task: state}) == [f"task {task} is {state or 'without a state'}"]


def test_a_run_of_which_nothing_is_known_is_not_a_success(night):
    assert "no task has a known state" in words(night, states={})


def test_who_tells_the_truth_is_not_part_of_it(night):
    assert words(night, states={**ALL, "report": "running", "outcome": None, "reaper": None}) == []


@pytest.mark.parametrize("state", ["FAILED", "CANCELLED", "INTERRUPTED", "PENDING", "RUNNING"])
def test_a_step_is_done_only_when_it_is_completed_though_its_task_was_marked_a_success(night, state):
    assert words(night, jobs=jobs("COMPLETED", state, "COMPLETED")) == [f"step silver is {state}"]


def test_a_step_that_was_never_submitted_is_missed(night):
    assert words(night, jobs=jobs("COMPLETED", "COMPLETED")) == ["step gold was never submitted"]


def test_the_last_submission_of_a_step_counts(night):
    again = jobs("COMPLETED", "FAILED", "CANCELLED") + jobs("COMPLETED", "COMPLETED", names=("silver", "gold"))
    assert words(night, jobs=again) == []
    assert words(night, jobs=again[::-1]) == ["step silver is FAILED", "step gold is CANCELLED"]


def test_every_manifest_must_be_there_and_right(night):
    bronze, silver, gold = manifests(night.pipeline)
    assert "layer gold wrote no manifest" in words(night, manifests=[bronze, silver])
    lost = {**silver, "tables": [{**silver["tables"][0], "accepted": 6}]}
    assert any("silver.orders: 27 rows in, but 6 kept" in line for line in words(night, manifests=[bronze, lost, gold]))


def test_gold_that_was_not_published_to_its_end_is_no_success(night):
    begun = [e for e in GOOD if e["task"] != "publish"] + [entry("publish", "begin")]
    assert words(night, entries=[*begun, PROOF]) == ["gold was not completely published"]
    assert words(night, entries=[*GOOD, entry("publish", "failed"), PROOF]) == ["gold was not completely published"]


WORK = ("claim_date", "submit_jobs", "job_bronze", "job_silver", "job_gold", "audit")


@pytest.mark.parametrize("last", range(1, len(WORK) + 1))
def test_a_cleared_night_that_died_before_it_published_again_has_its_old_gold_and_is_no_success(night, last):
    again = tries(*WORK[:last])
    entries = [*GOOD, PROOF, *again, {**PROOF, "task": "reaper"}]
    (told,) = words(night, entries=entries, states=states_of(entries))
    assert told == f"{', '.join(sorted(WORK[:last]))} began after gold was published"


@pytest.mark.parametrize(
    "later",
    [
        tries(*WORK, "publish", "stop_compute"),  # cleared, and all of it done again
        [entry("publish", "begin"), entry("publish", "failed"), *tries("publish")],
        tries("stop_compute", "destroy_transient", "prove_nothing_left"),
    ],
    ids=["done again", "publish retried", "only torn down again"],
)
def test_gold_that_was_published_after_the_last_of_its_work_is_the_nights(night, later):
    assert words(night, entries=[*GOOD, PROOF, *later, PROOF]) == []


def test_without_a_proof_nothing_is_known_to_be_gone(night):
    assert words(night, entries=GOOD) == ["no check has shown that nothing is left"]


def test_what_begins_after_the_proof_voids_it(night):
    late, told = tries("stop_compute"), "stop_compute began after the proof that nothing is left"
    assert words(night, entries=[*GOOD, PROOF, *late]) == [told]
    assert words(night, entries=[*GOOD, PROOF, *late, PROOF | {"at": "later"}]) == []
    assert words(night, entries=[*GOOD, PROOF, entry("report", "begin")]) == []


def test_a_proof_that_found_something_is_one_only_for_a_night_that_was_to_be_kept(night):
    found = {**PROOF, "alive": ["clusters: j-1"]}
    assert words(night, entries=[*GOOD, found]) == ["still alive: clusters: j-1"]
    assert words(replace(night, keep_cluster=True), entries=[*GOOD, found]) == []


def test_the_reapers_own_proof_counts(night):
    assert words(night, entries=[*GOOD, entry("reaper", "begin"), {**PROOF, "task": "reaper"}]) == []


def test_the_ledger_alone_says_how_each_task_ended():
    story = [
        *(entry("a", "begin"), entry("a", "failed"), entry("a", "begin"), entry("a", "end")),
        *(entry("b", "begin"), entry("b", "note", act="x", why="y"), entry("c", "begin"), entry("c", "failed")),
        *(entry("report", "begin"), entry("ledger", "closed"), entry("report", "end")),
    ]
    assert states_of(story) == {"a": "success", "b": "interrupted", "c": "failed"}
