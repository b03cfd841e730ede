"""Inventory of existing resources, found by tag and by name: of one run, or of every run of this deployment."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from nightshift.aws import clients
from nightshift.compute.emr import ALIVE, tags_of
from nightshift.config import Settings

if TYPE_CHECKING:
    from nightshift.run.run_context import RunContext

NAME, RUN, EXPIRES = "nightshift:name", "nightshift:run", "nightshift:expires"
STATE = re.compile(r"^transient/(?P<run>[^/]+/[^/]+)\.tfstate(\.tflock)?$")
INSTANCES: Any = {"Name": "instance-state-name", "Values": ["pending", "running", "stopping", "stopped"]}


@dataclass(frozen=True)
class Thing:
    """One resource that a run made: its id for the API, its run, and its expiry.

    `run` is `<dag>/<slug>`; of a security configuration, which has no tags, the run's 12-digit hash.
    """

    kind: str
    id: str
    run: str
    expires: datetime | None
    tags: Mapping[str, str] = field(default_factory=dict)
    state: str = ""

    def __str__(self) -> str:
        return f"{self.id} ({self.state})" if self.state else self.id


def alive(night: RunContext) -> dict[str, list[str]]:
    """Kind -> the resources of this run that exist. It has every kind; all empty proves that nothing is left."""
    found = of_run(night)
    return {kind: [str(thing) for thing in found if thing.kind == kind] for kind in LOOKS}


def of_run(night: RunContext) -> list[Thing]:
    """All existing resources of this run."""
    whose = {night.run, digest(night.run)}
    return [thing for thing in everything(night.settings, night.run) if thing.run in whose]


def everything(settings: Settings, run: str = "") -> list[Thing]:
    """All existing resources of this deployment's runs; `run` narrows the lists where the service can do that.
    Only what has our name as tag or prefix is in it."""
    return [thing for look in LOOKS.values() for thing in look(settings, run)]


def digest(run: str) -> str:
    """The 12-digit hash of a run in the names that the transient stack gives (its local.run_hash)."""
    return sha256(run.encode()).hexdigest()[:12]


def _clusters(settings: Settings, run: str) -> Iterator[Thing]:
    """ListClusters gives no tags: names (RunContext.cluster_name) narrow the list, tags decide. We may lack the right
    to describe a cluster of another name."""
    dag = re.escape(run.partition("/")[0]) or r"\S+"
    ours = re.compile(rf"{re.escape(settings.name)} {dag} \d{{4}}-\d\d-\d\d ")
    emr = clients.client(settings, "emr")
    pages = emr.get_paginator("list_clusters").paginate(ClusterStates=list(ALIVE))  # type: ignore[arg-type]
    ids = [c["Id"] for page in pages for c in page["Clusters"] if ours.match(c["Name"])]
    for cluster_id in ids:
        cluster = emr.describe_cluster(ClusterId=cluster_id)["Cluster"]
        if tags_of(cluster).get(NAME) == settings.name and RUN in tags_of(cluster):
            yield _tagged("clusters", cluster_id, tags_of(cluster), str(cluster["Status"]["State"]))


def _instances(settings: Settings, run: str) -> Iterator[Thing]:
    pages = clients.client(settings, "ec2").get_paginator("describe_instances")
    for page in pages.paginate(Filters=[*_ours(settings, run), INSTANCES]):
        for instance in (i for reservation in page["Reservations"] for i in reservation["Instances"]):
            yield _tagged("instances", instance["InstanceId"], _tags(instance), instance["State"]["Name"])


def _security_groups(settings: Settings, run: str) -> Iterator[Thing]:
    pages = clients.client(settings, "ec2").get_paginator("describe_security_groups")
    for page in pages.paginate(Filters=_ours(settings, run)):
        for group in page["SecurityGroups"]:
            yield _tagged("security groups", group["GroupId"], _tags(group))


def _key_pairs(settings: Settings, run: str) -> Iterator[Thing]:
    for pair in clients.client(settings, "ec2").describe_key_pairs(Filters=_ours(settings, run))["KeyPairs"]:
        yield _tagged("key pairs", pair["KeyName"], _tags(pair))


def _secrets(settings: Settings, run: str) -> Iterator[Thing]:
    """Secrets Manager filters tag values by prefix, so the tags decide."""
    filters: Any = [{"Key": "tag-value", "Values": [run or settings.name]}]
    pages = clients.client(settings, "secretsmanager").get_paginator("list_secrets").paginate(Filters=filters)
    for secret in (secret for page in pages for secret in page["SecretList"]):
        if _tags(secret).get(NAME) == settings.name and RUN in _tags(secret):
            yield _tagged("secrets", secret["ARN"], _tags(secret))


def _security_configurations(settings: Settings, _run: str) -> Iterator[Thing]:
    """They have no tags: the transient stack names them <name>-<hash of the run>."""
    ours = re.compile(rf"^{settings.name}-(?P<digest>[0-9a-f]{{12}})$")
    pages = clients.client(settings, "emr").get_paginator("list_security_configurations").paginate()
    for configuration in (c for page in pages for c in page["SecurityConfigurations"]):
        if name := ours.match(configuration["Name"]):
            expires = _lifetime(settings, configuration["CreationDateTime"])
            yield Thing("security configurations", name[0], name["digest"], expires)


def _states(settings: Settings, run: str) -> Iterator[Thing]:
    """Transient states and their lock files."""
    for item in _objects(settings, "state", f"transient/{run}.tfstate" if run else "transient/"):
        if key := STATE.match(item["Key"]):
            yield Thing(
                "terraform states",
                _uri(settings, "state", key[0]),
                key["run"],
                _lifetime(settings, item["LastModified"]),
            )


def _staging(settings: Settings, run: str) -> Iterator[Thing]:
    """One resource per run: its staging prefix, as old as its oldest object."""
    oldest: dict[str, datetime] = {}
    for item in _objects(settings, "lake", f"staging/{run}/" if run else "staging/"):
        whose = "/".join(item["Key"].split("/")[1:3])
        if whose.count("/") == 1:
            oldest[whose] = min(item["LastModified"], oldest.get(whose, item["LastModified"]))
    for whose, made in oldest.items():
        yield Thing("staging", _uri(settings, "lake", f"staging/{whose}/"), whose, _lifetime(settings, made))


def _claims(settings: Settings, _run: str) -> Iterator[Thing]:
    s3 = clients.client(settings, "s3")
    for item in _objects(settings, "lake", "claims/"):
        if item["Key"].count("/") != 2:  # claims/<pipeline>/<date>.json; the reaper's own lease belongs to no run
            continue
        try:
            held = json.loads(s3.get_object(Bucket=settings.bucket("lake"), Key=item["Key"])["Body"].read())
        except s3.exceptions.NoSuchKey:  # released since it was listed
            continue
        yield Thing(
            "claims", _uri(settings, "lake", item["Key"]), held["run"], _lifetime(settings, item["LastModified"])
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


def _tagged(kind: str, found: str, tags: Mapping[str, str], state: str = "") -> Thing:
    told = tags.get(EXPIRES, "").replace("Z", "+00:00")
    return Thing(kind, found, tags.get(RUN, ""), datetime.fromisoformat(told) if told else None, tags, state)


def _tags(resource: Any) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in resource.get("Tags", [])}


def _lifetime(settings: Settings, made: datetime) -> datetime:
    return made + timedelta(hours=settings.lifetime_hours)


LOOKS: dict[str, Callable[[Settings, str], Iterator[Thing]]] = {
    "clusters": _clusters,
    "instances": _instances,
    "security groups": _security_groups,
    "key pairs": _key_pairs,
    "secrets": _secrets,
    "security configurations": _security_configurations,
    "terraform states": _states,
    "staging": _staging,
    "claims": _claims,
}
