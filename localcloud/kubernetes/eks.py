"""What moto's EKS lacks: access entries and their policies, pod identity associations, add-ons, updates."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from moto.eks.models import eks_backends

from localcloud import shapes, wire
from localcloud.operations import Operation, Request, called
from localcloud.wire import Answer

Json = dict[str, Any]
_ADDON_VERSION = "v1.3.8-eksbuild.2"  # of eks-pod-identity-agent; others get it too
_UPDATABLE = ("kubernetesGroups", "username")


class EksError(Exception):
    """An error of EKS, by its code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass
class Cluster:
    """What is kept for one cluster of moto's. entries, policies: by principal. identities, addons: by id and name."""

    uid: str
    entries: dict[str, Json] = field(default_factory=dict)
    policies: dict[str, dict[str, Json]] = field(default_factory=dict)
    identities: dict[str, Json] = field(default_factory=dict)
    addons: dict[str, Json] = field(default_factory=dict)


@dataclass(frozen=True)
class Call:
    """One call: its place, its parameters, and the cluster that it is about."""

    account: str
    region: str
    now: datetime
    params: Mapping[str, Any]
    cluster: Cluster

    @property
    def name(self) -> str:
        return str(self.params["clusterName"])

    def arn(self, kind: str, *parts: str) -> str:
        """The ARN of something of the cluster."""
        return f"arn:aws:eks:{self.region}:{self.account}:{kind}/{'/'.join((self.name, *parts))}"

    @property
    def principal(self) -> str:
        return str(self.params["principalArn"])


class EksService:
    """The calls that moto does not know; every other one is moto's."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._clusters: dict[tuple[str, str, str], Cluster] = {}

    def answer(self, request: Request, account: str, region: str) -> Answer | None:
        """Answer a call; None when it is moto's."""
        operation = called(request)
        try:
            if action := _ACTIONS.get(operation.name):
                return self._answer(operation, action, account, region)
            return self._tags(operation, account, region)
        except EksError as error:
            return wire.json_error(error.code, str(error), shapes.status_of("eks", error.code))

    def role_of(self, account: str, namespace: str, service_account: str) -> str | None:
        """The role that a pod identity association gives a service account; None without one."""
        with self._lock:
            found = [
                identity["roleArn"]
                for (owner, _, _), cluster in self._clusters.items()
                for identity in cluster.identities.values()
                if (owner, identity["namespace"], identity["serviceAccount"]) == (account, namespace, service_account)
            ]
        return str(found[0]) if found else None

    def _answer(self, operation: Operation, action: Action, account: str, region: str) -> Answer:
        params = operation.params
        if wrong := shapes.problems("eks", operation.name, params):
            raise EksError("InvalidParameterException", wrong)
        with self._lock:
            cluster = self._cluster(account, region, str(params.get("clusterName") or params["name"]))
            result = action(Call(account, region, self._clock(), params, cluster))
            formed = shapes.answer("eks", operation.name, result)
        return wire.json_answer(formed)

    def _cluster(self, account: str, region: str, name: str) -> Cluster:
        """What is kept for a cluster; a new cluster of the same name begins with nothing."""
        found = eks_backends[account][region].clusters.get(name)
        if found is None:
            raise EksError("ResourceNotFoundException", f"No cluster found for name: {name}.")
        kept = self._clusters.get((account, region, name))
        uid = f"{found.arn} {found.created_at}"
        if kept is None or kept.uid != uid:
            kept = self._clusters[account, region, name] = Cluster(uid)
        return kept

    def _tags(self, operation: Operation, account: str, region: str) -> Answer | None:
        """Answer a call about the tags of what is kept here; None for any other call."""
        arn = str(operation.params.get("resourceArn", ""))
        with self._lock:
            item = next((one for one in self._items(account, region) if arn and arn in _arns(one)), None)
            if item is None:
                return None
            if operation.name == "TagResource":
                item["tags"] = {**item.get("tags", {}), **operation.params["tags"]}
            elif operation.name == "UntagResource":
                gone = operation.params["tagKeys"]
                item["tags"] = {name: text for name, text in item.get("tags", {}).items() if name not in gone}
            return wire.json_answer({"tags": item.get("tags", {})} if operation.name.startswith("List") else {})

    def _items(self, account: str, region: str) -> Iterator[Json]:
        for (owner, place, _), cluster in self._clusters.items():
            if (owner, place) == (account, region):
                for kept in (cluster.entries, cluster.identities, cluster.addons):
                    yield from kept.values()


def _arns(item: Json) -> list[str]:
    return [item[name] for name in ("accessEntryArn", "associationArn", "addonArn") if name in item]


def _create_entry(call: Call) -> Json:
    principal = call.principal
    if principal in call.cluster.entries:
        raise EksError(
            "ResourceInUseException", "The specified access entry resource is already in use on this cluster."
        )
    _, _, resource = principal.rpartition(":")
    kind, _, name = resource.partition("/")
    entry = {
        "clusterName": call.name,
        "principalArn": principal,
        "kubernetesGroups": call.params.get("kubernetesGroups", []),
        "accessEntryArn": call.arn("access-entry", kind, call.account, name, str(uuid.uuid4())),
        "createdAt": call.now,
        "modifiedAt": call.now,
        "tags": call.params.get("tags", {}),
        "username": call.params.get("username") or _username(call, kind, name),
        "type": call.params.get("type", "STANDARD"),
    }
    call.cluster.entries[principal] = entry
    return {"accessEntry": entry}


def _username(call: Call, kind: str, name: str) -> str:
    """The user name of an entry that states none: a role's has its session's name in it."""
    if kind != "role":
        return call.principal
    return f"arn:aws:sts::{call.account}:assumed-role/{name}/{{{{SessionName}}}}"


def _entry(call: Call) -> Json:
    try:
        return call.cluster.entries[call.principal]
    except KeyError:
        text = f"The specified principalArn could not be found: {call.principal}"
        raise EksError("ResourceNotFoundException", text) from None


def _describe_entry(call: Call) -> Json:
    return {"accessEntry": _entry(call)}


def _update_entry(call: Call) -> Json:
    changes = {name: call.params[name] for name in _UPDATABLE if name in call.params}
    _entry(call).update(changes, modifiedAt=call.now)
    return {"accessEntry": _entry(call)}


def _delete_entry(call: Call) -> Json:
    _entry(call)
    del call.cluster.entries[call.principal]
    call.cluster.policies.pop(call.principal, None)
    return {}


def _list_entries(call: Call) -> Json:
    return {"accessEntries": sorted(call.cluster.entries)}


def _associate_policy(call: Call) -> Json:
    _entry(call)
    policy = {
        "policyArn": call.params["policyArn"],
        "accessScope": {"namespaces": [], **call.params["accessScope"]},
        "associatedAt": call.now,
        "modifiedAt": call.now,
    }
    call.cluster.policies.setdefault(call.principal, {})[policy["policyArn"]] = policy
    return {"clusterName": call.name, "principalArn": call.principal, "associatedAccessPolicy": policy}


def _list_policies(call: Call) -> Json:
    _entry(call)
    policies = list(call.cluster.policies.get(call.principal, {}).values())
    return {"clusterName": call.name, "principalArn": call.principal, "associatedAccessPolicies": policies}


def _disassociate_policy(call: Call) -> Json:
    _entry(call)
    if call.cluster.policies.get(call.principal, {}).pop(call.params["policyArn"], None) is None:
        raise EksError("ResourceNotFoundException", f"The policy {call.params['policyArn']} is not associated.")
    return {}


def _create_identity(call: Call) -> Json:
    about = (call.params["namespace"], call.params["serviceAccount"])
    if any((one["namespace"], one["serviceAccount"]) == about for one in call.cluster.identities.values()):
        text = f"Association already exists: a-{call.name}, {about[0]}, {about[1]}"
        raise EksError("ResourceInUseException", text)
    unique = f"a-{uuid.uuid4().hex[:17]}"
    identity = {
        "clusterName": call.name,
        "namespace": about[0],
        "serviceAccount": about[1],
        "roleArn": call.params["roleArn"],
        "associationArn": call.arn("podidentityassociation", unique),
        "associationId": unique,
        "tags": call.params.get("tags", {}),
        "createdAt": call.now,
        "modifiedAt": call.now,
    }
    call.cluster.identities[unique] = identity
    return {"association": identity}


def _identity(call: Call) -> Json:
    try:
        return call.cluster.identities[str(call.params["associationId"])]
    except KeyError:
        text = f"No association found for associationId: {call.params['associationId']}"
        raise EksError("ResourceNotFoundException", text) from None


def _describe_identity(call: Call) -> Json:
    return {"association": _identity(call)}


def _update_identity(call: Call) -> Json:
    _identity(call).update(roleArn=call.params.get("roleArn", _identity(call)["roleArn"]), modifiedAt=call.now)
    return {"association": _identity(call)}


def _delete_identity(call: Call) -> Json:
    identity = _identity(call)
    del call.cluster.identities[identity["associationId"]]
    return {"association": identity}


def _list_identities(call: Call) -> Json:
    wanted = {name: call.params[name] for name in ("namespace", "serviceAccount") if name in call.params}
    found = [one for one in call.cluster.identities.values() if wanted.items() <= one.items()]
    return {"associations": found}


def _create_addon(call: Call) -> Json:
    name = str(call.params["addonName"])
    if name in call.cluster.addons:
        raise EksError("ResourceInUseException", "Addon already exists.")
    call.cluster.addons[name] = {
        "addonName": name,
        "clusterName": call.name,
        "status": "ACTIVE",
        "addonVersion": call.params.get("addonVersion", _ADDON_VERSION),
        "health": {"issues": []},
        "addonArn": call.arn("addon", name, str(uuid.uuid4())),
        "createdAt": call.now,
        "modifiedAt": call.now,
        "tags": call.params.get("tags", {}),
        **{key: call.params[key] for key in ("serviceAccountRoleArn", "configurationValues") if key in call.params},
    }
    return {"addon": call.cluster.addons[name]}


def _addon(call: Call) -> Json:
    try:
        return call.cluster.addons[str(call.params["addonName"])]
    except KeyError:
        text = f"No addon: {call.params['addonName']} found in cluster: {call.name}"
        raise EksError("ResourceNotFoundException", text) from None


def _describe_addon(call: Call) -> Json:
    return {"addon": _addon(call)}


def _delete_addon(call: Call) -> Json:
    addon = _addon(call)
    del call.cluster.addons[addon["addonName"]]
    return {"addon": {**addon, "status": "DELETING"}}


def _list_addons(call: Call) -> Json:
    return {"addons": sorted(call.cluster.addons)}


def _describe_update(call: Call) -> Json:
    """Any update, which has taken effect at once."""
    done = {"id": call.params["updateId"], "status": "Successful", "type": "ConfigUpdate", "createdAt": call.now}
    return {"update": {**done, "params": [], "errors": []}}


Action = Callable[[Call], Json]
_ACTIONS: dict[str, Action] = {
    "CreateAccessEntry": _create_entry,
    "DescribeAccessEntry": _describe_entry,
    "UpdateAccessEntry": _update_entry,
    "DeleteAccessEntry": _delete_entry,
    "ListAccessEntries": _list_entries,
    "AssociateAccessPolicy": _associate_policy,
    "ListAssociatedAccessPolicies": _list_policies,
    "DisassociateAccessPolicy": _disassociate_policy,
    "CreatePodIdentityAssociation": _create_identity,
    "DescribePodIdentityAssociation": _describe_identity,
    "UpdatePodIdentityAssociation": _update_identity,
    "DeletePodIdentityAssociation": _delete_identity,
    "ListPodIdentityAssociations": _list_identities,
    "DescribeUpdate": _describe_update,
    "CreateAddon": _create_addon,
    "DescribeAddon": _describe_addon,
    "DeleteAddon": _delete_addon,
    "ListAddons": _list_addons,
}
