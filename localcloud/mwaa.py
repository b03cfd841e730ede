"""Amazon MWAA's environments without an Airflow: what terraform and `aws mwaa` create, change and read.

Validated as by AWS: bucket and role exist, the bucket is versioned, files have the versions named, subnets are two in
two zones. A change takes the seconds that a cluster takes to start. InvokeRestApi and the tokens need an Airflow and
are refused.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import ec2_backends
from moto.s3.exceptions import S3ClientError
from moto.s3.models import s3_backends

from localcloud import wire
from localcloud.operations import Request, called
from localcloud.shapes import problems
from localcloud.wire import Answer

SERVICE = "airflow"  # the service name in signatures
Json = dict[str, Any]
_FILES = ("Plugins", "Requirements", "StartupScript")
_DEFAULTS: Json = {"EnvironmentClass": "mw1.small", "MaxWorkers": 10, "MinWorkers": 1, "Schedulers": 2}
_LOGS = ("DagProcessingLogs", "SchedulerLogs", "TaskLogs", "WebserverLogs", "WorkerLogs")


class MwaaError(Exception):
    """An error of an MWAA call."""


class ValidationException(MwaaError):
    """A parameter is missing or invalid, or the request conflicts with the environment's state."""


class ResourceNotFoundException(MwaaError):
    """No environment has the name."""


class AccessDeniedException(MwaaError):
    """The call needs something that localcloud lacks."""


@dataclass
class Environment:
    """One environment: its requested settings, and when the change in progress ends."""

    spec: Json
    created_at: datetime
    doing: str
    done_at: datetime
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Place:
    """Account and region of a call."""

    account: str
    region: str

    def arn(self, name: str) -> str:
        """The ARN of the environment with this name."""
        return f"arn:aws:airflow:{self.region}:{self.account}:environment/{name}"


class MwaaService:
    """The API's environments and their tags."""

    def __init__(self, seconds: float, clock: Callable[[], datetime]) -> None:
        self._seconds, self._clock, self._lock = timedelta(seconds=seconds), clock, threading.Lock()
        self._environments: dict[str, Environment] = {}

    def answer(self, request: Request, account: str, region: str) -> Answer:
        """Answer one REST call; an error becomes the one that AWS would send."""
        try:
            return wire.json_answer(self._call(request, Place(account, region)))
        except MwaaError as error:
            return _refused(error)

    def _call(self, request: Request, place: Place) -> Json:
        operation = called(request)
        if operation.name not in _ACTIONS:
            raise AccessDeniedException(f"localcloud's MWAA has no Airflow in it, and so no {operation.name}.")
        if wrong := problems("mwaa", operation.name, operation.params):
            raise ValidationException(wrong)
        with self._lock:
            return _ACTIONS[operation.name](self, place, operation.params)

    def create(self, place: Place, params: Json) -> Json:
        arn = place.arn(params["Name"])
        if arn in self._environments:
            raise ValidationException(f"Environment {params['Name']} already exists.")
        _check(place, params)
        now = self._clock()
        tags = params.pop("Tags", {})
        self._environments[arn] = Environment({**_DEFAULTS, **params}, now, "CREATING", now + self._seconds, tags)
        return {"Arn": arn}

    def get(self, place: Place, params: Json) -> Json:
        arn = place.arn(params["Name"])
        return {"Environment": self._told(arn, place, self._find(arn))}

    def update(self, place: Place, params: Json) -> Json:
        arn = place.arn(params["Name"])
        found = self._find(arn)
        if self._status(found) != "AVAILABLE":
            raise ValidationException(f"Environment {params['Name']} is {self._status(found)}.")
        # Subnets cannot change; an update sets only the security groups.
        network = {**found.spec["NetworkConfiguration"], **params.pop("NetworkConfiguration", {})}
        spec = {**found.spec, **params, "NetworkConfiguration": network}
        _check(place, spec)
        found.spec, found.doing, found.done_at = spec, "UPDATING", self._clock() + self._seconds
        return {"Arn": arn}

    def delete(self, place: Place, params: Json) -> Json:
        arn = place.arn(params["Name"])
        self._find(arn)
        del self._environments[arn]
        return {}

    def list(self, place: Place, _: Json) -> Json:
        start = place.arn("")
        return {"Environments": sorted(a.removeprefix(start) for a in self._environments if a.startswith(start))}

    def tags(self, _: Place, params: Json) -> Json:
        return {"Tags": self._find(params["ResourceArn"]).tags}

    def tag(self, _: Place, params: Json) -> Json:
        self._find(params["ResourceArn"]).tags.update(params["Tags"])
        return {}

    def untag(self, _: Place, params: Json) -> Json:
        found = self._find(params["ResourceArn"])
        found.tags = {key: value for key, value in found.tags.items() if key not in params["tagKeys"]}
        return {}

    def _find(self, arn: str) -> Environment:
        try:
            return self._environments[arn]
        except KeyError:
            raise ResourceNotFoundException(f"Environment {arn} not found.") from None

    def _status(self, found: Environment) -> str:
        return found.doing if self._clock() < found.done_at else "AVAILABLE"

    def _told(self, arn: str, place: Place, found: Environment) -> Json:
        name = found.spec["Name"]
        given = found.spec.get("LoggingConfiguration", {})
        logs = {kind: _logged(place, name, kind, given.get(kind, {"Enabled": False})) for kind in _LOGS}
        unique = uuid.uuid5(uuid.NAMESPACE_URL, arn)
        return {
            **found.spec,
            "Arn": arn,
            "Status": self._status(found),
            "CreatedAt": found.created_at,
            "LoggingConfiguration": logs,
            "WebserverUrl": f"{unique}.c0.{place.region}.airflow.amazonaws.com",
            "ServiceRoleArn": f"arn:aws:iam::{place.account}:role/aws-service-role/airflow.amazonaws.com/{name}",
            "Tags": found.tags,
            "LastUpdate": {"Status": "SUCCESS", "CreatedAt": found.created_at},
        }


def _logged(place: Place, name: str, kind: str, given: Json) -> Json:
    part = "DAGProcessing" if kind == "DagProcessingLogs" else kind.removesuffix("Logs").replace("server", "Server")
    group = f"arn:aws:logs:{place.region}:{place.account}:log-group:airflow-{name}-{part}"
    return {**given, "CloudWatchLogGroupArn": group}


def _check(place: Place, spec: Json) -> None:
    _check_network(place, spec["NetworkConfiguration"].get("SubnetIds", []))
    bucket_name = spec["SourceBucketArn"].rpartition(":")[2]
    try:
        bucket = s3_backends[place.account]["aws"].get_bucket(bucket_name)
    except S3ClientError:
        raise ValidationException(f"The bucket {bucket_name} does not exist.") from None
    if not bucket.is_versioned:
        raise ValidationException(f"The bucket {bucket_name} must be versioned.")
    for kind in _FILES:
        path, version = spec.get(f"{kind}S3Path"), spec.get(f"{kind}S3ObjectVersion")
        held = [key.version_id for key in bucket.keys.getlist(path, [])] if path else []
        if path and (version not in held if version else not held):
            raise ValidationException(f"s3://{bucket_name}/{path} has no version {version or 'at all'}.")


def _check_network(place: Place, subnet_ids: list[str]) -> None:
    ec2 = ec2_backends[place.account][place.region]
    try:
        zones = {ec2.get_subnet(subnet).availability_zone for subnet in subnet_ids}
    except EC2ClientError as error:
        raise ValidationException(str(error)) from None
    if len(subnet_ids) != 2 or len(zones) != 2:
        raise ValidationException("Two subnets in two different availability zones are needed.")


def _refused(error: MwaaError) -> Answer:
    status = {ResourceNotFoundException: HTTPStatus.NOT_FOUND, AccessDeniedException: HTTPStatus.FORBIDDEN}
    return wire.json_error(type(error).__name__, str(error), status.get(type(error), HTTPStatus.BAD_REQUEST))


_ACTIONS: dict[str, Callable[[MwaaService, Place, Json], Json]] = {
    "CreateEnvironment": MwaaService.create,
    "GetEnvironment": MwaaService.get,
    "UpdateEnvironment": MwaaService.update,
    "DeleteEnvironment": MwaaService.delete,
    "ListEnvironments": MwaaService.list,
    "ListTagsForResource": MwaaService.tags,
    "TagResource": MwaaService.tag,
    "UntagResource": MwaaService.untag,
}
