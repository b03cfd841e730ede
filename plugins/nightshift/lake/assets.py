"""Gold tables as Airflow's assets, so that other DAGs can be scheduled by them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from airflow.sdk import Asset

from nightshift.config import Settings
from nightshift.contracts.pipeline import Pipeline
from nightshift.run.run_context import RunContext

MOST_DAYS = 60  # named in an event; it is a row of Airflow's database


def of_pipeline(settings: Settings, pipeline: Pipeline) -> list[Asset]:
    """An asset for each gold table of the product: <product>.<table>, at its folder in the lake."""
    folder = f"s3://{settings.bucket('lake')}/gold/{pipeline.product}"
    return [Asset(name=f"{pipeline.product}.{table.name}", uri=f"{folder}/{table.name}") for table in pipeline.gold]


def of_input(settings: Settings, pipeline: Pipeline) -> list[Asset]:
    """The asset that starts the pipeline's runs: the gold table that it takes."""
    product, _, table = pipeline.after.partition(".")
    return [Asset(name=pipeline.after, uri=f"s3://{settings.bucket('lake')}/gold/{product}/{table}")]


def date_of(events: Any, pipeline: Pipeline) -> str | None:
    """The newest business date in the events that started a run, by their extra; None if the asset's have none.
    `events` is the context's triggering_asset_events."""
    own = [event for asset in events for event in events[asset] if asset.name == pipeline.after]
    return max((str(event.extra["business_date"]) for event in own if event.extra.get("business_date")), default=None)


def announce(outlets: Iterable[Any], events: Any, nights: Sequence[tuple[RunContext, Any]]) -> None:
    """Give each asset's event the newest published date, its partition and rows, the rows of every partition that was
    published, and the run. `nights` are the published dates, each with its manifests, oldest first."""
    for asset in outlets:
        days: dict[str, int] = {}
        for night, manifests in nights:
            staged = [
                gold
                for m in manifests
                for gold in m["gold"]
                if asset.name == f"{night.pipeline.product}.{gold['table']}"
            ]
            days |= {day: rows for gold in staged for day, rows in _days(night, gold).items()}
        if days:
            own = str(nights[-1][0].business_date)
            partition = f"{asset.uri.rstrip('/')}/business_date={own}/"
            named = dict(sorted(days.items())[-MOST_DAYS:])
            events[asset].extra = {
                "business_date": own,
                "partition": partition,
                "rows": days.get(own, 0),
                "partitions": named,
                "run": nights[-1][0].run,
            }


def rows(nights: Sequence[tuple[RunContext, Any]]) -> dict[str, int]:
    """The rows of each table over all published partitions."""
    counted: dict[str, int] = {}
    for night, manifests in nights:
        for gold in (gold for manifest in manifests for gold in manifest["gold"]):
            counted[gold["table"]] = counted.get(gold["table"], 0) + sum(_days(night, gold).values())
    return counted


def _days(night: RunContext, gold: Mapping[str, Any]) -> dict[str, int]:
    """The rows of each partition of a staged table."""
    return gold.get("days") or {str(night.business_date): gold["rows"]}
