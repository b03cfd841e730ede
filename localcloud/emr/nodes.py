"""The nodes of a cluster as instances in moto's EC2: launched, tagged, lost and terminated there too."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from moto.ec2 import ec2_backends
from moto.ec2.exceptions import EC2ClientError

from localcloud.emr.model import Cluster, Node, Pool, Reason
from localcloud.emr.pools import NodeRequest, wanted_nodes

# Any image id works: moto neither boots nor checks it.
_IMAGE = "ami-12c6146b"


class LaunchRefused(Exception):
    """EC2 refused to launch the nodes; the text is EC2's message."""


def launch(cluster: Cluster, pool: Pool, now: datetime) -> None:
    """Bring a pool to its wanted size. Raises LaunchRefused with EC2's reason (subnet, group, zone)."""
    for request in wanted_nodes(pool):
        alive = [n for n in cluster.live_nodes() if n.pool_id == pool.id and n.market == request.market]
        # Launching, resizing and replacing are one operation: add nodes until the wanted size is reached.
        missing = request.count - len(alive)
        if missing > 0:
            cluster.nodes += _run(cluster, pool, request, missing, now)
        elif missing < 0:
            terminate(cluster, alive[missing:], now)


def terminate(cluster: Cluster, nodes: list[Node], now: datetime, reason: Reason | None = None) -> None:
    """Terminate nodes here and in EC2; a node already terminated in EC2 is no error."""
    backend = _backend(cluster)
    for node in nodes:
        instance = backend.get_instance_by_id(node.ec2_id)
        if instance is not None and instance.state != "terminated":
            backend.terminate_instances([node.ec2_id])
        # EMR lists terminated nodes for 30 days, so they stay in the cluster.
        node.state, node.ended_at = "TERMINATED", now
        node.reason = reason or Reason("CLUSTER_TERMINATED", "Cluster terminated")


def tag(cluster: Cluster, added: dict[str, str], removed: list[str]) -> None:
    """Copy the cluster's tags to its live instances, as EMR does."""
    backend = _backend(cluster)
    ids = [node.ec2_id for node in cluster.live_nodes()]
    if ids and added:
        backend.create_tags(ids, added)
    if ids and removed:
        backend.delete_tags(ids, dict.fromkeys(removed))


def availability_zone(cluster: Cluster) -> str:
    """The availability zone of the cluster's subnet, or the first of its region."""
    if subnet_id := subnet_of(cluster):
        try:
            return str(_backend(cluster).get_subnet(subnet_id).availability_zone)
        except EC2ClientError:
            return ""
    return str(cluster.instances.get("Placement", {}).get("AvailabilityZone") or f"{cluster.region}a")


def subnet_of(cluster: Cluster) -> str | None:
    """The cluster's subnet: the first, if a fleet was offered several."""
    offered = cluster.instances.get("Ec2SubnetIds") or [cluster.instances.get("Ec2SubnetId")]
    return offered[0] or None


def _run(cluster: Cluster, pool: Pool, request: NodeRequest, count: int, now: datetime) -> list[Node]:
    try:
        reservation = _backend(cluster).run_instances(
            _IMAGE, count, None, [], **_launch_arguments(cluster, pool, request)
        )
    except EC2ClientError as error:
        raise LaunchRefused(str(error.message)) from error
    return [_node(cluster, pool, request, instance, now) for instance in reservation.instances]


def _launch_arguments(cluster: Cluster, pool: Pool, request: NodeRequest) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        "instance_type": request.instance_type,
        # moto's backend needs arguments that its API layer normally supplies.
        "is_instance_type_default": False,
        "region_name": cluster.region,
        "key_name": cluster.instances.get("Ec2KeyName"),
        "security_group_ids": _security_groups(cluster, pool.role),
        "tags": {"instance": _tags(cluster, pool), "volume": dict(cluster.tags)},
    }
    if subnet := subnet_of(cluster):
        arguments["subnet_id"] = subnet
    if request.market == "SPOT":
        arguments["instance_market_options"] = {"MarketType": "spot"}
    return arguments


def _security_groups(cluster: Cluster, role: str) -> list[str]:
    side = "Master" if role == "MASTER" else "Slave"
    managed = cluster.instances.get(f"EmrManaged{side}SecurityGroup")
    extra = cluster.instances.get(f"Additional{side}SecurityGroups") or []
    # Terraform sends an empty name where it means none.
    return [group for group in (managed, *extra) if group]


def _tags(cluster: Cluster, pool: Pool) -> dict[str, str]:
    return {
        **cluster.tags,
        "aws:elasticmapreduce:job-flow-id": cluster.id,
        "aws:elasticmapreduce:instance-group-role": pool.role,
    }


def _node(cluster: Cluster, pool: Pool, request: NodeRequest, instance: Any, now: datetime) -> Node:
    address = str(instance.private_ip or "127.0.0.1")
    domain = "ec2.internal" if cluster.region == "us-east-1" else f"{cluster.region}.compute.internal"
    return Node(
        ec2_id=instance.id,
        pool_id=pool.id,
        role=pool.role,
        instance_type=request.instance_type,
        market=request.market,
        private_ip=address,
        private_dns=f"ip-{address.replace('.', '-')}.{domain}",
        created_at=now,
    )


def _backend(cluster: Cluster) -> Any:
    return ec2_backends[cluster.account][cluster.region]
