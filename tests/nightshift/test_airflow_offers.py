"""What nights use of Airflow's offers: links, rendered requests, log lines, assets, holds, the deadline, run ids."""

import asyncio
import gzip
import json
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pendulum
import pytest
from airflow.sdk.exceptions import AirflowFailException, TaskAwaitingInput
from airflow.sdk.execution_time.context import OutletEventAccessors
from airflow.serialization.serialized_objects import DagSerialization
from airflow.timetables.base import DataInterval
from airflow.utils.types import DagRunType

from nightshift.compute import targets
from nightshift.compute.jobs import SparkJob
from nightshift.compute.target import Ingredients, ShowsRequests
from nightshift.config import LANGUAGES, Settings
from nightshift.dag_factory import night_dag
from nightshift.failures import steplog
from nightshift.failures.errors import SettingsError
from nightshift.lake import assets
from nightshift.operators import hold, links
from nightshift.operators.hold import HoldCostOperator, HoldGoldOperator
from nightshift.operators.jobs import WaitForJobOperator
from nightshift.pages.words import GROUPS
from nightshift.pipelines import PIPELINES
from nightshift.report import deadline, lineage
from nightshift.run import task_texts
from nightshift.run.ids import slug_of
from nightshift.run.tasks import Group, Task
from nightshift.run.timetable import NightTimetable
from nightshift.state.ledger import Ledger, lease_of
from tests.nightshift.test_operators import TaskInstance, context

WORDCOUNT, MRHEALTH_SALES = PIPELINES["wordcount"], PIPELINES["mrhealth_sales"]
KEY = SimpleNamespace(dag_id="wordcount", run_id="manual__2026-01-05T03:00:00+00:00", task_id="job_wordcount")
HELD = {"hold_over_usd": 0.1, "hold_over_quarantined": 0.1}


def dag_of(pipeline=WORDCOUNT, **settings):
    return night_dag(pipeline, Settings(name="acme-night", **settings), "### Title\n\nEvery night: words. More.\n")


@pytest.mark.parametrize(
    ("link", "address"),
    [
        (links.RECORD, "nightshift/record?dag_id=wordcount&run_id=manual__2026-01-05T03%3A00%3A00%2B00%3A00&task_id="),
        (links.PAGE, "dags/wordcount/runs/manual__2026-01-05T03%3A00%3A00%2B00%3A00/plugin/nightshift_run"),
    ],
)
def test_a_link_names_the_run_and_no_host(link, address):
    assert link.get_link(None, ti_key=KEY).startswith(address)


LINKS = {"en": ("Compute", "Step log", "Gold", "Page", "Record")}
LINKS["pt-BR"] = ("Processamento", "Log do passo", "Gold", "Página", "Registro")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_links_of_a_night_reach_airflow_by_names_of_their_own_in_the_deployments_language(monkeypatch, language):
    # What reads DAGs as a scheduler does leaves this off for its whole process.
    monkeypatch.setattr(DagSerialization, "_load_operator_extra_links", True)
    dag = DagSerialization.deserialize_dag(DagSerialization.serialize_dag(dag_of(language=language)))
    compute, log, gold, page, record = LINKS[language]
    named = {task.task_id: sorted(task.extra_links) for task in dag.tasks if task.extra_links}
    assert named == {
        **{task: [compute] for task in ("start_compute", "wait_for_compute", "submit_jobs", "stop_compute")},
        "job_wordcount": sorted([compute, log]),
        "publish": [gold],
        **{task: sorted([gold, page, record]) for task in ("report", "outcome")},
    }


REQUESTS = {
    "emr": ("RunJobFlow", "spark-submit"),
    "serverless": ("CreateApplication", "StartJobRun"),
    "glue": ("CreateJob", "StartJobRun"),
    "kubernetes": ("ConfigMap", "SparkApplication"),
    "eks": ("CreateVirtualCluster", "StartJobRun"),
}


@pytest.mark.parametrize("name", targets.TARGETS)
def test_every_target_shows_what_it_requests(settings, words, name):
    target = targets.named(settings, name)
    assert isinstance(target, ShowsRequests)
    foundation = defaultdict(lambda: "arn:role", subnet_ids=["subnet-1"])
    groups = ("security_configuration", "master_security_group_id", "worker_security_group_id")
    transient = dict.fromkeys((*groups, "service_security_group_id"), "sg-1")
    given = Ingredients(foundation, transient, "s3://acme-night-artifacts/jobs/abc/")
    job = SparkJob("wordcount", "wordcount-wordcount", "s3://jobs/main.py", ("--pipeline", "wordcount"))
    shown = target.place_request(words, given), target.job_request(words, job, given)
    assert all(word in text for word, text in zip(REQUESTS[name], shown, strict=True))
    assert name == "kubernetes" or "arn:role" in "".join(shown)
    assert "wordcount" in shown[1]
    assert max(map(len, shown)) < 4096, "Airflow cuts off a longer field"
    if name == "emr":
        assert shown[1].startswith("spark-submit --deploy-mode client --name wordcount-wordcount")


def test_a_successful_job_shows_its_last_lines_its_command_and_where_its_log_is(aws, settings, capsys, monkeypatch):
    lines = "".join(f"26/01/05 03:00:00 INFO stage {number}\n" for number in range(40))
    key = "emr/j-1/steps/s-1/stderr.gz"
    aws("s3").put_object(Bucket="acme-night-logs", Key=key, Body=gzip.compress(lines.encode()))
    task = WaitForJobOperator(
        task_id="job_wordcount", pipeline=WORDCOUNT, settings=settings, wait_minutes=1, step="wordcount"
    )
    given = {"publish_jobs": {"jobs_uri": "s3://acme-night-artifacts/jobs/abc/"}}
    task._context = context(TaskInstance(**given, apply_foundation={}, apply_transient={}))
    answer = {"state": "COMPLETED", "words": "COMPLETED", "place_id": "j-1", "job_id": "s-1"}
    assert task.finish(task.night(task._context), answer) == {"state": "COMPLETED", "wordcount": "s-1"}
    said = capsys.readouterr().out
    assert "stage 39" in said and "stage 25" in said and "stage 24\\n" not in said
    assert "s3://acme-night-logs/emr/j-1/steps/s-1/" in said
    assert task.command.startswith("spark-submit") and "--business-date 2026-01-04" in task.command


def test_a_log_ends_with_as_many_lines_as_are_wanted():
    assert steplog.tail(["a", "", "b", "c"], 2) == ["b", "c"]


def test_each_gold_table_is_an_outlet_of_publish_and_its_event_says_what_was_published(settings, night):
    outlets = dag_of(MRHEALTH_SALES).task_dict["publish"].outlets
    assert [asset.name for asset in outlets] == [f"mrhealth_sales.{table.name}" for table in MRHEALTH_SALES.gold]
    manifest = {
        "business_date": "2026-01-04",
        "gold": [
            {"table": "alerts", "rows": 3},
            {"table": "product_sales", "rows": 12, "days": {"2026-01-03": 5, "2026-01-04": 7}},
        ],
    }
    events = OutletEventAccessors()
    assets.announce(outlets, events, [(night, [manifest])])
    extras = {asset.name.partition(".")[2]: event.extra for asset, event in events.items()}
    assert extras["alerts"] == {
        "business_date": "2026-01-04",
        "partition": "s3://acme-night-lake/gold/mrhealth_sales/alerts/business_date=2026-01-04/",
        "rows": 3,
        "partitions": {"2026-01-04": 3},
        "run": night.run,
    }
    assert extras["product_sales"]["rows"] == 7
    assert extras["product_sales"]["partitions"] == {"2026-01-03": 5, "2026-01-04": 7}
    assert set(extras) == {"alerts", "product_sales"}
    assert assets.rows([(night, [manifest])]) == {"alerts": 3, "product_sales": 12}


def test_a_backfill_announces_its_newest_day(settings, night):
    nights = [
        (
            night.on(date(2026, 1, day)),
            [{"business_date": f"2026-01-0{day}", "gold": [{"table": "alerts", "rows": day}]}],
        )
        for day in (2, 3)
    ]
    events = OutletEventAccessors()
    [alerts] = [asset for asset in assets.of_pipeline(settings, MRHEALTH_SALES) if asset.name.endswith(".alerts")]
    assets.announce([alerts], events, nights)
    extra = events[alerts].extra
    assert (extra["business_date"], extra["rows"]) == ("2026-01-03", 3)
    assert extra["partitions"] == {"2026-01-02": 2, "2026-01-03": 3}


def test_nothing_is_held_by_default_and_each_setting_brings_its_task():
    assert not {"hold_cost", "hold_gold"} & set(dag_of().task_ids)
    held = dag_of(**HELD)
    assert held.task_dict["hold_cost"].upstream_task_ids == {"preflight"}
    assert held.task_dict["hold_cost"].downstream_task_ids == {"open_state"}
    assert "hold_gold" in held.task_dict["publish"].upstream_task_ids
    assert held.task_dict["hold_gold"].upstream_task_ids == {"audit"}
    assert held.task_dict["hold_gold"].is_setup, "so that gold that is made again is held again"


@pytest.fixture
def task(settings, monkeypatch):
    """A hold; Airflow's request for an answer is recorded."""
    asked = []
    monkeypatch.setattr("airflow.providers.standard.operators.hitl.upsert_hitl_detail", lambda **of: asked.append(of))

    def make(operator, **over):
        own = Settings(name=settings.name, **{**HELD, **over})
        made = operator(task_id=operator.__name__, pipeline=WORDCOUNT, settings=own)
        made.asked = asked
        return made

    return make


def waiting(estimate=0.0):
    ti = TaskInstance(preflight={"estimate_usd": estimate})
    ti.id = "ti-1"
    return {**context(ti), "task_instance": ti}


def test_a_night_that_costs_less_goes_on_at_once(aws, task):
    assert task(HoldCostOperator).execute(waiting(0.1)) == {"held": False}


def test_a_dearer_night_waits_and_its_lease_covers_the_wait(aws, task, words):
    held = task(HoldCostOperator)
    with pytest.raises(TaskAwaitingInput) as parked:
        held.execute(waiting(0.11))
    [question] = held.asked
    assert "costs about $0.11, over NIGHTSHIFT_HOLD_OVER_USD, $0.10" in question["body"]
    assert question["options"] == ["Approve", "Reject"]
    assert parked.value.timeout == timedelta(hours=8)
    entries = Ledger(aws("s3"), words).entries()
    assert [entry["phase"] for entry in entries] == ["begin"]
    assert lease_of(entries) > datetime.now(UTC) + timedelta(hours=8)


def test_the_question_is_in_the_language_of_the_tasks_titles(aws, task, words):
    held = task(HoldCostOperator, language="pt-BR")
    with pytest.raises(TaskAwaitingInput):
        held.execute(waiting(0.11))
    [question] = held.asked
    assert question["subject"] == "WordCount 2026-01-04: pode seguir?"
    assert "custa cerca de US$ 0,11, acima de NIGHTSHIFT_HOLD_OVER_USD, US$ 0,10" in question["body"]


@pytest.mark.parametrize(
    ("event", "refusal"),
    [
        ({"chosen_options": ["Approve"]}, None),
        ({"chosen_options": ["Reject"]}, "Ana rejected the night"),
        ({"error": "late", "error_type": "timeout"}, "Nobody approved the night within 8 hours"),
    ],
)
def test_the_answer_decides(aws, task, words, event, refusal):
    whole = {"params_input": {}, "responded_at": datetime.now(UTC), "responded_by_user": {"id": "1", "name": "Ana"}}
    held = task(HoldCostOperator)
    if refusal is None:
        assert held.execute_complete(waiting(), {**whole, **event}) == {"held": True, "approved_by": "Ana"}
    else:
        with pytest.raises(AirflowFailException, match=refusal):
            held.execute_complete(waiting(), {**whole, **event})
    last = Ledger(aws("s3"), words).entries()[-1]
    assert (last["phase"], last.get("cause")) == (("end", None) if refusal is None else ("failed", "stopped"))


def test_gold_is_held_for_the_table_that_lost_too_much(aws, task, words):
    tables = [
        {"table": "lines", "rows_in": 100, "quarantined": 11},
        {"table": "words", "rows_in": 0, "quarantined": 0},
    ]
    body = json.dumps({"layer": "bronze", "business_date": "2026-01-04", "tables": tables, "gold": []})
    aws("s3").put_object(Bucket="acme-night-lake", Key=f"{words.manifests_prefix}bronze.json", Body=body)
    held = task(HoldGoldOperator)
    with pytest.raises(TaskAwaitingInput):
        held.execute(waiting())
    assert "2026-01-04 bronze.lines 11.0%" in held.asked[0]["body"]
    assert "words" not in held.asked[0]["body"]
    assert task(HoldGoldOperator, hold_over_quarantined=0.2).execute(waiting()) == {"held": False}


def test_the_hold_is_airflows_own_operator():
    assert issubclass(HoldCostOperator, hold.ApprovalOperator)


@pytest.mark.parametrize(
    ("schedule", "gold_by", "hours"),
    [("0 0 * * *", "06:00", 6), ("30 22 * * *", "06:00", 7.5), ("0 6 * * 1-5", "06:00", 24), ("0 0 * * *", "", None)],
)
def test_gold_is_due_so_long_after_the_schedules_time(schedule, gold_by, hours):
    within = Settings(schedule=schedule, gold_by=gold_by).gold_within
    assert within == (None if hours is None else timedelta(hours=hours))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"gold_by": "6 am"}, "NIGHTSHIFT_GOLD_BY is '6 am': expected a time such as 06:00"),
        ({"gold_by": "06:00", "schedule": "none"}, "needs nights at one time of the day"),
        ({"language": "fr"}, "NIGHTSHIFT_LANGUAGE is 'fr': expected en or pt-BR"),
    ],
)
def test_settings_that_make_no_sense_are_refused(given, words):
    with pytest.raises(SettingsError, match=words):
        Settings(**given)


def test_a_night_has_a_deadline_only_with_the_setting():
    assert dag_of().deadline is None
    [alert] = dag_of(gold_by="06:00").deadline
    assert alert.interval == timedelta(hours=6)
    assert alert.callback.path == "nightshift.report.deadline.late"


def test_a_late_night_is_reported_to_the_topic(monkeypatch):
    sent = []
    monkeypatch.setattr(deadline.topic, "publish", lambda settings, *words: sent.append(words))
    run = {"dag_id": "wordcount", "dag_run_id": "scheduled__x"}
    asyncio.run(deadline.late("06:00", "acme-night", context={"dag_run": run}))
    [(subject, body)] = sent
    assert subject == "late: wordcount [acme-night]"
    assert "run scheduled__x, was to have its gold by 06:00" in body


def test_a_scheduled_runs_id_ends_in_its_business_date_and_its_slug_is_as_readable():
    timetable = NightTimetable("0 0 * * *", timezone="America/Sao_Paulo")
    at = pendulum.datetime(2026, 1, 5, 3, tz="UTC")
    make = lambda kind: timetable.generate_run_id(run_type=kind, run_after=at, data_interval=DataInterval.exact(at))  # noqa: E731
    assert make(DagRunType.SCHEDULED) == "scheduled__2026-01-05T03:00:00+00:00_20260104"
    assert slug_of(make(DagRunType.SCHEDULED)) == "scheduled__2026-01-05T03-00-00-00-00_20260104"
    assert make(DagRunType.MANUAL) == "manual__2026-01-05T03:00:00+00:00"


def test_the_timetable_survives_airflows_serialization():
    dag = DagSerialization.deserialize_dag(DagSerialization.serialize_dag(dag_of()))
    assert isinstance(dag.timetable, NightTimetable)
    assert (dag.timetable.summary, str(dag.timetable._timezone)) == ("0 0 * * *", "America/Sao_Paulo")


def test_airflows_own_backfill_is_refused_where_there_is_a_backfill_dag():
    kinds = {name: {str(kind.value) for kind in dag_of(p).allowed_run_types} for name, p in PIPELINES.items()}
    assert {name for name, allowed in kinds.items() if "backfill" in allowed} == {"card_movements"}
    assert all({"scheduled", "manual", "asset_triggered"} <= allowed for allowed in kinds.values())


def test_a_dag_says_whose_it_is_and_what_it_is():
    dag = dag_of(owner="sales-data", owner_link="mailto:sales@example.com", environment="")
    assert (dag.owner, dag.owner_links) == ("sales-data", {"sales-data": "mailto:sales@example.com"})
    assert dag.tags == {"nightshift", "night", "wordcount"}
    assert dag.description == "Every night: words."


@pytest.mark.parametrize("language", ["en", "pt-BR"])
def test_every_task_and_group_has_a_title_and_a_description(language):
    dag = dag_of(language=language, **HELD)
    assert all(task.task_display_name != task.task_id and task.doc_md for task in dag.tasks)
    names = {group: one.group_display_name for group, one in dag.task_group.children.items() if group in GROUPS}
    assert names == {group: GROUPS[group][language == "en"] for group in names} and len(names) == len(GROUPS)
    assert dag.task_dict["publish"].task_display_name == {"en": "Publish gold", "pt-BR": "Publicar o gold"}[language]


def test_the_texts_are_of_the_tasks_that_there_are():
    assert (
        set(task_texts.TITLES) == set(task_texts.DOCS) == {*map(str, Task), "reap", "check_freshness", "look_for_drift"}
    )
    assert set(task_texts.GROUPS) == set(task_texts.ABOUT) == set(Group)
    both = [*task_texts.TITLES.values(), *task_texts.DOCS.values(), *task_texts.ABOUT.values()]
    assert [text for text in both if not text.en or not text.pt] == []


@pytest.mark.parametrize("name", [name for name in PIPELINES if lineage.columns(name)])
def test_the_lineage_names_columns_that_there_are(name):
    sources, gold = PIPELINES[name].sources, PIPELINES[name].gold
    known = {f"{source.name}.{column.name}" for source in sources for column in source.columns} or {"texts.value"}
    tables = {table.name: set(table.types) for table in gold}
    for table, columns in lineage.columns(name).items():
        assert set(columns) <= tables[table], table
        assert {origin for origins in columns.values() for origin in origins} <= known, table
    assert set(lineage.columns(name)) <= set(tables)
