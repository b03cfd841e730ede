"""Inventory of existing resources, found by tag and by name: of one run, or of every run of this deployment."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from nightshift.aws import clients
from nightshift.compute.resources import NAME, RUN, Resource, digest, expiry, tagged
from nightshift.compute.targets import TARGETS
from nightshift.config import Settings

if TYPE_CHECKING:
    from nightshift.run.run_context import RunContext

STATE = re.compile(r"^transient/(?P<run>[^/]+/[^/]+)\.tfstate(\.tflock)?$")
INSTANCES: Any = {"Name": "instance-state-name", "Values": ["pending", "running", "stopping", "stopped"]}


def alive(*nights: RunContext) -> dict[str, list[str]]:
    """Kind -> the resources of these runs that exist. It has every kind; all empty proves that nothing is left."""
    resources = [resource for night in nights for resource in of_run(night)]
    return {kind: [str(resource) for resource in resources if resource.kind == kind] for kind in RESOURCE_FINDERS}


def of_run(night: RunContext) -> list[Resource]:
    """All existing resources of this run."""
    whose = {night.run, digest(night.run)}
    return [resource for resource in everything(night.settings, night.run) if resource.run in whose]


def everything(settings: Settings, run: str = "") -> list[Resource]:
    """All existing resources of this deployment's runs; `run` narrows the lists where the service can do that.
    Only what has our name as tag or prefix is in it."""
    return [resource for look in RESOURCE_FINDERS.values() for resource in look(settings, run)]


def _instances(settings: Settings, run: str) -> Iterator[Resource]:
    pages = clients.client(settings, "ec2").get_paginator("describe_instances")
    for page in pages.paginate(Filters=[*_ours(settings, run), INSTANCES]):
        for instance in (i for reservation in page["Reservations"] for i in reservation["Instances"]):
            yield tagged("instances", instance["InstanceId"], _tags(instance), instance["State"]["Name"])


def _security_groups(settings: Settings, run: str) -> Iterator[Resource]:
    pages = clients.client(settings, "ec2").get_paginator("describe_security_groups")
    for page in pages.paginate(Filters=_ours(settings, run)):
        for group in page["SecurityGroups"]:
            yield tagged("security groups", group["GroupId"], _tags(group))


def _key_pairs(settings: Settings, run: str) -> Iterator[Resource]:
    for pair in clients.client(settings, "ec2").describe_key_pairs(Filters=_ours(settings, run))["KeyPairs"]:
        yield tagged("key pairs", pair["KeyName"], _tags(pair))


def _secrets(settings: Settings, run: str) -> Iterator[Resource]:
    """Secrets Manager filters tag values by prefix, so the tags decide."""
    filters: Any = [{"Key": "tag-value", "Values": [run or settings.name]}]
    pages = clients.client(settings, "secretsmanager").get_paginator("list_secrets").paginate(Filters=filters)
    for secret in (secret for page in pages for secret in page["SecretList"]):
        if _tags(secret).get(NAME) == settings.name and RUN in _tags(secret):
            yield tagged("secrets", secret["ARN"], _tags(secret))


def _states(settings: Settings, run: str) -> Iterator[Resource]:
    """Transient states and their lock files."""
    for item in _objects(settings, "state", f"transient/{run}.tfstate" if run else "transient/"):
        if key := STATE.match(item["Key"]):
            yield Resource(
                "terraform states",
                _uri(settings, "state", key[0]),
                key["run"],
                expiry(settings, item["LastModified"]),
            )


def _staging(settings: Settings, run: str) -> Iterator[Resource]:
    """One resource per run: its staging prefix, as old as its oldest object."""
    oldest: dict[str, datetime] = {}
    for item in _objects(settings, "lake", f"staging/{run}/" if run else "staging/"):
        whose = "/".join(item["Key"].split("/")[1:3])
        if whose.count("/") == 1:
            oldest[whose] = min(item["LastModified"], oldest.get(whose, item["LastModified"]))
    for whose, made in oldest.items():
        yield Resource("staging", _uri(settings, "lake", f"staging/{whose}/"), whose, expiry(settings, made))


def _claims(settings: Settings, _run: str) -> Iterator[Resource]:
    s3 = clients.client(settings, "s3")
    for item in _objects(settings, "lake", "claims/"):
        if item["Key"].count("/") != 2:  # claims/<pipeline>/<date>.json; the reaper's own lease belongs to no run
            continue
        try:
            held = json.loads(s3.get_object(Bucket=settings.bucket("lake"), Key=item["Key"])["Body"].read())
        except s3.exceptions.NoSuchKey:  # released since it was listed
            continue
        yield Resource(
            "claims", _uri(settings, "lake", item["Key"]), held["run"], expiry(settings, item["LastModified"])
        )


def _objects(settings: Settings, kind: str, prefix: str) -> Iterator[Any]:
    s3 = clients.client(settings, "s3")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=settings.bucket(kind), Prefix=prefix)
    try:
        yield from (item for page in pages for item in page.get("Contents", []))
    except s3.exceptions.NoSuchBucket:  # before the first night there is nothing
        return


def _uri(settings: Settings, kind: str, key: str) -> str:
    return f"s3://{settings.bucket(kind)}/{key}"


def _ours(settings: Settings, run: str) -> list[Any]:
    """EC2 filters: our name tag and a run tag (the foundation's resources have none), of this run if it is given."""
    ours = {"Name": f"tag:{NAME}", "Values": [settings.name]}
    return [ours, {"Name": f"tag:{RUN}", "Values": [run]} if run else {"Name": "tag-key", "Values": [RUN]}]


def _tags(resource: Any) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in resource.get("Tags", [])}


RESOURCE_FINDERS: dict[str, Callable[[Settings, str], Iterator[Resource]]] = {
    **{kind: find for target in TARGETS.values() for kind, find in target.finders.items()},
    "instances": _instances,
    "security groups": _security_groups,
    "key pairs": _key_pairs,
    "secrets": _secrets,
    "terraform states": _states,
    "staging": _staging,
    "claims": _claims,
}
