"""Removes by API the resources that a run's terraform state lacks: a killed apply may not have saved its last ones."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from nightshift.aws import clients
from nightshift.compute.resources import Resource
from nightshift.compute.targets import TARGETS
from nightshift.config import Settings
from nightshift.infrastructure import inventory
from nightshift.run.run_context import RunContext
from nightshift.state.ledger import of

GROUPS = "security groups"
# EC2's and Secrets Manager's codes. EMR has none: it returns InvalidRequestException and says so in the message.
GONE = re.compile(r"\((\w+\.NotFound|ResourceNotFoundException)\)|does not exist")


def sweep(night: RunContext, task: str, managed: Collection[str] = ()) -> list[str]:
    """Remove by API what the run's stack made and no state manages, with a ledger note for each.

    `managed` are the ids in the state. Clusters must have ended before: a security group in use cannot be deleted, and
    EC2 counts a cluster's network interfaces for a while after its end (symptoms.LINGERS). Returns what it removed
    itself. Raises ClientError.
    """
    made = [resource for resource in inventory.of_run(night) if resource.kind in REMOVALS]
    lost = [resource for resource in made if resource.id not in managed]
    if any(resource.kind == GROUPS for resource in lost):
        _cut_rules(night.settings, [resource for resource in made if resource.kind == GROUPS])
    went = []
    for resource in lost:
        if _unless_gone(partial(REMOVALS[resource.kind], night.settings, resource)):
            of(night).note(task, "removed", "it was not in terraform's state", kind=resource.kind, id=resource.id)
            went.append(f"{resource.kind}: {resource.id}")
    return went


def _cut_rules(settings: Settings, groups: list[Resource]) -> None:
    """Revoke every rule of the run's groups: they refer to each other, and a group that a rule refers to cannot be
    deleted. A later apply makes those rules again that the state manages."""
    ec2 = clients.client(settings, "ec2")
    for group in groups:
        filters: Any = [{"Name": "group-id", "Values": [group.id]}]
        pages = ec2.get_paginator("describe_security_group_rules").paginate(Filters=filters)
        rules = [rule for page in pages for rule in page["SecurityGroupRules"]]
        for egress, revoke in ((False, ec2.revoke_security_group_ingress), (True, ec2.revoke_security_group_egress)):
            ids = [rule["SecurityGroupRuleId"] for rule in rules if rule["IsEgress"] is egress]
            if ids:
                _unless_gone(partial(revoke, GroupId=group.id, SecurityGroupRuleIds=ids))


def _unless_gone(remove: Callable[[], Any]) -> bool:
    """Remove something; False if it was already gone: AWS's lists lag behind its deletions, and terraform has just
    destroyed what is in its state."""
    try:
        remove()
    except ClientError as refused:
        if GONE.search(str(refused)):
            return False
        raise
    return True


def _instance(settings: Settings, resource: Resource) -> None:
    """Terminate an ingestion host (clusters have ended before) and wait: until then its group cannot be deleted."""
    ec2 = clients.client(settings, "ec2")
    ec2.terminate_instances(InstanceIds=[resource.id])
    ec2.get_waiter("instance_terminated").wait(InstanceIds=[resource.id])


def _security_group(settings: Settings, resource: Resource) -> None:
    clients.client(settings, "ec2").delete_security_group(GroupId=resource.id)


def _key_pair(settings: Settings, resource: Resource) -> None:
    clients.client(settings, "ec2").delete_key_pair(KeyName=resource.id)


def _secret(settings: Settings, resource: Resource) -> None:
    """Delete without a recovery window, since a re-run uses the name again."""
    clients.client(settings, "secretsmanager").delete_secret(SecretId=resource.id, ForceDeleteWithoutRecovery=True)


REMOVALS: dict[str, Callable[[Settings, Resource], None]] = {
    "instances": _instance,
    GROUPS: _security_group,
    "key pairs": _key_pair,
    "secrets": _secret,
    **{kind: remove for target in TARGETS.values() for kind, remove in target.removals.items()},
}
