"""The EC2 instances in moto that Systems Manager knows, and their agents' status."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from moto.ec2 import ec2_backends

from localcloud.ssm.model import Json

_GONE = ("shutting-down", "terminated")
_AGENT_VERSION = "3.3.2299.0"


def runs(account: str, region: str, instance_id: str) -> bool:
    """Whether the instance exists and is running."""
    found = ec2_backends[account][region].get_instance_by_id(instance_id)
    return found is not None and found.state == "running"


def is_gone(account: str, region: str, instance_id: str) -> bool:
    """Whether an instance has been terminated, including its disk."""
    found = ec2_backends[account][region].get_instance_by_id(instance_id)
    return found is None or found.state in _GONE


def tags(account: str, region: str, instance_id: str) -> dict[str, str]:
    """The tags of an instance."""
    return dict(ec2_backends[account][region].tags.get(instance_id, {}))


def names(account: str, region: str, instance_id: str) -> tuple[str, ...]:
    """The names of a host: its id and its Name tag."""
    return tuple(filter(None, (instance_id, tags(account, region, instance_id).get("Name"))))


def listed(account: str, region: str, now: datetime) -> list[Json]:
    """InstanceInformation of each: online while running, connection lost while stopped; oldest first."""
    instances = ec2_backends[account][region].all_instances()
    return [_information(instance, now) for instance in instances if instance.state not in _GONE]


def _information(instance: Any, now: datetime) -> Json:
    return {
        "InstanceId": instance.id,
        "PingStatus": "Online" if instance.state == "running" else "ConnectionLost",
        "LastPingDateTime": now,
        "AgentVersion": _AGENT_VERSION,
        "IsLatestVersion": True,
        "PlatformType": "Linux",
        "PlatformName": "Amazon Linux",
        "PlatformVersion": "2023",
        "ResourceType": "EC2Instance",
        "IPAddress": instance.private_ip,
        "ComputerName": instance.private_dns_name,
        "SourceId": instance.id,
        "SourceType": "AWS::EC2::Instance",
    }
