"""What the tests of localcloud share: played steps, boto3 clients, requests, patience."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import boto3
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials as BotocoreCredentials

from localcloud.credentials import Access
from localcloud.emr.outages import hanging_command
from localcloud.emr.seam import StepOutcome, StepRequest
from localcloud.server import LocalCloud
from localcloud.steps import RunRequest
from tests.patience import until

REGION = "eu-west-1"
Client = Callable[..., Any]


class PlayedSteps:
    """A step runner whose steps end as their first argument says, runs as their last: ok, fail, or hold (till killed or
    let go)."""

    def __init__(self) -> None:
        self.requests: list[StepRequest] = []
        self.forgotten: list[str] = []
        self.most_at_once = 0
        self._running = 0
        self._lock = threading.Lock()
        self._ends: dict[str, threading.Event] = {}
        self._killed: set[str] = set()

    def run(self, request: StepRequest) -> StepOutcome:
        with self._lock:
            self.requests.append(request)
            self._running += 1
            self.most_at_once = max(self.most_at_once, self._running)
        try:
            return self._play(request)
        finally:
            with self._lock:
                self._running -= 1

    def _play(self, request: StepRequest) -> StepOutcome:
        # The last argument of a job run decides: its first is spark-submit. A fault replaces the whole command.
        runs = isinstance(request, RunRequest) and request.args[0] != "bash"
        word = request.args[-1] if runs else request.args[0]
        if word == "hold" or request.args == hanging_command()[1]:
            self._end(request.step_id).wait(600)
        if request.step_id in self._killed:
            return StepOutcome(143, "killed")
        if word == "bash":
            return StepOutcome(int(request.args[-2]), request.args[-1])
        return StepOutcome(1, request.args[-1]) if word == "fail" else StepOutcome(0, "")

    def let_go(self, step_id: str) -> None:
        self._end(step_id).set()

    def kill(self, cluster_id: str, step_id: str) -> None:
        self._killed.add(step_id)
        self._end(step_id).set()

    def forget(self, cluster_id: str) -> None:
        self.forgotten.append(cluster_id)

    def close(self) -> None:
        with self._lock:
            held = list(self._ends.values())
        for end in held:
            end.set()

    def _end(self, step_id: str) -> threading.Event:
        with self._lock:
            return self._ends.setdefault(step_id, threading.Event())


def client_of(cloud: LocalCloud) -> Client:
    """Makes boto3 clients of a server, which do not retry unless asked to."""
    return lambda service, **options: client_at(cloud.access, service, **options)


def client_at(access: Access, service: str, region: str = REGION, retries: int = 0, **config: Any) -> Any:
    key = access.credentials
    return boto3.client(
        service,
        endpoint_url=access.endpoint,
        region_name=region,
        aws_access_key_id=key.access_key,
        aws_secret_access_key=key.secret_key,
        aws_session_token=key.token or None,
        config=Config(retries={"total_max_attempts": retries + 1}, **config),
    )


def signed(access: Access, method: str, path: str, payload: str = "UNSIGNED-PAYLOAD") -> dict[str, str]:
    """The headers of a request to S3, by botocore's own signer."""
    request = AWSRequest(method, access.endpoint + path, headers={"X-Amz-Content-SHA256": payload})
    key = BotocoreCredentials(access.credentials.access_key, access.credentials.secret_key)
    signer = S3SigV4Auth(key, "s3", REGION)
    signer.payload = lambda _: payload
    signer.add_auth(request)
    return dict(request.headers)


def cluster_request(*, keep: bool = True, instances: dict[str, Any] | None = None, **extra: Any) -> dict[str, Any]:
    """A RunJobFlow request: one master, kept alive unless told otherwise."""
    group = {"InstanceRole": "MASTER", "InstanceType": "m5.xlarge", "InstanceCount": 1}
    spec = {"KeepJobFlowAliveWhenNoSteps": keep, "InstanceGroups": [group], **(instances or {})}
    return {
        "Name": "night",
        "ReleaseLabel": "emr-7.13.0",
        "ServiceRole": "service",
        "JobFlowRole": "nodes",
        "Instances": spec,
        **extra,
    }


def step(*args: str, action: str = "CONTINUE", name: str = "step") -> dict[str, Any]:
    """A step that the played runner ends as its first argument says."""
    program = {"Jar": "command-runner.jar", "Args": list(args or ("ok",))}
    return {"Name": name, "ActionOnFailure": action, "HadoopJarStep": program}


def wait_for_cluster(emr: Any, cluster_id: str, *states: str) -> dict[str, Any]:
    return until(
        lambda: emr.describe_cluster(ClusterId=cluster_id)["Cluster"],
        lambda found: found["Status"]["State"] in states,
    )


def wait_for_step(emr: Any, cluster_id: str, step_id: str, *states: str) -> dict[str, Any]:
    return until(
        lambda: emr.describe_step(ClusterId=cluster_id, StepId=step_id)["Step"],
        lambda found: found["Status"]["State"] in states,
    )
