"""A DAG of somebody else's that is scheduled by gold: a night publishes, and Airflow's scheduler makes its run."""

import json
from dataclasses import replace
from datetime import date
from types import SimpleNamespace

import pytest
from airflow.dag_processing import dagbag
from airflow.dag_processing.bundles.manager import DagBundlesManager
from airflow.jobs.job import Job
from airflow.jobs.scheduler_job_runner import SchedulerJobRunner
from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from airflow.sdk.api.datamodels._generated import AssetEventDagRunReference
from airflow.sdk.execution_time.comms import AssetEventDagRunReferenceResult
from airflow.sdk.execution_time.context import TriggeringAssetEventsAccessor
from airflow.utils.session import create_session
from sqlalchemy import select

from nightshift.compute import jobs
from nightshift.config import Settings
from nightshift.contracts.pipeline import Inputs
from nightshift.lake import assets
from nightshift.pipelines import PIPELINES
from nightshift.run.ids import slug_of
from tests.dags import publishing
from tools import paths

CONSUMER = """
from airflow.sdk import DAG, Asset, task

with DAG("consumer", schedule=[Asset("wordcount.word_counts", "s3://nightshift-local-lake/gold/wordcount/word_counts")]):

    @task
    def read():
        pass

    read()
"""


# A pipeline of this house that takes that gold, as its definition says.
CHAINED = """
from dataclasses import replace

from nightshift import config
from nightshift.contracts.pipeline import Inputs
from nightshift.dag_factory import night_dag
from nightshift.pipelines import PIPELINES

PIPELINE = replace(PIPELINES["wordcount"], name="chained", after="wordcount.word_counts", inputs=Inputs(prefix=""))
dag = night_dag(PIPELINE, config.load(), "### Takes gold")  # of Airflow: it reads files that say so
"""


@pytest.fixture
def bundles(tmp_path, monkeypatch):
    """Airflow reads the tree's DAGs and a folder with the consumer."""
    (tmp_path / "consumer.py").write_text(CONSUMER)
    (tmp_path / "chained.py").write_text(CHAINED)
    folders = {"dags-folder": paths.DAGS, "consumers": tmp_path}
    local = "airflow.dag_processing.bundles.local.LocalDagBundle"
    config = [{"name": n, "classpath": local, "kwargs": {"path": str(path)}} for n, path in folders.items()]
    monkeypatch.setenv("AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST", json.dumps(config))
    manager = DagBundlesManager()
    with create_session() as session:
        manager.sync_bundles_to_db(session=session)
    for bundle in manager.get_all_dag_bundles():
        bag = dagbag.BundleDagBag(dag_folder=bundle.path, bundle_path=bundle.path, bundle_name=bundle.name)
        assert bag.import_errors == {}
        dagbag.sync_bag_to_db(bag, bundle.name, bundle.version)
    monkeypatch.setattr(dagbag, "sync_bag_to_db", lambda *_: None)
    with create_session() as session:
        for dag_id in ("consumer", "chained"):
            session.get(DagModel, dag_id).is_paused = False
    return bag.dags


@pytest.fixture
def published(monkeypatch):
    """Every task ends at once, but publish runs under Airflow."""
    for place, name, value in publishing.patches():
        monkeypatch.setattr(place, name, value)


def test_gold_that_is_published_starts_the_dags_that_are_scheduled_by_it(dags, bundles, published):
    night = dags["wordcount"].test(logical_date=None, run_conf={"business_date": "2026-01-04"})
    assert night.state == "success"
    with create_session() as session:
        job = Job()
        session.add(job)
        session.flush()
        due, triggered = DagModel.dags_needing_dagruns(session)
        models = [model for model in due if model.dag_id in triggered]
        assert {model.dag_id for model in models} == {"consumer", "chained"}
        SchedulerJobRunner(job=job, executors=[])._create_dag_runs_asset_triggered(dag_models=models, session=session)
        run = session.scalar(select(DagRun).where(DagRun.dag_id == "consumer"))
        [event] = run.consumed_asset_events
        assert (run.run_type, event.source_run_id) == ("asset_triggered", night.run_id)
        where = "s3://nightshift-local-lake/gold/wordcount/word_counts/business_date=2026-01-04/"
        partitions = {"2026-01-04": 7}
        assert event.extra == {
            "business_date": "2026-01-04",
            "partition": where,
            "rows": 7,
            "partitions": partitions,
            "run": f"wordcount/{slug_of(night.run_id)}",
        }
        chained = session.scalar(select(DagRun).where(DagRun.dag_id == "chained"))
        night = bundles["chained"].get_task("preflight").night(context_of(chained))
    assert (str(night.business_date), night.run_id) == ("2026-01-04", chained.run_id)
    [job] = jobs.of_run(night, "s3://jobs/")
    assert job.arguments[job.arguments.index("--input") + 1] == where


def context_of(run):
    """What a task of the run gets, as far as it decides the night; the events as Airflow's server hands them over."""
    events = [AssetEventDagRunReferenceResult(**of_event(event)) for event in run.consumed_asset_events]
    params = {"business_date": None}
    return {"dag_run": run, "params": params, "triggering_asset_events": TriggeringAssetEventsAccessor.build(events)}


def of_event(event):
    whole = AssetEventDagRunReference.model_validate(event, from_attributes=True)
    return whole.model_dump(exclude_unset=True)


def test_a_pipeline_that_takes_gold_has_no_backfill_and_names_a_table():
    own = replace(PIPELINES["wordcount"], after="wordcount.word_counts", inputs=Inputs(prefix=""))
    assert (own.input_kind, own.reads_files) == ("lake", False)
    assert own.input_prefix_of(date(2026, 1, 4)) == "gold/wordcount/word_counts/business_date=2026-01-04/"
    assert assets.date_of({}, own) is None
    [asset] = assets.of_input(Settings(), own)
    events = [SimpleNamespace(extra={"business_date": day} if day else {}) for day in ("2026-01-03", "2026-01-04", "")]
    assert assets.date_of({asset: events}, own) == "2026-01-04", "one run for several nights takes the newest"
