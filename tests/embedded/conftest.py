"""Real parts made small: fake binaries, a moto server for S3, an Airflow home with a migrated database, a toy DAG."""

import os
import shutil
import sys
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer

from embedded import cli
from embedded.airflow import database
from embedded.cloud import environment
from localcloud.credentials import Access, Credentials
from tests.fifth import forgotten
from tools.toolchain import Toolchain

TOY = """
import os
import time
from airflow.sdk import DAG, task

with DAG("toy", schedule=None, params={"seconds": 0, "broken": False}):

    @task
    def open_state():
        pass

    @task
    def apply_foundation():
        pass

    @task(retries=3)
    def work(params=None):
        who, role = os.environ.get("NIGHTSHIFT_CONDUCTOR"), os.environ["AWS_ACCESS_KEY_ID"]
        print("conducted by", who, "as", role, "for", params["seconds"])
        time.sleep(params["seconds"])
        if params["broken"]:
            raise RuntimeError("the toy broke")

    @task
    def destroy():
        pass

    opened, done = open_state(), work()
    opened >> apply_foundation() >> done >> destroy().as_teardown(setups=opened)
"""


@pytest.fixture(scope="session")
def tools():
    java = shutil.which("java")
    home = Path(java).resolve().parents[1] if java else Path("/nonexistent")
    return Toolchain(java_home=home, terraform=Path(sys.executable), mirror=None)


@pytest.fixture(scope="session")
def s3_endpoint():
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    yield "http://{}:{}".format(*server.get_host_and_port())
    server.stop()


@pytest.fixture
def cloud_env(s3_endpoint, tools, tmp_path):
    """The environment of a night against a moto server."""
    return environment.embedded(
        Access(s3_endpoint, Credentials("test", "test")), tools, tmp_path / "airflow", os.environ
    )


@pytest.fixture(scope="session")
def migrated(tmp_path_factory):
    """An AIRFLOW_HOME template, as set-up makes it."""
    home = tmp_path_factory.mktemp("template") / "airflow"
    database.make(home)
    return home


@pytest.fixture
def toy_dags(tmp_path):
    folder = tmp_path / "dags"
    folder.mkdir()
    (folder / "toy.py").write_text(TOY)
    return folder


@pytest.fixture
def new(tmp_path, capsys):
    """Play the command into a folder; gives its status and all that it printed."""

    def play(*words):
        status = cli.main(["new", *map(str, words), "--into", str(tmp_path / "mine")])
        return status, "".join(capsys.readouterr())

    with forgotten(tmp_path):
        yield play
