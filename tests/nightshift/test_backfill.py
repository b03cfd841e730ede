"""A backfill: which days have a gap, what they cost, and how each day has a fate of its own."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import boto3
import pytest
from airflow.sdk.exceptions import AirflowFailException

from nightshift.compute.emr.target import place_of
from nightshift.failures.errors import DaysFailed, PreflightError
from nightshift.lake.gaps import GapsHook
from nightshift.lake.storage import LakeHook
from nightshift.operators.backfill import ClaimDaysOperator, PlanBackfillOperator, PublishDaysOperator
from nightshift.pipelines import BACKFILLS
from nightshift.report import outcome_rules, record
from nightshift.report.outcome_rules import RunFacts
from nightshift.run import run_context
from nightshift.state import known_runs, ledger, partition_locks
from tests.nightshift.conftest import ASKED_AT, RUN_ID
from tests.nightshift.emr import emr_day_steps
from tests.nightshift.findings import jobs

FILL = BACKFILLS["backfill_wordcount"]
DAYS = [date(2026, 1, day) for day in (1, 2, 3)]


@pytest.fixture
def s3(aws):
    return boto3.client("s3", region_name="us-east-1")


@pytest.fixture
def fill(settings):
    return run_context.from_run(settings, FILL, RUN_ID, ASKED_AT, {"encoding": "latin-1"})


@pytest.fixture
def deliver(s3, settings):
    def put(day):
        s3.put_object(Bucket=settings.bucket("raw"), Key=f"wordcount/{day:%Y/%m/%d}/a.txt", Body=b"x")

    return put


@pytest.fixture
def gold(s3, settings):
    def put(day):
        key = f"gold/wordcount/word_counts/business_date={day}/part-00000.parquet"
        s3.put_object(Bucket=settings.bucket("lake"), Key=key, Body=b"x")

    return put


def gaps(s3, fill, **how):
    return [(gap.day, gap.why) for gap in GapsHook(s3, fill).between(DAYS[0], DAYS[-1], **how)]


def test_a_day_with_input_and_no_gold_is_a_gap_and_a_day_without_input_is_none(s3, fill, deliver, gold):
    deliver(DAYS[0])
    deliver(DAYS[2])
    gold(DAYS[0])
    assert gaps(s3, fill) == [(DAYS[2], "no gold of word_counts")]


def test_gold_that_is_older_than_its_input_is_a_gap(s3, fill, deliver, gold, monkeypatch):
    gold(DAYS[1])
    deliver(DAYS[1])
    later = datetime.now(UTC) + timedelta(hours=1)
    written = GapsHook._written
    monkeypatch.setattr(
        GapsHook,
        "_written",
        lambda self, kind, prefix: iter([later]) if kind == "raw" and "/02/" in prefix else written(self, kind, prefix),
    )
    [(day, why)] = gaps(s3, fill)
    assert (day, why[:28]) == (DAYS[1], "gold is older than its input")


def test_gold_of_an_older_contract_is_a_gap_and_gold_of_this_one_is_none(s3, fill, deliver, settings):
    """The partitions are published as a night does; between the first day and the others a column got a type."""
    table = FILL.gold[0]
    narrow = replace(table, columns=tuple(replace(column, type="string") for column in table.columns))
    for day, gold in zip(DAYS, (narrow, table, replace(table, about="In other words.")), strict=True):
        deliver(day)
        night = replace(fill, business_date=day, pipeline=replace(FILL, gold=(gold,)))
        s3.put_object(
            Bucket=settings.bucket("lake"), Key=f"{night.staging_prefix}gold/{gold.name}/part-0.parquet", Body=b"x"
        )
        assert LakeHook(s3, night).swap_gold(gold.name, night.pipeline.contract.digest) == [day]
    assert gaps(s3, fill) == [(DAYS[0], "an older contract made the gold of word_counts")]


def test_force_makes_every_day_that_has_input(s3, fill, deliver, gold):
    for day in DAYS[:2]:
        deliver(day)
    gold(DAYS[0])
    assert gaps(s3, fill, force=True) == [(DAYS[0], "force was requested"), (DAYS[1], "no gold of word_counts")]


def test_a_day_that_was_made_before_orders_had_versions_is_a_gap_of_an_older_lake(s3, settings):
    sales, lake = BACKFILLS["backfill_mrhealth_sales"], settings.bucket("lake")
    fill = run_context.from_run(settings, sales, RUN_ID, ASKED_AT, {})
    for day in DAYS:
        s3.put_object(Bucket=settings.bucket("raw"), Key=f"mrhealth/csv_sales/{day:%Y/%m/%d}/pedido.csv", Body=b"x")
        for table in sales.gold:
            key = f"gold/mrhealth_sales/{table.name}/business_date={day}/part-00000.parquet"
            s3.put_object(Bucket=lake, Key=key, Body=b"x")
    for day in DAYS[1:]:
        s3.put_object(Bucket=lake, Key=f"silver/mrhealth_sales/orders/_holds/{day}=20260105T030000000000", Body=b"")
    assert gaps(s3, fill) == [(DAYS[0], "it was made before silver kept the versions of orders")]


def test_before_the_first_night_there_is_no_gap(settings, monkeypatch, aws):
    other = run_context.from_run(replace(settings, name="not-yet"), FILL, RUN_ID, ASKED_AT, {})
    assert gaps(boto3.client("s3", region_name="us-east-1"), other) == []


@pytest.fixture
def plan(settings, aws):
    task = PlanBackfillOperator(task_id="preflight", pipeline=FILL, settings=settings)

    def planned(night, count):
        task._gaps = [SimpleNamespace(day=date(2025, 1, 1) + timedelta(days=n), why="no gold") for n in range(count)]
        task._known = True
        task.checked = lambda _night, nights: {"estimate_usd": nights}
        return task.work(night, {})

    return planned


def test_the_plan_prices_all_days_on_one_cluster(plan, fill):
    found = plan(fill, 3)
    assert (found["estimate_usd"], found["minutes"], found["days"][0]) == (3, 37, "2025-01-01")


def test_days_that_a_cluster_has_no_time_for_are_left_to_another_run_and_that_is_told(plan, fill):
    no_time = {"lifetime_hours": 0, "step_timeout_minutes": 0, "cluster_limit_minutes": 0}
    found = plan(fill, 200)
    assert (len(found["days"]), found["days"][0]) == (143, "2025-01-01")
    assert found["warning"].startswith("One cluster has no time for 57 days from 2025-05-24 on: ")
    with pytest.raises(PreflightError, match="One day takes about"):
        plan(replace(fill, settings=replace(fill.settings, **no_time)), 1)


@pytest.mark.parametrize("dry", [True, False])
@pytest.mark.parametrize("asked", [{}, {"first": "2026-01-03", "last": "2026-01-01"}, {"first": "x", "last": "y"}])
def test_a_range_that_is_none_is_refused_with_a_card_in_the_ledger_dry_run_or_not(settings, aws, fill, asked, dry):
    task = PlanBackfillOperator(task_id="preflight", pipeline=FILL, settings=settings)
    run = SimpleNamespace(run_id=RUN_ID, run_after=ASKED_AT, start_date=ASKED_AT)
    ti = SimpleNamespace(try_number=1, xcom_push=None)
    with pytest.raises(AirflowFailException):
        task.execute({"params": {"dry_run": dry, **asked}, "dag_run": run, "ti": ti})
    assert ledger.Ledger(aws("s3"), fill).entries()[-1]["phase"] == "failed"


def test_each_day_is_one_step_of_its_own_that_does_not_stop_the_next(fill):
    first, second = emr_day_steps(fill, DAYS[:2], "s3://jobs/")
    assert (first["Name"], first["ActionOnFailure"], second["Name"]) == ("2026-01-01", "CONTINUE", "2026-01-02")
    command = " ".join(first["HadoopJarStep"]["Args"])
    for words in (
        "--pipeline wordcount --layers bronze,silver,gold --business-date 2026-01-01",
        "--input s3://acme-night-raw/wordcount/2026/01/01/",
        f"--staging s3://acme-night-lake/staging/backfill_wordcount/{fill.slug}/2026-01-01 ",
        f"--manifests s3://acme-night-lake/runs/backfill_wordcount/{fill.slug}/manifests/2026-01-01 ",
        "--encoding iso8859-1",
    ):
        assert words in command


def test_a_step_of_a_pipeline_that_restates_stages_what_it_changed_itself(settings):
    sales = run_context.from_run(settings, BACKFILLS["backfill_mrhealth_sales"], RUN_ID, ASKED_AT, {})
    [step] = emr_day_steps(sales, DAYS[:1], "s3://jobs/")
    assert "--one-of-many" in step["HadoopJarStep"]["Args"]


def test_a_day_that_a_dead_run_held_is_taken_over_and_the_ledger_says_so(fill, settings, aws, xcoms):
    dead = run_context.from_run(
        settings, known_runs.named("wordcount"), "manual__dead", ASKED_AT, {"business_date": "2026-01-02"}
    )
    partition_locks.of(dead).take()
    ledger.of(dead).append("preflight", "begin", lease="2026-01-05T00:00:00+00:00")
    task = ClaimDaysOperator(task_id="claim_days", pipeline=FILL, settings=settings)
    assert task.work(fill, xcoms(preflight={"days": [str(DAYS[1])]})) == {"days": ["2026-01-02"], "held": {}}
    [note] = ledger.of(fill).entries()
    assert (note["act"], note["taken_from"]) == ("claim of 2026-01-02 taken over", dead.run)


def test_a_day_that_another_run_holds_is_left_to_it_and_all_are_given_back(fill, settings, aws, xcoms):
    rival = run_context.from_run(
        settings, known_runs.named("wordcount"), "manual__rival", ASKED_AT, {"business_date": "2026-01-02"}
    )
    ledger.of(rival).append("preflight", "begin", lease=(datetime.now(UTC) + timedelta(hours=1)).isoformat())
    partition_locks.of(rival).take()
    task = ClaimDaysOperator(task_id="claim_days", pipeline=FILL, settings=settings)
    found = task.work(fill, xcoms(preflight={"days": [str(day) for day in DAYS]}))
    assert found == {"days": ["2026-01-01", "2026-01-03"], "held": {"2026-01-02": f"held by {rival.run}"}}
    partition_locks.release_all(fill)
    assert partition_locks.of(fill.on(DAYS[0])).holder() is None
    assert partition_locks.of(rival).holder() == rival.run


@pytest.fixture
def xcoms():
    return lambda **known: {"ti": SimpleNamespace(xcom_pull=lambda task_ids: known[task_ids])}


def manifest(day, layer, rows=1, gold=()):
    table = {
        "table": "lines",
        "rows_in": rows,
        "accepted": rows,
        "quarantined": 0,
        "duplicates": 0,
        "reasons": {},
        "lost": 0,
    }
    return {"pipeline": "wordcount", "layer": layer, "business_date": str(day), "tables": [table], "gold": list(gold)}


def manifests(day):
    schema = {"word": "string", "occurrences": "bigint"}
    staged = {"table": "word_counts", "rows": 1, "schema": schema, "null_keys": 0, "duplicate_keys": 0}
    return [manifest(day, "bronze"), manifest(day, "silver"), manifest(day, "gold", gold=[staged])]


def test_days_that_are_sound_are_published_and_the_others_named(fill, settings, s3, xcoms):
    for day in DAYS:
        one_day = fill.on(day)
        partition_locks.of(one_day).take()
        for layer in manifests(day)[: 3 if day == DAYS[0] else 1]:
            key = f"{one_day.manifests_prefix}{layer['layer']}.json"
            s3.put_object(Bucket=settings.bucket("lake"), Key=key, Body=json.dumps(layer).encode())
    staged = f"{fill.on(DAYS[0]).staging_prefix}gold/word_counts/part-0.parquet"
    s3.put_object(Bucket=settings.bucket("lake"), Key=staged, Body=b"gold")
    boto3.client("glue", region_name="us-east-1").create_database(DatabaseInput={"Name": settings.database("gold")})
    task = PublishDaysOperator(task_id="publish", pipeline=FILL, settings=settings)
    known = {
        "claim_days": {"days": [str(day) for day in DAYS], "held": {}},
        "wait_for_days": {"failed": {"2026-01-03": "it fell"}},
    }
    with pytest.raises(DaysFailed) as told:
        task.work(fill, xcoms(**known))
    assert "2 of 3 days were not made: 2026-01-02: layer silver wrote no manifest" in str(told.value)
    assert "2026-01-03: it fell" in str(told.value)
    key = "gold/wordcount/word_counts/business_date=2026-01-01/part-00000.parquet"
    assert s3.get_object(Bucket=settings.bucket("lake"), Key=key)["Body"].read() == b"gold"


def entry(task, phase, **facts):
    return {"at": "2026-01-05T03:00:00Z", "task": task, "phase": phase, **facts}


def findings(days, swapped, steps):
    uri = "s3://acme-night-lake/gold/wordcount/word_counts/business_date={}/"
    entries = [
        entry("preflight", "begin"),
        entry("preflight", "end", days=[str(day) for day in days]),
        entry("publish", "begin"),
        *(entry("publish", "note", act="swapped", uri=uri.format(day)) for day in swapped),
        entry("publish", "end" if swapped == days else "failed"),
        entry("prove_nothing_left", "begin"),
        entry("prove_nothing_left", "end", checked=["clusters"], alive=[]),
    ]
    every = jobs(*steps, names=[str(day) for day in days])
    found = [layer for day in days for layer in manifests(day)]
    return RunFacts(entries, outcome_rules.states_of(entries), [place_of(CLUSTER)], every, found)


CLUSTER = {
    "Id": "j-1",
    "Name": "c",
    "Status": {"State": "TERMINATED", "Timeline": {"CreationDateTime": ASKED_AT, "EndDateTime": ASKED_AT}},
}


def test_a_backfill_is_a_success_when_every_day_is_made(fill):
    told = record.build(fill, findings(DAYS, DAYS, ["COMPLETED"] * 3))
    assert (told["outcome"], told["doubts"], len(told["gold"])) == ("success", [], 3)


def test_a_day_whose_step_failed_makes_it_none_and_the_record_has_the_gold_of_the_others(fill):
    told = record.build(fill, findings(DAYS, DAYS[:2], ["COMPLETED", "COMPLETED", "FAILED"]))
    assert told["outcome"] == "failed"
    assert "step 2026-01-03 is FAILED" in told["doubts"]
    assert [gold["uri"][-11:-1] for gold in told["gold"]] == ["2026-01-01", "2026-01-02"]


def test_a_day_with_a_broken_contract_is_a_doubt_that_names_it(fill):
    found = findings(DAYS, DAYS, ["COMPLETED"] * 3)
    lost = [layer for layer in found.manifests if (layer["business_date"], layer["layer"]) != ("2026-01-02", "silver")]
    assert "2026-01-02: layer silver wrote no manifest" in record.build(fill, replace(found, manifests=lost))["doubts"]
