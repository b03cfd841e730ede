"""A night to test with, and a pretend AWS for what moto answers well."""

import subprocess
from contextlib import ExitStack
from datetime import UTC, datetime
from email.utils import format_datetime

import boto3
import pytest
from moto import mock_aws

from localcloud.server import LocalCloud
from localcloud.settings import Settings as CloudSettings
from mrhealth_sales.definition import PIPELINE as MRHEALTH_SALES
from nightshift.aws import clients
from nightshift.config import Settings
from nightshift.run import run_context
from wordcount.definition import PIPELINE as WORDCOUNT

RUN_ID = "manual__2026-01-05T03:00:00+00:00"
ASKED_AT = datetime(2026, 1, 5, 3, 0, tzinfo=UTC)  # 00:00 in São Paulo
NOBODY = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}


@pytest.fixture
def localcloud(tmp_path, monkeypatch):
    """Starts a localcloud of the test's own, which boto3 talks to from then on; takes what LocalCloud takes."""
    with ExitStack() as running:

        def start(**parts):
            cloud = running.enter_context(LocalCloud(CloudSettings(home=tmp_path, port=0), **parts))
            monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)  # it keeps the key of the cloud before
            for key, value in cloud.access.environment("us-east-1").items():
                monkeypatch.setenv(key, value)
            return cloud

        yield start


@pytest.fixture
def child():
    """A real process, which a test may kill."""
    process = subprocess.Popen(["sleep", "600"])
    yield process
    process.kill()
    process.wait()


@pytest.fixture
def s3_clock(settings):
    """Sets S3's clock so far from this machine's, as the library's client hears it; gives its time."""
    ahead = []

    def date(parsed, **_):
        parsed["ResponseMetadata"]["HTTPHeaders"]["date"] = format_datetime(datetime.now(UTC) + ahead[-1], usegmt=True)

    def set_to(offset, of=settings):
        if not ahead:
            clients.client(of, "s3").meta.events.register("after-call.s3.HeadBucket", date)
        ahead.append(offset)
        return datetime.now(UTC) + offset

    return set_to


@pytest.fixture
def settings():
    return Settings(name="acme-night", poll_seconds=0.01, settle_seconds=0)


@pytest.fixture
def night(settings):
    return run_context.from_run(settings, MRHEALTH_SALES, RUN_ID, ASKED_AT, {})


@pytest.fixture
def words(settings):
    return run_context.from_run(settings, WORDCOUNT, RUN_ID, ASKED_AT, {"encoding": "latin-1"})


@pytest.fixture
def aws(settings, monkeypatch):
    """moto in this process with the five buckets, and no way out to a real account."""
    for key, value in NOBODY.items():
        monkeypatch.setenv(key, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        s3 = boto3.client("s3", region_name="us-east-1")
        for kind in ("raw", "lake", "artifacts", "logs", "state"):
            s3.create_bucket(Bucket=settings.bucket(kind))
        yield lambda service: boto3.client(service, region_name="us-east-1")
