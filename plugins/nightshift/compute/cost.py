"""Cost of clusters and ingestion hosts, from dated list prices and hours. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PRICES_AS_OF = "2026-11-20"
CURRENCY = "USD"
PROVISIONING_MINUTES = 7.0  # planned EMR start-up time; 5 to 10 are observed

# us-east-1, $ per hour: (EC2 On-Demand, EMR). Sources: docs/decisions/0005-prices.md.
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
HOME = "us-east-1"  # the region of PRICES, from which other regions' prices are derived
# $ per hour of an m5.xlarge by region. Other EC2 prices are assumed to differ by the same factor. EMR's own fee is
# known for us-east-1 only.
_M5_XLARGE_BY_PRICE = {
    0.192: "us-east-1 us-east-2 us-west-2",
    0.202: "ap-south-1",
    0.204: "eu-north-1",
    0.214: "ca-central-1 eu-south-2 eu-west-1",
    0.222: "eu-west-2",
    0.224: "eu-south-1 eu-west-3 us-west-1",
    0.230: "eu-central-1",
    0.235: "me-central-1 me-south-1",
    0.236: "ap-northeast-2",
    0.240: "ap-southeast-1 ap-southeast-2 ap-southeast-3 ap-southeast-4",
    0.248: "ap-northeast-1 ap-northeast-3",
    0.254: "af-south-1",
    0.264: "ap-east-1",
}
M5_XLARGE = {region: price for price, regions in _M5_XLARGE_BY_PRICE.items() for region in regions.split()}
HOST = 0.0208 + 0.005  # ingestion host, $ per hour: t3.small On-Demand and its public IPv4 address
DEAREST = max(PRICES.values())  # an unknown type gets the highest known price


def prices(region: str) -> str:
    """A phrase that says from which region's prices those of `region` are derived."""
    if region == HOME:
        return f"prices of {HOME}, {PRICES_AS_OF}"
    if region in M5_XLARGE:
        return f"EC2 in {region} as its m5.xlarge is to that of {HOME}, EMR's fee of {HOME}; {PRICES_AS_OF}"
    return f"prices of {HOME}, {PRICES_AS_OF}: those of {region} are not known here and may be far higher"


def hourly(fleets: list[dict[str, Any]], region: str = HOME) -> float:
    """Dollars per hour of the fleets (as in RunJobFlow), each at its most expensive type and On-Demand, to which Spot
    falls back. Disks and traffic are not included."""
    return sum(_fleet(fleet, _times(region)) for fleet in fleets)


def estimate(fleets: list[dict[str, Any]], work_minutes: float, region: str = HOME) -> float:
    """Dollars for a cluster whose steps take `work_minutes`, including start-up."""
    return round(hourly(fleets, region) * (PROVISIONING_MINUTES + work_minutes) / 60, 4)


def host(minutes: float, region: str = HOME) -> float:
    """Dollars for an ingestion host that runs for `minutes`."""
    return round(HOST * _times(region) * minutes / 60, 4)


def measured(fleets: list[dict[str, Any]], seconds: float, region: str = HOME) -> float:
    """Dollars for a cluster that lived `seconds`; EC2 and EMR bill by the second, at least one minute."""
    return round(hourly(fleets, region) * max(seconds, 60) / 3600, 4)


def _times(region: str) -> float:
    """The region's EC2 price as a factor of us-east-1's; 1 for an unknown region."""
    return M5_XLARGE.get(region, M5_XLARGE[HOME]) / M5_XLARGE[HOME]


def _fleet(fleet: Mapping[str, Any], times: float) -> float:
    types = [config["InstanceType"] for config in fleet["InstanceTypeConfigs"]]
    dearest = max(ec2 * times + emr for ec2, emr in (PRICES.get(kind, DEAREST) for kind in types))
    return float((fleet["TargetOnDemandCapacity"] + fleet["TargetSpotCapacity"]) * dearest)
