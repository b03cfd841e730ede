"""Actions on a cluster's policies: auto-termination and managed scaling (stored and returned; nothing is scaled)."""

from __future__ import annotations

from localcloud.emr import checks
from localcloud.emr.api.session import Action, Session
from localcloud.emr.model import Json


def get_auto_termination_policy(session: Session, params: Json) -> Json:
    timeout = session.region.cluster(params["ClusterId"]).idle_timeout_seconds
    return {"AutoTerminationPolicy": {"IdleTimeout": timeout}} if timeout else {}


def put_auto_termination_policy(session: Session, params: Json) -> Json:
    cluster = session.region.cluster(params["ClusterId"])
    timeout = (params.get("AutoTerminationPolicy") or {}).get("IdleTimeout")
    checks.idle_timeout(timeout)
    cluster.idle_timeout_seconds = timeout
    return {}


def remove_auto_termination_policy(session: Session, params: Json) -> Json:
    session.region.cluster(params["ClusterId"]).idle_timeout_seconds = None
    return {}


def get_managed_scaling_policy(session: Session, params: Json) -> Json:
    policy = session.region.cluster(params["ClusterId"]).spec.get("ManagedScalingPolicy")
    return {"ManagedScalingPolicy": policy} if policy else {}


def put_managed_scaling_policy(session: Session, params: Json) -> Json:
    session.region.cluster(params["ClusterId"]).spec["ManagedScalingPolicy"] = params["ManagedScalingPolicy"]
    return {}


def remove_managed_scaling_policy(session: Session, params: Json) -> Json:
    session.region.cluster(params["ClusterId"]).spec.pop("ManagedScalingPolicy", None)
    return {}


ACTIONS: dict[str, Action] = {
    "GetAutoTerminationPolicy": get_auto_termination_policy,
    "PutAutoTerminationPolicy": put_auto_termination_policy,
    "RemoveAutoTerminationPolicy": remove_auto_termination_policy,
    "GetManagedScalingPolicy": get_managed_scaling_policy,
    "PutManagedScalingPolicy": put_managed_scaling_policy,
    "RemoveManagedScalingPolicy": remove_managed_scaling_policy,
}
