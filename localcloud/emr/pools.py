"""Instance groups and fleets of RunJobFlow, and the nodes that each requests from EC2."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

from localcloud.emr.model import Json, Pool


@dataclass(frozen=True)
class NodeRequest:
    """Nodes of one type and market that a pool wants."""

    instance_type: str
    market: str
    count: int


def pools_of(instances: Json, now: datetime) -> list[Pool]:
    """The pools of JobFlowInstancesConfig: its fleets, its groups, or the old MasterInstanceType form."""
    if fleets := instances.get("InstanceFleets"):
        return [Pool(f["InstanceFleetType"], f, True, now) for f in fleets]
    return [Pool(g["InstanceRole"], g, False, now) for g in instances.get("InstanceGroups") or _simple(instances)]


def _simple(instances: Json) -> list[Json]:
    master = str(instances.get("MasterInstanceType", "m5.xlarge"))
    groups = [_group("MASTER", master, 1)]
    workers = int(instances.get("InstanceCount", 1)) - 1
    if workers > 0:
        groups.append(_group("CORE", str(instances.get("SlaveInstanceType", master)), workers))
    return groups


def _group(role: str, instance_type: str, count: int) -> Json:
    return {
        "Name": role.lower(),
        "InstanceRole": role,
        "InstanceType": instance_type,
        "InstanceCount": count,
        "Market": "ON_DEMAND",
    }


def wanted_nodes(pool: Pool) -> list[NodeRequest]:
    """The nodes that the pool requests from EC2. A fleet uses its first type only: here every type has capacity."""
    spec = pool.spec
    if not pool.fleet:
        market = spec.get("Market", "ON_DEMAND")
        return [NodeRequest(spec["InstanceType"], market, int(spec["InstanceCount"]))]
    first = (spec.get("InstanceTypeConfigs") or [{"InstanceType": "m5.xlarge"}])[0]
    # Rounded up, as EMR does: a fleet may be provisioned beyond its target, never below.
    weight = int(first.get("WeightedCapacity") or 1)
    return [
        NodeRequest(first["InstanceType"], market, math.ceil(capacity / weight))
        for market, capacity in (
            ("ON_DEMAND", int(spec.get("TargetOnDemandCapacity") or 0)),
            ("SPOT", int(spec.get("TargetSpotCapacity") or 0)),
        )
        if capacity
    ]
