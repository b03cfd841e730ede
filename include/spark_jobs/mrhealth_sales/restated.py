"""Which published days say something else from now on, and what they said before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from medallion.contract import contract
from medallion.lake import DATED, Lake
from medallion.manifest import Restated

TABLE = "sales_by_branch_day"
FIGURES = ("orders", "gross_value", "revenue", "pending_value", "cancelled_value")


def between(lake: Lake, sales: DataFrame, days: Sequence[str]) -> list[Restated]:
    """The days of `sales` that were published with other totals; `days` are those that it is of."""
    root = f"{lake.run.lake}/gold/{lake.run.pipeline}/{TABLE}"
    files = {day: file for day in days for file in lake.storage.files(f"{root}/{DATED}{day}")}
    if not files:
        return []
    schema = contract(lake.run.pipeline).gold[TABLE].schema
    published = lake.run.spark.read.schema(schema).parquet(*(file.uri for file in files.values()))
    before, after = _totals(published), _totals(sales)
    nothing = dict.fromkeys(FIGURES, "0")
    pairs = {day: (before.get(day, nothing), after.get(day, nothing)) for day in sorted(files)}
    return [
        Restated(TABLE, day, f"{datetime.fromtimestamp(files[day].modified / 1000, UTC):%Y-%m-%dT%H:%M:%SZ}", was, now)
        for day, (was, now) in pairs.items()
        if was != now
    ]


def _totals(sales: DataFrame) -> Mapping[str, dict[str, str]]:
    sums = sales.groupBy("order_date").agg(*[F.sum(figure).alias(figure) for figure in FIGURES])
    return {str(row["order_date"]): _told(row) for row in sums.collect()}


def _told(row: Any) -> dict[str, str]:
    return {figure: str(row[figure]) for figure in FIGURES}
