"""The nodes of clusters as EC2 bills them: from EMR's list of instances and EC2's history of Spot prices."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from nightshift.aws import clients
from nightshift.compute.cost import SPOT, Node
from nightshift.compute.emr.client import EmrClient
from nightshift.compute.target import Place
from nightshift.config import Settings

LOG = logging.getLogger(__name__)
LINUX = ["Linux/UNIX", "Linux/UNIX (Amazon VPC)"]
Quotes = list[tuple[datetime, float]]


def nodes(settings: Settings, places: Sequence[Place], now: datetime) -> list[Node]:
    """Every node that the clusters had; none of any if EMR does not list them, which the log says: a report is made
    without."""
    try:
        return [node for place in places for node in _of_cluster(settings, place, now)]
    except (BotoCoreError, ClientError) as refused:
        LOG.warning("EMR did not list the nodes, so the cost is that of the fleets as requested: %s", refused)
        return []


def average(quotes: Quotes, start: datetime, end: datetime) -> float | None:
    """The mean price from `start` to `end` of quotes (moment, dollars per hour), each of which holds until the next,
    in any order; None without any."""
    known = sorted(quotes)
    if not known:
        return None
    begun = max((n for n, (moment, _) in enumerate(known) if moment <= start), default=0)
    inside = [(max(moment, start), usd) for moment, usd in known[begun:] if moment < end] or [(start, known[begun][1])]
    inside[0] = (start, inside[0][1])
    ends = [*(moment for moment, _ in inside[1:]), end]
    seconds = [max((until - moment).total_seconds(), 0) for (moment, _), until in zip(inside, ends, strict=True)]
    total = sum(seconds)
    if not total:
        return inside[0][1]
    return sum(usd * length for (_, usd), length in zip(inside, seconds, strict=True)) / total


def _of_cluster(settings: Settings, place: Place, now: datetime) -> Iterator[Node]:
    listed = EmrClient(clients.client(settings, "emr")).instances(place.id)
    spot = [_node(place, item) for item in listed if item.get("Market") == SPOT]
    quotes = _quotes(settings, place, spot, now) if spot else {}
    for item in listed:
        node = _node(place, item)
        paid = average(quotes.get(node.type, []), node.started_at, node.ended_at or now)
        yield Node(**{**vars(node), "spot": paid if node.market == SPOT else None})


def _node(place: Place, item: Any) -> Node:
    times = item["Status"]["Timeline"]
    return Node(
        place.id, item["InstanceType"], item.get("Market", ""), times["CreationDateTime"], times.get("EndDateTime")
    )


def _quotes(settings: Settings, place: Place, spot: Sequence[Node], now: datetime) -> dict[str, Quotes]:
    """The Spot prices of the nodes' types in the cluster's zone while they lived; none if EC2 refuses. EC2 also gives
    the price that held at the start (API reference, DescribeSpotPriceHistory)."""
    zone = (
        EmrClient(clients.client(settings, "emr"))
        .cluster(place.id)
        .get("Ec2InstanceAttributes", {})
        .get("Ec2AvailabilityZone")
    )
    wanted: dict[str, Any] = {
        "InstanceTypes": sorted({node.type for node in spot}),
        "ProductDescriptions": LINUX,
        "StartTime": min(node.started_at for node in spot),
        "EndTime": max(node.ended_at or now for node in spot),
        **({"AvailabilityZone": zone} if zone else {}),
    }
    try:
        pages = clients.client(settings, "ec2").get_paginator("describe_spot_price_history").paginate(**wanted)
        return _by_type(item for page in pages for item in page["SpotPriceHistory"])
    except (BotoCoreError, ClientError) as refused:
        LOG.warning("EC2 gave no Spot prices, so Spot is priced as On-Demand: %s", refused)
        return {}


def _by_type(items: Iterable[Any]) -> dict[str, Quotes]:
    quotes: dict[str, Quotes] = {}
    for item in items:
        quotes.setdefault(item["InstanceType"], []).append((item["Timestamp"], float(item["SpotPrice"])))
    return quotes
