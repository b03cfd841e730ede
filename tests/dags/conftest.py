"""Every DAG of the package, parsed once as the DAG processor does it."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def dags(tmp_path_factory):
    from airflow.dag_processing.dagbag import DagBag  # noqa: PLC0415 - after AIRFLOW_HOME is set

    assert str(ROOT / "plugins") in sys.path
    bag = DagBag(str(ROOT / "dags"))
    assert bag.import_errors == {}
    return bag.dags
