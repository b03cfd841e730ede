"""Cost of clusters and ingestion hosts, from list prices (compute/instances) and hours. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nightshift.compute.instances import YARDSTICK, Table

CURRENCY = "USD"
PROVISIONING_MINUTES = 7.0  # planned EMR start-up time; 5 to 10 are observed
HOST = 0.0208 + 0.005  # ingestion host, $ per hour in us-east-1: t3.small On-Demand and its public IPv4 address


def hourly(fleets: list[dict[str, Any]], table: Table) -> float:
    """Dollars per hour of the fleets (as in RunJobFlow), each as the most expensive instances that fill its capacity,
    and On-Demand, to which Spot falls back. Disks and traffic are not included. Raises PreflightError for a type
    without a price."""
    return sum(_fleet(fleet, table) for fleet in fleets)


def estimate(fleets: list[dict[str, Any]], work_minutes: float, table: Table) -> float:
    """Dollars for a cluster whose steps take `work_minutes`, including start-up. Raises as `hourly` does."""
    return round(hourly(fleets, table) * (PROVISIONING_MINUTES + work_minutes) / 60, 4)


def host(minutes: float, table: Table) -> float:
    """Dollars for an ingestion host that runs for `minutes`. Raises PreflightError for a region without prices."""
    dearer = table.price(YARDSTICK).ec2 / table.at_home.ec2
    return round(HOST * dearer * minutes / 60, 4)


def measured(fleets: list[dict[str, Any]], seconds: float, table: Table) -> float:
    """Dollars for a cluster that lived `seconds`; EC2 and EMR bill by the second, at least one minute."""
    return round(hourly(fleets, table) * max(seconds, 60) / 3600, 4)


def _fleet(fleet: Mapping[str, Any], table: Table) -> float:
    configs = fleet["InstanceTypeConfigs"]
    nodes = [(config.get("WeightedCapacity", 1), table.price(config["InstanceType"]).total) for config in configs]
    return _dearest(fleet["TargetOnDemandCapacity"], nodes) + _dearest(fleet["TargetSpotCapacity"], nodes)


def _dearest(capacity: int, nodes: list[tuple[int, float]]) -> float:
    """Dollars per hour of the most expensive choice of nodes (weight, price) that fills `capacity`. The last node may
    exceed it: EMR adds instances until the target is reached."""
    most = [0.0]
    for units in range(1, capacity + 1):
        most.append(max(price + most[max(0, units - weight)] for weight, price in nodes))
    return most[capacity]
