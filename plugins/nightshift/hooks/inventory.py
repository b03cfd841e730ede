"""What of a run is still alive, by tag and by name: the proof behind "nothing left"."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from nightshift.hooks import aws
from nightshift.hooks.emr import EmrHook

if TYPE_CHECKING:
    from nightshift.night import Night


def alive(night: Night) -> dict[str, list[str]]:
    """Kind of resource -> ids of this run's resources that still exist. Every kind is in it; all empty is the proof."""
    return {kind: look(night) for kind, look in LOOKS.items()}


def _clusters(night: Night) -> list[str]:
    found = EmrHook(aws.client(night.settings, "emr")).clusters(night)
    return [f"{c['Id']} ({c['Status']['State']})" for c in found]


def _instances(night: Night) -> list[str]:
    states: Any = {"Name": "instance-state-name", "Values": ["pending", "running", "stopping", "stopped"]}
    pages = (
        aws.client(night.settings, "ec2")
        .get_paginator("describe_instances")
        .paginate(Filters=[_run_tag(night), states])
    )
    return [i["InstanceId"] for page in pages for r in page["Reservations"] for i in r["Instances"]]


def _security_groups(night: Night) -> list[str]:
    found = aws.client(night.settings, "ec2").describe_security_groups(Filters=[_run_tag(night)])
    return [group["GroupId"] for group in found["SecurityGroups"]]


def _key_pairs(night: Night) -> list[str]:
    found = aws.client(night.settings, "ec2").describe_key_pairs(Filters=[_run_tag(night)])
    return [pair["KeyName"] for pair in found["KeyPairs"]]


def _secrets(night: Night) -> list[str]:
    """Secrets Manager filters values by their beginning, so the tags decide."""
    filters: Any = [{"Key": "tag-value", "Values": [night.run]}]
    pages = aws.client(night.settings, "secretsmanager").get_paginator("list_secrets").paginate(Filters=filters)
    tag = {"Key": "nightshift:run", "Value": night.run}
    return [secret["Name"] for page in pages for secret in page["SecretList"] if tag in secret.get("Tags", [])]


def _states(night: Night) -> list[str]:
    """The transient state and its lock file."""
    return _keys(night, "state", night.state_key)


def _security_configurations(night: Night) -> list[str]:
    """They carry no tags: the transient stack names them by the first 12 digits of the run's SHA-256."""
    name = f"{night.settings.name}-{sha256(night.run.encode()).hexdigest()[:12]}"
    pages = aws.client(night.settings, "emr").get_paginator("list_security_configurations").paginate()
    return [c["Name"] for page in pages for c in page["SecurityConfigurations"] if c["Name"] == name]


def _staging(night: Night) -> list[str]:
    return _keys(night, "lake", night.staging_prefix)


def _keys(night: Night, kind: str, prefix: str) -> list[str]:
    bucket = night.settings.bucket(kind)
    found = aws.client(night.settings, "s3").list_objects_v2(Bucket=bucket, Prefix=prefix)
    return [f"s3://{bucket}/{item['Key']}" for item in found.get("Contents", [])]


def _run_tag(night: Night) -> Any:
    return {"Name": "tag:nightshift:run", "Values": [night.run]}


LOOKS: dict[str, Callable[[Night], list[str]]] = {
    "clusters": _clusters,
    "instances": _instances,
    "security groups": _security_groups,
    "key pairs": _key_pairs,
    "secrets": _secrets,
    "security configurations": _security_configurations,
    "terraform states": _states,
    "staging": _staging,
}
