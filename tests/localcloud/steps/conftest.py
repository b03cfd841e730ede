"""S3 in this process, a step runner on it, and short ways to run a step and read its logs."""

from __future__ import annotations

import gzip
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.s3.models import s3_backends
from moto.server import ThreadedMotoServer

from localcloud.credentials import Access, Credentials
from localcloud.steps import StepOutcome, StepRequest, StepRunner, StepSettings

ACCOUNT = "123456789012"
REGION = "us-east-1"
LOGS = "step-logs"
KEY = Credentials("test", "test")  # moto's own server takes any

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def mocked() -> Iterator[Any]:
    """boto3 on moto in this process. Once a module: moto resets every service that was ever imported."""
    with pytest.MonkeyPatch.context() as patched:
        for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
            patched.delenv(name, raising=False)
        with mock_aws():
            yield boto3.client("s3", REGION)


@pytest.fixture
def s3(mocked: Any) -> Any:
    s3_backends[ACCOUNT]["aws"].reset()
    for bucket in ("lake", LOGS):
        mocked.create_bucket(Bucket=bucket)
    return mocked


@pytest.fixture
def runner(s3: Any, tmp_path: Path) -> Iterator[StepRunner]:
    made = StepRunner(tmp_path / "work", settings=StepSettings(cores=2, kill_grace_seconds=1))
    yield made
    made.close()


@pytest.fixture
def moto_server(s3: Any) -> Iterator[str]:
    """The same S3 over HTTP, for steps that ask it by themselves."""
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


Run = Callable[..., tuple[StepOutcome, StepRequest]]


@pytest.fixture
def run(runner: StepRunner) -> Run:
    """Run a step: its arguments, then parts of the request by name."""

    def run(*args: str, **parts: Any) -> tuple[StepOutcome, StepRequest]:
        request = request_of(*args, **parts)
        return runner.run(request), request

    return run


def request_of(*args: str, **parts: Any) -> StepRequest:
    facts: dict[str, Any] = {
        "account": ACCOUNT,
        "region": REGION,
        "access": Access("http://127.0.0.1:9", KEY),
        "cluster_id": "j-1",
        "step_id": f"s-{next(_numbers)}",
        "jar": "command-runner.jar",
        "log_uri": f"s3n://{LOGS}/emr/",
        "spark_defaults": {},
    }
    return StepRequest(args=args, **{**facts, **parts})


@pytest.fixture
def log(s3: Any) -> Callable[[StepRequest, str], str]:
    """The text of a step's log, read from where EMR puts it."""

    def read(request: StepRequest, name: str) -> str:
        key = f"emr/{request.cluster_id}/steps/{request.step_id}/{name}.gz"
        return gzip.decompress(s3.get_object(Bucket=LOGS, Key=key)["Body"].read()).decode()

    return read


@pytest.fixture
def text(s3: Any) -> Callable[[str], str]:
    """The content of an object of the lake."""
    return lambda key: s3.get_object(Bucket="lake", Key=key)["Body"].read().decode()


@pytest.fixture
def keys(s3: Any) -> Callable[[], list[str]]:
    """The keys of the lake."""
    return lambda: [found["Key"] for found in s3.list_objects_v2(Bucket="lake").get("Contents", [])]
