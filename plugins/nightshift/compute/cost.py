"""Cost of clusters and ingestion hosts, from list prices (compute/instances) and hours. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nightshift.compute.instances import VCPU_OF_XLARGE, Table

CURRENCY = "USD"
PROVISIONING_MINUTES = 7.0  # planned EMR start-up time; 5 to 10 are observed
HOST_PART, REQUESTS = "host", "requests"  # parts of a bill, beside EC2, EMR and EBS or the target's own
HOST_RATES, DISK_RATES, REQUEST_RATES = ("host", "ipv4"), ("gp2", "gp3"), ("put", "get")  # names in the table
DISK_GIB_OF_XLARGE, ROOT_GIB = 64, 15  # what EMR attaches to a node; twice the size has twice the disk
HOURS_OF_MONTH = 730  # as AWS counts it
PUTS_OF_ENTRY, GETS_OF_ENTRY = 3, 12  # a ledger entry, its marker and terraform's state; lists are priced as PUT
PUTS_OF_TABLE, GETS_OF_TABLE = 40, 200  # files, renames and looks of a Spark write and read
SPOT, ON_DEMAND = "SPOT", "ON_DEMAND"


@dataclass(frozen=True)
class Node:
    """One machine of a place, as it is billed. `spot`: dollars per hour that its Spot price was on average; None for
    On-Demand, and for Spot whose price is not known, which is priced as On-Demand. `share`: the part of its bill that
    is the run's."""

    place_id: str
    type: str
    market: str
    started_at: datetime
    ended_at: datetime | None
    spot: float | None = None
    share: float = 1.0


def hourly(fleets: list[dict[str, Any]], table: Table) -> float:
    """Dollars per hour of the fleets (as in RunJobFlow), each as the most expensive instances that fill its capacity,
    and On-Demand, to which Spot falls back; with EMR's fee and disks, without traffic. Raises PreflightError for a type
    without a price."""
    return sum(_fleet(fleet, table) for fleet in fleets)


def estimate(fleets: list[dict[str, Any]], work_minutes: float, table: Table) -> float:
    """Dollars for a cluster whose steps take `work_minutes`, including start-up. Raises as `hourly` does."""
    return round(hourly(fleets, table) * (PROVISIONING_MINUTES + work_minutes) / 60, 4)


def host(minutes: float, table: Table) -> float:
    """Dollars for an ingestion host that runs for `minutes`. Raises PreflightError for a region without prices."""
    return round(sum(map(table.rate, HOST_RATES)) * minutes / 60, 4)


def measured(fleets: list[dict[str, Any]], seconds: float, table: Table) -> float:
    """Dollars for a cluster that lived `seconds`; EC2 and EMR bill by the second, at least one minute."""
    return round(hourly(fleets, table) * max(seconds, 60) / 3600, 4)


def bill(nodes: Iterable[Node], now: datetime, table: Table) -> dict[str, float]:
    """Dollars by part, {"EC2", "EMR", "EBS"}, of nodes that each lived by the second, at least one minute. Raises
    PreflightError for a type without a price."""
    parts = dict.fromkeys(("EC2", "EMR", "EBS"), 0.0)
    for node in nodes:
        hours = node.share * max(((node.ended_at or now) - node.started_at).total_seconds(), 60) / 3600
        price = table.price(node.type)
        parts["EC2"] += hours * (price.ec2 if node.spot is None else node.spot)
        parts["EMR"] += hours * price.emr
        parts["EBS"] += hours * disks(node.type, table)
    return {part: round(usd, 4) for part, usd in parts.items()}


def spot_words(nodes: Sequence[Node]) -> str:
    """How the Spot nodes of a bill are priced; '' without any."""
    spot = [node for node in nodes if node.market == SPOT]
    unknown = sum(node.spot is None for node in spot)
    if not spot:
        return ""
    return f"Spot of {unknown} of {len(spot)} nodes as On-Demand: AWS gave no price" if unknown else "Spot as it was"


def disks(name: str, table: Table) -> float:
    """Dollars per hour of the EBS volumes of a node of that type. Raises PreflightError for an unknown type."""
    gib = DISK_GIB_OF_XLARGE * table.type(name).vcpu / VCPU_OF_XLARGE
    return (gib * table.rate("gp2") + ROOT_GIB * table.rate("gp3")) / HOURS_OF_MONTH


def requests(entries: int, tables: int, table: Table) -> float:
    """Dollars for S3's requests, estimated from the number of ledger entries and of tables that layers wrote."""
    puts = PUTS_OF_ENTRY * entries + PUTS_OF_TABLE * tables
    gets = GETS_OF_ENTRY * entries + GETS_OF_TABLE * tables
    return round(puts * table.rate("put") + gets * table.rate("get"), 4)


def minutes_within(usd: float, price: Callable[[float], float]) -> float:
    """The minutes of work that `usd` buys, by a price of minutes that grows evenly; infinite if work costs nothing."""
    low, high = 600.0, 6000.0  # far beyond what is billed at least, and apart enough for prices that are rounded
    each = (price(high) - price(low)) / (high - low)
    return (usd - (price(low) - low * each)) / each if each > 0 else float("inf")


def _fleet(fleet: Mapping[str, Any], table: Table) -> float:
    configs = fleet["InstanceTypeConfigs"]
    nodes = [(config.get("WeightedCapacity", 1), _node(config["InstanceType"], table)) for config in configs]
    return _dearest(fleet["TargetOnDemandCapacity"], nodes) + _dearest(fleet["TargetSpotCapacity"], nodes)


def _node(name: str, table: Table) -> float:
    return table.price(name).total + disks(name, table)


def _dearest(capacity: int, nodes: list[tuple[int, float]]) -> float:
    """Dollars per hour of the most expensive choice of nodes (weight, price) that fills `capacity`. The last node may
    exceed it: EMR adds instances until the target is reached."""
    most = [0.0]
    for units in range(1, capacity + 1):
        most.append(max(price + most[max(0, units - weight)] for weight, price in nodes))
    return most[capacity]
