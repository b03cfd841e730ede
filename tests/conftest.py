"""Airflow for every test: a home and a migrated database of this test process's own, set before Airflow is imported."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from embedded import environment, places, prepare

HOME = Path(tempfile.mkdtemp(prefix="nightshift-tests-"))
atexit.register(shutil.rmtree, HOME, ignore_errors=True)


def pytest_configure():
    template = places.AIRFLOW_HOME / "airflow.db"
    os.environ.update(environment.airflow(HOME))
    if template.is_file():
        shutil.copyfile(template, HOME / "airflow.db")
    else:
        prepare.run_airflow("db", "migrate", env=os.environ)
