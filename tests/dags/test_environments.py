"""The same DAG files in dev and in prod: only when they run differs."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OWNERS = {"dev": "data-dev@example.com", "prod": "data@example.com"}
NIGHTS = {"wordcount", "mrhealth_sales", "covid_hospitals", "card_movements"}


def parsed(monkeypatch, environment):
    from airflow.dag_processing.dagbag import DagBag  # noqa: PLC0415 - after AIRFLOW_HOME is set

    for line in (ROOT / "include" / "environments" / f"{environment}.env").read_text().splitlines():
        if line.startswith("NIGHTSHIFT_"):
            monkeypatch.setenv(*line.split("=", 1))
    bag = DagBag(str(ROOT / "dags"))
    assert bag.import_errors == {}
    return bag.dags


@pytest.mark.parametrize(("environment", "when"), [("dev", None), ("prod", "0 0 * * *")])
def test_dev_sleeps_until_it_is_asked_and_prod_runs_every_night(monkeypatch, environment, when):
    dags = parsed(monkeypatch, environment)
    assert {name: dags[name].schedule and dags[name].timetable.summary for name in NIGHTS} == dict.fromkeys(
        NIGHTS, when
    )
    assert dags["reaper"].schedule is not None, "what dev leaves behind costs as much"
    assert {dag.default_args["owner"] for dag in dags.values()} == {OWNERS[environment]}
    assert all(environment in dag.tags for dag in dags.values())


def test_a_pipelines_tasks_are_the_same_in_both(monkeypatch):
    flows = [
        {name: {t.task_id: t.downstream_task_ids for t in dag.tasks} for name, dag in parsed(monkeypatch, e).items()}
        for e in ("dev", "prod")
    ]
    assert flows[0] == flows[1]
