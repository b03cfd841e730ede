"""The effects of faults on a cluster, with EMR's codes and messages.

The codes are those of EMR's API reference (ClusterStateChangeReason, ErrorDetail); the texts are as EMR's documentation
and its users quote them, and were not compared with a live account.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from localcloud.emr import bootstrap as actions
from localcloud.emr import nodes
from localcloud.emr.model import Cluster, Node, Reason
from localcloud.emr.pools import wanted_nodes
from localcloud.faults import Fault, FaultBook, FaultKind


def capacity(cluster: Cluster, faults: FaultBook) -> Reason | None:
    """Why EC2 has no capacity for the cluster; None without such a fault.

    A fleet fails after its provisioning timeout, a group when EC2 answers InsufficientInstanceCapacity.
    """
    zone = nodes.availability_zone(cluster)
    where, markets = (zone, nodes.subnet_of(cluster) or ""), _markets(cluster)
    if not faults.strike(FaultKind.CAPACITY_REFUSED, cluster=cluster.names, zone=where, market=markets):
        return None
    if cluster.uses_fleets:
        types = ", ".join(sorted(_instance_types(cluster)))
        text = f"Failed to provision instance fleet: insufficient EC2 capacity for {types} in {zone}."
        return Reason("INSTANCE_FLEET_TIMEOUT", text, "INTERNAL_ERROR_EC2_INSUFFICIENT_CAPACITY_AZ")
    text = f"Insufficient capacity: EC2 has insufficient capacity for the requested instance type in {zone}."
    return Reason("INTERNAL_ERROR", text, "INTERNAL_ERROR_EC2_INSUFFICIENT_CAPACITY_AZ")


def extra_start_seconds(cluster: Cluster, faults: FaultBook) -> float:
    fault = faults.strike(FaultKind.SLOW_START, cluster=cluster.names)
    return fault.seconds if fault else 0.0


def bootstrap(cluster: Cluster, faults: FaultBook) -> Reason | None:
    """Why bootstrapping fails: a fault, or the failure of one of the cluster's actions."""
    if faults.strike(FaultKind.BOOTSTRAP_FAILURE, cluster=cluster.names):
        return actions.non_zero(cluster, 1)
    return cluster.bootstrap_failure


def node_lost(cluster: Cluster, faults: FaultBook, now: datetime) -> Reason | None:
    """Remove a node if a fault is due. Returns the reason to end the cluster if it was the master.

    A core or task node is replaced, as EMR does; the step runs on, as Spark retries the lost tasks.
    """
    fault = faults.peek(FaultKind.NODE_LOST, cluster=cluster.names)
    if fault is None or not _is_due(fault, cluster, now):
        return None
    # A fault that finds no such node stays armed: one may be added later.
    victim = _victim(cluster, fault)
    if victim is None or not faults.strike(FaultKind.NODE_LOST, cluster=cluster.names):
        return None
    reason = Reason("INSTANCE_FAILURE", f"Instance {victim.ec2_id} was terminated by EC2")
    nodes.terminate(cluster, [victim], now, reason)
    if victim.role == "MASTER":
        return Reason("INSTANCE_FAILURE", f"Master instance ({victim.ec2_id}) was terminated")
    _replace(cluster, victim, now)
    return None


def hanging_command() -> tuple[str, tuple[str, ...]]:
    """The jar and arguments of a step that never ends by itself."""
    return "command-runner.jar", ("bash", "-c", "while :; do sleep 60; done")


def failing_command(fault: Fault, message: str = "", exit_code: int = 1) -> tuple[str, tuple[str, ...]]:
    """The jar and arguments of a step that fails as the fault says, so that its logs appear in the usual place."""
    text = fault.message or message or "localcloud: this step failed because a step-failure fault was armed"
    # Fault texts are passed as arguments, never as part of the script.
    script = 'sleep "$1"; printf "%s\\n" "$3" >&2; exit "$2"'
    return "command-runner.jar", ("bash", "-c", script, "step-failure", str(fault.seconds), str(exit_code), text)


def _is_due(fault: Fault, cluster: Cluster, now: datetime) -> bool:
    return cluster.ready_at is not None and now - cluster.ready_at >= timedelta(seconds=fault.seconds)


def _victim(cluster: Cluster, fault: Fault) -> Node | None:
    role = fault.node.upper()
    return next((node for node in cluster.live_nodes() if node.role == role), None)


def _replace(cluster: Cluster, lost: Node, now: datetime) -> None:
    pool = next(pool for pool in cluster.pools if pool.id == lost.pool_id)
    before = set(map(id, cluster.nodes))
    nodes.launch(cluster, pool, now)
    for node in cluster.nodes:
        if id(node) not in before:
            node.state, node.ready_at = "RUNNING", now


def _instance_types(cluster: Cluster) -> set[str]:
    return {
        str(config["InstanceType"])
        for fleet in cluster.instances["InstanceFleets"]
        for config in fleet.get("InstanceTypeConfigs") or []
    }


def _markets(cluster: Cluster) -> tuple[str, ...]:
    """The markets that the cluster's pools request, by the names that faults use."""
    wanted = [request for pool in cluster.pools for request in wanted_nodes(pool)]
    return tuple({request.market.lower().replace("_", "-") for request in wanted})
