"""The same night on every compute target, by the command that users have: the same gold, the same record, nothing left.

All of them run with --iam, on one cloud and one foundation; emr's is the first night of tests/iam.
"""

import json

import pytest

from tests.databases import PASSWORD, mariadb
from tests.e2e.conftest import TARGETS
from tests.e2e.test_nights import rows
from tests.iam.stage import DAY

pytestmark = [pytest.mark.spark, pytest.mark.terraform]

ELSEWHERE = ("serverless", "glue", "eks", "kubernetes")
ROWS = [pytest.param(name, marks=[pytest.mark.long] if name == "eks" else []) for name in ELSEWHERE]
OWN = {"run_id", "slug", "started_at", "ended_at", "compute", "cluster", "cost"}  # of a night, or of its target
STATES = {
    "emr": "TERMINATED",
    "serverless": "TERMINATED",
    "glue": "DELETED",
    "eks": "TERMINATED",
    "kubernetes": "DELETED",
}
SUCCESS = {
    "emr": "COMPLETED",
    "serverless": "SUCCESS",
    "glue": "SUCCEEDED",
    "eks": "COMPLETED",
    "kubernetes": "COMPLETED",
}
MEMORY = "java.lang.OutOfMemoryError: Java heap space"
# What a failure report says of too little memory, and the setting that it names.
LACK = {**dict.fromkeys(("serverless", "glue", "eks"), MEMORY), "kubernetes": "OOMKilled"}
LARGER = {**dict.fromkeys(("serverless", "glue"), "WORKER_TYPE"), "eks": "MEMORY_GIB", "kubernetes": "MEMORY_GIB"}


@pytest.fixture(scope="module")
def play(played, others, nightshift, tmp_path_factory):
    """play(target) -> (what the night's command left, the rows of its gold); once each."""
    there = {"emr": (played.first, played.gold[0])}
    there |= {target: (others.ended[target], others.gold[target]) for target in TARGETS}

    def on(target):
        if target not in there:
            gold = tmp_path_factory.mktemp(target)
            asked = ("run", "wordcount", "--on", target, "--input", played.text[0], "--date", DAY, "--export", gold)
            there[target] = nightshift(*asked), gold
        ended, gold = there[target]
        return ended, rows(gold, "word_counts")

    return on


def common(record):
    """What of a record does not depend on the night or on its target."""
    plain = {name: value for name, value in record.items() if name not in OWN}
    plain["tasks"] = {task: told["state"] for task, told in plain["tasks"].items()}
    plain["steps"] = [step["name"] for step in plain["steps"]]
    # Only emr has a cluster that a pack may own; `shared` says whose it was.
    plain["proof"] = {name: value for name, value in plain["proof"].items() if name not in {"checked_at", "shared"}}
    own = ("_at", "spark")  # how long it took, on which cores
    plain["layers"] = [{k: v for k, v in layer.items() if not k.endswith(own)} for layer in plain["layers"]]
    return json.loads(json.dumps(plain).replace(record["slug"], "<run>").replace(record["run_id"], "<run>"))


@pytest.mark.parametrize("target", ["emr", *ROWS])
def test_a_target_makes_the_gold_that_the_text_has_and_leaves_nothing(play, played, target):
    ended, gold = play(target)
    assert ended.status == 0, ended.said
    assert {row["word"]: row["occurrences"] for row in gold} == played.text[1]
    (record,) = ended.records
    assert record["proof"]["alive"] == []
    assert (record["compute"]["target"], record["compute"]["state"]) == (target, STATES[target])
    assert [step["state"] for step in record["steps"]] == [SUCCESS[target]]
    assert 0 < record["cost"]["measured"] < record["cost"]["estimate"]


@pytest.mark.parametrize("target", ROWS)
def test_gold_and_record_are_those_of_emr_but_for_what_is_the_targets_own(play, target):
    (ended, gold), (of_emr, gold_of_emr) = play(target), play("emr")
    assert gold == gold_of_emr
    assert common(ended.records[0]) == common(of_emr.records[0])


@pytest.mark.parametrize(
    "target", ["glue", *(pytest.param(name, marks=pytest.mark.long) for name in ELSEWHERE if name != "glue")]
)
def test_a_job_that_fails_is_reported_by_its_own_logs_and_leaves_nothing(nightshift, played, target):
    assert played.first.status == 0  # it compared the foundation
    nightshift.faults.add_fault("out-of-memory", times=1)
    ended = nightshift("run", "wordcount", "--on", target, "--input", played.text[0], "--date", "2026-03-02")
    (record,) = ended.records
    assert (ended.status, record["outcome"], record["proof"]["alive"]) == (1, "failed", [])
    failure = record["failure"]
    assert (failure["task"], failure["cause"]) == ("job_wordcount", "capacity")
    assert LACK[target].rpartition(".")[2] in failure["message"]
    assert f"_{LARGER[target]}" in failure["next_action"]
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


@pytest.mark.long  # three nights; the jobs against MySQL are tested in tests/spark_jobs
def test_the_banks_system_reads_mysql_on_kubernetes_and_its_csv_in_s3_is_that_of_a_cluster(nightshift, tmp_path):
    """A Spark job on Kubernetes that reads MySQL and writes one CSV to S3, as the cooperative bank's authors asked."""
    secret = tmp_path / "password"
    secret.write_text(PASSWORD)
    csv = {}
    with mariadb() as url:
        source = f"mysql://{url.username}@{url.host}:{url.port}/{url.dbname}"
        known = ("--password-file", secret)
        made = nightshift("seed-source", "cards", "--url", source, *known, "--rows", "300")
        assert made.status == 0, made.said
        for target in ("kubernetes", "eks", "emr"):
            asked = ("run", "card_movements", "--on", target, "--source", source, *known, "--full-reload")
            ended = nightshift(*asked)
            assert ended.status == 0, ended.said
            (record,) = ended.records
            assert (record["compute"]["target"], record["proof"]["alive"]) == (target, [])
            bucket, _, key = record["exports"][0]["uri"].removeprefix("s3://").partition("/")
            csv[target] = nightshift.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read().decode()
    assert key.endswith("movimento_flat.csv")
    assert len(csv["kubernetes"].splitlines()) == 301
    assert csv["kubernetes"] == csv["eks"] == csv["emr"]


@pytest.mark.long  # two nights; tests/nightshift/test_one_by_one.py makes the days by the operator alone
@pytest.mark.parametrize("target", ["serverless", "kubernetes"])
def test_a_backfill_makes_its_days_on_a_target_without_a_queue(nightshift, target):
    month = {"serverless": "04", "kubernetes": "05"}[target]
    for day in ("01", "02"):
        key = f"wordcount/2026/{month}/{day}/in.txt"
        nightshift.client("s3").put_object(Bucket="nightshift-local-raw", Key=key, Body=b"o rato roeu a roupa\n")
    asked = ("--from", f"2026-{month}-01", "--to", f"2026-{month}-02", "--run", "--on", target)
    ended = nightshift("backfill", "wordcount", *asked)
    assert ended.status == 0, ended.said
    (record,) = ended.records
    assert (record["outcome"], record["compute"]["target"], record["proof"]["alive"]) == ("success", target, [])
    assert [step["name"] for step in record["steps"]] == [f"2026-{month}-01", f"2026-{month}-02"]
