"""A job, an application and a virtual cluster of a server whose clock a test moves, and ways to start their runs."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from localcloud.server import LocalCloud
from localcloud.settings import Settings
from tests.localcloud.helpers import Client, PlayedSteps
from tests.patience import Clock, until

ROLE = "arn:aws:iam::123456789012:role/jobs"
SCRIPT = "s3://artifacts/main.py"
_numbers = itertools.count(1)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cloud(tmp_path: Path, steps: PlayedSteps, clock: Clock) -> Iterator[LocalCloud]:
    with LocalCloud(Settings(home=tmp_path, port=0), runner=steps, clock=clock) as running:
        yield running


@dataclass(frozen=True)
class Service:
    """One of the three services, in the tests' words. place: the name or id of what the runs belong to.

    start(word, **options): starts a run that ends as the word says (PlayedSteps); returns its id. look: the run as the
    service answers it. state, text: the names of these members.
    """

    client: Any
    place: str
    start: Callable[..., str]
    look: Callable[[str], dict[str, Any]]
    cancel: Callable[[str], Any]
    state: str
    text: str

    def wait(self, run: str, *states: str) -> dict[str, Any]:
        return until(lambda: self.look(run), lambda found: found[self.state] in states)

    def message(self, run: str) -> str:
        return self.look(run).get(self.text, "")


@pytest.fixture
def glue(aws: Client) -> Service:
    client, name = aws("glue"), "night"
    client.create_job(**job(name))

    def start(word: str = "ok", **options: Any) -> str:
        return client.start_job_run(JobName=name, Arguments={"--word": word}, **options)["JobRunId"]

    return Service(
        client,
        name,
        start,
        lambda run: client.get_job_run(JobName=name, RunId=run)["JobRun"],
        lambda run: client.batch_stop_job_run(JobName=name, JobRunIds=[run]),
        "JobRunState",
        "ErrorMessage",
    )


@pytest.fixture
def serverless(aws: Client) -> Service:
    client = aws("emr-serverless")
    app = client.create_application(name="night", releaseLabel="emr-7.13.0", type="SPARK")["applicationId"]

    def start(word: str = "ok", **options: Any) -> str:
        driver = {"sparkSubmit": {"entryPoint": SCRIPT, "entryPointArguments": [word]}}
        request = {"applicationId": app, "executionRoleArn": ROLE, "jobDriver": driver, "name": "run", **options}
        return client.start_job_run(**request)["jobRunId"]

    return Service(
        client,
        app,
        start,
        lambda run: client.get_job_run(applicationId=app, jobRunId=run)["jobRun"],
        lambda run: client.cancel_job_run(applicationId=app, jobRunId=run),
        "state",
        "stateDetails",
    )


@pytest.fixture
def containers(aws: Client) -> Service:
    client, cluster = aws("emr-containers"), virtual_cluster(aws)

    def start(word: str = "ok", **options: Any) -> str:
        driver = {"sparkSubmitJobDriver": {"entryPoint": SCRIPT, "entryPointArguments": [word]}}
        request = {"executionRoleArn": ROLE, "releaseLabel": "emr-7.13.0-latest", "jobDriver": driver, "name": "run"}
        return client.start_job_run(virtualClusterId=cluster, **{**request, **options})["id"]

    return Service(
        client,
        cluster,
        start,
        lambda run: client.describe_job_run(virtualClusterId=cluster, id=run)["jobRun"],
        lambda run: client.cancel_job_run(virtualClusterId=cluster, id=run),
        "state",
        "stateDetails",
    )


@pytest.fixture(params=["glue", "serverless", "containers"])
def service(request: pytest.FixtureRequest) -> Service:
    return request.getfixturevalue(request.param)


def job(name: str, **options: Any) -> dict[str, Any]:
    """A CreateJob request."""
    command = {"Name": "glueetl", "ScriptLocation": SCRIPT, "PythonVersion": "3"}
    workers = {"GlueVersion": "5.1", "WorkerType": "G.1X", "NumberOfWorkers": 3}
    return {"Name": name, "Role": ROLE, "Command": command, **workers, **options}


def eks_cluster(aws: Client) -> str:
    """A new EKS cluster of moto's, whose backends belong to the process."""
    name = f"eks-{next(_numbers)}"
    aws("eks").create_cluster(name=name, roleArn=ROLE, resourcesVpcConfig={})
    return name


def provider(cluster: str, namespace: str = "nights") -> dict[str, Any]:
    return {"id": cluster, "type": "EKS", "info": {"eksInfo": {"namespace": namespace}}}


def virtual_cluster(aws: Client) -> str:
    return aws("emr-containers").create_virtual_cluster(name="night", containerProvider=provider(eks_cluster(aws)))[
        "id"
    ]
