"""Airflow's web server with the plugin, as far as a request needs it: Airflow's own auth manager, moto's S3."""

import json

import boto3
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from moto import mock_aws

from nightshift.config import Settings
from tests.nightshift.records import ZONE

NAME = "acme-night"


@pytest.fixture(scope="module")
def settings():
    return Settings(name=NAME)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """The plugin's app mounted as Airflow mounts it, and Airflow's simple auth manager; gives a client for a role."""
    home = tmp_path_factory.mktemp("auth")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE", str(home / "passwords.json"))
        patch.setenv("AIRFLOW__API_AUTH__JWT_SECRET", "s" * 64)
        patch.setenv("NIGHTSHIFT_NAME", NAME)
        from airflow.api_fastapi.app import init_auth_manager, purge_cached_app  # noqa: PLC0415 - after AIRFLOW_HOME
        from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser  # noqa: PLC0415

        from nightshift_ui import NightshiftUi  # noqa: PLC0415

        [mounted] = NightshiftUi.fastapi_apps
        host = FastAPI()
        host.mount(mounted["url_prefix"], mounted["app"])
        manager = init_auth_manager(host)

        def client(role="VIEWER"):
            token = manager.generate_jwt(SimpleAuthManagerUser(username="ana", role=role)) if role else None
            return TestClient(host, cookies={"_token": token} if token else None)

        yield client
        purge_cached_app()


@pytest.fixture
def lake(settings, monkeypatch):
    """The buckets; gives the S3 client."""
    for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(key, "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        s3 = boto3.client("s3", region_name="us-east-1")
        for kind in ("lake", "logs", "state"):
            s3.create_bucket(Bucket=settings.bucket(kind))
        yield s3


@pytest.fixture
def put(lake, settings):
    """Puts one of a run's objects into the lake."""

    def write(dag, run, name, body):
        lake.put_object(Bucket=settings.bucket("lake"), Key=f"runs/{dag}/{run}/{name}", Body=body)

    return write


@pytest.fixture
def keep(lake, settings):
    """Writes an index of some records."""
    from nightshift.report import night_index, products  # noqa: PLC0415 - after AIRFLOW_HOME

    def write(*records):
        index = night_index.empty(products.all_of_them())
        for each in records:
            index = night_index.updated(index, each, each["pipeline"].removeprefix("backfill_"), ZONE)
        lake.put_object(Bucket=settings.bucket("lake"), Key=night_index.KEY, Body=json.dumps(index))

    return write


@pytest.fixture
def calls(lake):
    """The names of the S3 calls of the web server."""
    from nightshift.aws import clients  # noqa: PLC0415 - its client, made under moto
    from nightshift.web import app  # noqa: PLC0415 - needs Airflow's settings

    seen = []
    s3 = clients.client(app._settings(), "s3")
    s3.meta.events.register("before-call.s3", lambda model, **_: seen.append(model.name))
    return seen
