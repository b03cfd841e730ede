"""The same night on every compute target, by the command that users have: the same gold, the same record, nothing left.

All of them run with --iam, on one cloud and one foundation.
"""

import json

import pytest

from datagen import generate_text
from tests.e2e.conftest import commands
from tests.e2e.test_nights import rows
from tests.light import LIGHT

pytestmark = [pytest.mark.spark, pytest.mark.terraform]

DAY = "2026-02-01"
ELSEWHERE = ("serverless", "glue", "kubernetes")
OWN = {"run_id", "slug", "started_at", "ended_at", "compute", "cluster", "cost"}  # of a night, or of its target
STATES = {"emr": "TERMINATED", "serverless": "TERMINATED", "glue": "DELETED", "kubernetes": "DELETED"}
SUCCESS = {"emr": "COMPLETED", "serverless": "SUCCESS", "glue": "SUCCEEDED", "kubernetes": "COMPLETED"}
MEMORY = "java.lang.OutOfMemoryError: Java heap space"
LACK = {"serverless": MEMORY, "glue": MEMORY, "kubernetes": "OOMKilled"}  # what its failure report says
LARGER = {"serverless": "WORKER_TYPE", "glue": "WORKER_TYPE", "kubernetes": "KUBERNETES_MEMORY_GIB"}
LONG = pytest.mark.long


@pytest.fixture(scope="module")
def nightshift(tmp_path_factory):
    with commands(tmp_path_factory.mktemp("targets"), LIGHT) as started:
        yield started


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    """A text, and how often each of its words occurs."""
    path = tmp_path_factory.mktemp("text") / "made.txt"
    return path, dict(generate_text(path, 20_000, "pt", seed=5).counts)


@pytest.fixture(scope="module")
def play(nightshift, text, tmp_path_factory):
    """play(target) -> (what the night's command left, the rows of its gold); once each."""
    played = {}

    def on(target):
        if target not in played:
            gold = tmp_path_factory.mktemp(target)
            asked = ("run", "wordcount", "--on", target, "--input", text[0], "--date", DAY, "--export", gold)
            played[target] = nightshift(*asked), rows(gold, "word_counts")
        return played[target]

    return on


def common(record):
    """What of a record does not depend on the night or on its target."""
    plain = {name: value for name, value in record.items() if name not in OWN}
    plain["tasks"] = {task: told["state"] for task, told in plain["tasks"].items()}
    plain["steps"] = [step["name"] for step in plain["steps"]]
    plain["proof"] = {name: value for name, value in plain["proof"].items() if name != "checked_at"}
    plain["layers"] = [{k: v for k, v in layer.items() if not k.endswith("_at")} for layer in plain["layers"]]
    return json.loads(json.dumps(plain).replace(record["slug"], "<run>").replace(record["run_id"], "<run>"))


@pytest.mark.parametrize("target", ["emr", *ELSEWHERE])
def test_a_target_makes_the_gold_that_the_text_has_and_leaves_nothing(play, text, target):
    ended, gold = play(target)
    assert ended.status == 0, ended.said
    assert {row["word"]: row["occurrences"] for row in gold} == text[1]
    (record,) = ended.records
    assert record["proof"]["alive"] == []
    assert (record["compute"]["target"], record["compute"]["state"]) == (target, STATES[target])
    assert [step["state"] for step in record["steps"]] == [SUCCESS[target]]
    assert 0 < record["cost"]["measured"] < record["cost"]["estimate"]


@pytest.mark.parametrize("target", ELSEWHERE)
def test_gold_and_record_are_those_of_emr_but_for_what_is_the_targets_own(play, target):
    (ended, gold), (of_emr, gold_of_emr) = play(target), play("emr")
    assert gold == gold_of_emr
    assert common(ended.records[0]) == common(of_emr.records[0])


@pytest.mark.parametrize(
    "target", [pytest.param("serverless", marks=LONG), "glue", pytest.param("kubernetes", marks=LONG)]
)
def test_a_job_that_fails_is_reported_by_its_own_logs_and_leaves_nothing(nightshift, play, text, target):
    assert play("emr")[0].status == 0  # the foundation is laid and compared
    nightshift.faults.add_fault("out-of-memory", times=1)
    ended = nightshift("run", "wordcount", "--on", target, "--input", text[0], "--date", "2026-03-01")
    (record,) = ended.records
    assert (ended.status, record["outcome"], record["proof"]["alive"]) == (1, "failed", [])
    failure = record["failure"]
    assert (failure["task"], failure["cause"]) == ("job_wordcount", "capacity")
    assert LACK[target].rpartition(".")[2] in failure["message"]
    assert f"NIGHTSHIFT_{LARGER[target]}" in failure["next_action"]
    assert target == "kubernetes" or any(MEMORY in line for line in failure["tail"])
    assert [step["state"] for step in record["steps"]] == ["FAILED"]


@pytest.mark.long  # six nights; of one pipeline it is shown above
@pytest.mark.parametrize("pipeline", ["mrhealth_sales", "covid_hospitals"])
def test_another_pipeline_makes_the_same_gold_on_every_target(nightshift, pipeline, tmp_path):
    gold = {}
    for target in ("emr", *ELSEWHERE):
        own = tmp_path / target
        ended = nightshift("run", pipeline, "--on", target, "--date", DAY, "--export", own)
        assert ended.status == 0, ended.said
        gold[target] = {table.name: rows(own, table.name) for table in own.iterdir()}
    assert gold["emr"]
    assert [target for target in ELSEWHERE if gold[target] != gold["emr"]] == []
