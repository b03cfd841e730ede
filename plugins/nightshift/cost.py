"""What a cluster costs: list prices with a date, and hours. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PRICES_AS_OF = "2026-11-20"
CURRENCY = "USD"
PROVISIONING_MINUTES = 7.0  # EMR start-up, planned; from 5 to 10 are seen

# us-east-1, $ an hour: (EC2 On-Demand, EMR). Where each comes from: docs/decisions/0005-prices.md.
PRICES: Mapping[str, tuple[float, float]] = {
    "m5.xlarge": (0.192, 0.048),
    "m5a.xlarge": (0.172, 0.043),
    "m6i.xlarge": (0.192, 0.048),
    "m6a.xlarge": (0.1728, 0.0432),
    "m6g.xlarge": (0.154, 0.0385),
    "m7g.xlarge": (0.1632, 0.0408),
    "r5.xlarge": (0.252, 0.063),
    "r5a.xlarge": (0.226, 0.057),
    "r6i.xlarge": (0.252, 0.063),
    "r6a.xlarge": (0.2268, 0.0567),
    "r6g.xlarge": (0.2016, 0.0504),
    "r7g.xlarge": (0.2142, 0.0536),
}
HOST = 0.0208 + 0.005  # the ingestion host, $ an hour: t3.small On-Demand and its public IPv4 address
DEAREST = max(PRICES.values())  # an unknown type is priced as the dearest known one, never as free


def hourly(fleets: list[dict[str, Any]]) -> float:
    """Dollars an hour of the fleets (shapes of RunJobFlow), each at its dearest type and all of it On-Demand,
    because that is what Spot falls back to. Disks and traffic are not in it."""
    return sum(_fleet(fleet) for fleet in fleets)


def estimate(fleets: list[dict[str, Any]], work_minutes: float) -> float:
    """Dollars for a night whose steps take `work_minutes`, start-up included."""
    return round(hourly(fleets) * (PROVISIONING_MINUTES + work_minutes) / 60, 4)


def host(minutes: float) -> float:
    """Dollars for an ingestion host that is there for so long."""
    return round(HOST * minutes / 60, 4)


def measured(fleets: list[dict[str, Any]], seconds: float) -> float:
    """Dollars for a cluster that lived `seconds`; EC2 and EMR bill by the second, one minute at least."""
    return round(hourly(fleets) * max(seconds, 60) / 3600, 4)


def _fleet(fleet: Mapping[str, Any]) -> float:
    types = [config["InstanceType"] for config in fleet["InstanceTypeConfigs"]]
    dearest = max(sum(PRICES.get(kind, DEAREST)) for kind in types)
    return float((fleet["TargetOnDemandCapacity"] + fleet["TargetSpotCapacity"]) * dearest)
