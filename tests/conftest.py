"""Airflow for every test: a home and a migrated database of this test process's own, set before Airflow is imported."""

import atexit
import functools
import gc
import logging
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import pytest
from botocore.loaders import JSONFileLoader
from hypothesis import HealthCheck, settings

from embedded.airflow import database
from embedded.cloud import environment
from tests import keeper
from tools import paths

pytest_plugins = ("tests.costs", "tests.order")

HOME = Path(tempfile.mkdtemp(prefix="nightshift-tests-"))
atexit.register(shutil.rmtree, HOME, ignore_errors=True)
os.environ.update(environment.airflow(HOME))  # a folder's conftest may import Airflow before pytest_configure
# What the tests start in processes of their own is compiled once and not in each of them, whatever the machine's habit.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
os.environ["NIGHTSHIFT_PRICES_MAX_AGE_DAYS"] = "36500"  # a good night has no warnings, in whatever year it is played
os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(HOME / "hypothesis"))  # never into the tree
# CI tries the same examples each time; HYPOTHESIS_PROFILE=thorough seeks new ones for as long as it takes.
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture]
settings.register_profile("ci", max_examples=200, derandomize=True, deadline=None, suppress_health_check=SLOW)
settings.register_profile("thorough", max_examples=5000, deadline=None, suppress_health_check=SLOW)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


# AWS's API is described in megabytes of JSON, which boto3 reads anew for each session: here once a process, but for
# the operations of S3, which botocore changes when it makes a client.
_read = JSONFileLoader().load_file
_read_once = functools.cache(_read)
JSONFileLoader.load_file = lambda _self, path: (_read if "/s3/2006-03-01/service-2" in path else _read_once)(path)

# Airflow, moto and boto3 are millions of objects that stay: looking through them for garbage as often as Python does
# took a sixth of the CPU of the tests' Python.
gc.set_threshold(50_000, 20, 100)


def pytest_collection_finish():
    gc.collect()
    gc.freeze()


def pytest_configure():
    keeper.watch()
    # A shell starts its background jobs with SIGINT ignored, and a child that inherits that cannot trap it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    logging.getLogger("py4j").setLevel(logging.WARNING)  # it speaks once more when pytest has closed its streams
    template = paths.AIRFLOW_HOME / "airflow.db"
    if template.is_file():
        shutil.copyfile(template, HOME / "airflow.db")
    else:
        database.run_airflow("db", "migrate", env=os.environ)
    shutil.copyfile(HOME / "airflow.db", HOME / "unused.db")


@pytest.fixture(scope="session")
def unused_database():
    """A migrated database of Airflow that no test has written to; to be copied."""
    return HOME / "unused.db"


@pytest.fixture(autouse=True)
def other_clients():
    """No test speaks to the AWS of the one before: the library makes its clients once a process."""
    yield
    if hook := sys.modules.get("nightshift.aws.clients"):
        hook.made.cache_clear()
    if kubernetes := sys.modules.get("nightshift.compute.kubernetes.cluster"):
        kubernetes.connected.cache_clear()


@pytest.fixture(scope="session")
def flink_home():
    """The environment that `make flink` makes; CI makes it before the tests."""
    if not (paths.FLINK / ".made").is_file():
        pytest.skip("Flink is not on this machine: run `make flink`")
    return paths.FLINK


@pytest.fixture(scope="session")
def played(tmp_path_factory):
    """The nights that tests/iam and tests/e2e read, on a cloud that stays up for them."""
    from tests.iam import stage  # noqa: PLC0415 - it is heavy, and few files need it

    with stage.opened(tmp_path_factory.mktemp("cloud"), tmp_path_factory.mktemp("nights")) as nights:
        yield nights
