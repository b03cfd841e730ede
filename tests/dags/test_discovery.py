"""DAGs of pipelines that nobody listed: found, and not taken down by a broken one."""

import pytest

from nightshift import pipelines
from nightshift.config import PIPELINE_FOLDERS
from nightshift.pipelines import PIPELINES, registry
from tests.fifth import forgotten, planted
from tests.house import ROOT


@pytest.fixture
def bag(tmp_path, monkeypatch):
    """DAG files as Airflow reads them, with a folder that has one sound pipeline and one broken."""
    from airflow.dag_processing.dagbag import DagBag  # noqa: PLC0415 - after AIRFLOW_HOME is set

    planted(tmp_path, "tisanes")
    planted(tmp_path, "dregs", definition="import nothing_like_it")
    with forgotten(tmp_path):
        monkeypatch.setattr(pipelines, "REGISTRY", registry.discover([*PIPELINE_FOLDERS, tmp_path]))
        yield lambda file: DagBag(str(ROOT / "dags" / file))


def test_a_pipeline_in_a_folder_has_a_dag_and_a_broken_one_takes_no_other_with_it(bag):
    nights = bag("nights.py")
    assert (set(nights.dags), nights.import_errors) == ({*PIPELINES, "tisanes"}, {})
    assert "job_brew" in nights.dags["tisanes"].task_ids
    assert nights.dags["tisanes"].params["strength"] == "mild"
    assert nights.dags["tisanes"].params.get_param("milk").schema["type"] == "boolean"
    assert nights.dags["tisanes"].params.get_param("picked").schema["format"] == "date"
    assert "What it gives" in nights.dags["tisanes"].doc_md and "check first" in nights.dags["tisanes"].doc_md


def test_airflow_shows_the_broken_one_as_an_import_error_with_its_folder(bag, tmp_path):
    broken = bag("broken_pipelines.py")
    [error] = broken.import_errors.values()
    assert f"The pipeline in {tmp_path / 'dregs'} cannot be used: ModuleNotFoundError" in error
    assert not broken.dags


def test_a_task_loads_the_dag_that_it_belongs_to_alone(bag, monkeypatch):
    from airflow.sdk.definitions import context  # noqa: PLC0415

    # What Airflow's task runner sets while it loads the file of a task (_airflow_parsing_context_manager).
    monkeypatch.setenv(context._AIRFLOW_PARSING_CONTEXT_DAG_ID, "tisanes")
    assert set(bag("nights.py").dags) == {"tisanes"}
    assert not bag("backfill.py").dags
