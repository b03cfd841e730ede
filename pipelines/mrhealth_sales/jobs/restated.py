"""Which published days change with this run, and their figures before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pyspark.sql import functions as F

from medallion.lake import DATED, DAY, Lake, Product
from medallion.manifest import Restated
from nightshift_contract.reading import contract

# The tables partitioned by day, and the figures reported for a change; the year's share follows from the day's.
FIGURES = {
    "sales_by_branch_day": ("orders", "gross_value", "revenue", "pending_value", "cancelled_value", "delivery_fees"),
    "product_sales": ("quantity", "gross_value", "finished_quantity", "revenue"),
}


def between(lake: Lake, products: Mapping[str, Product], days: Sequence[str]) -> list[Restated]:
    """The published days of these products in which at least one row changes, even if the totals do not; `days` are the
    candidates."""
    return [
        told for table, figures in FIGURES.items() for told in _between(lake, table, products[table], figures, days)
    ]


def _between(
    lake: Lake, table: str, product: Product, figures: Sequence[str], days: Sequence[str]
) -> Iterator[Restated]:
    root = f"{lake.run.lake}/gold/{lake.run.pipeline}/{table}"
    files = {day: file for day in days for file in lake.storage.files(f"{root}/{DATED}{day}")}
    if not files:
        return
    schema = contract(lake.run.pipeline).gold[table].schema
    names = [column for column in product.frame.columns if column != DAY]
    published = lake.run.spark.read.schema(f"{schema}, business_date string").option("basePath", root)
    before = published.parquet(*(f"{root}/{DATED}{day}" for day in files)).withColumnRenamed("business_date", DAY)
    after = product.frame.where(F.col(DAY).isin(*files))
    # One row a key with its row before and after; the keys where the two differ are the changes.
    sides = [
        frame.select(DAY, *product.key, F.struct(*names).alias("row"), F.lit(side).alias("side"))
        for frame, side in ((before, "before"), (after, "after"))
    ]
    keys = (
        sides[0].unionByName(sides[1]).groupBy(DAY, *product.key).agg(*[_row_of(side) for side in ("before", "after")])
    )
    sums = [
        F.coalesce(F.sum(f"{side}.{figure}"), F.lit(0)).alias(f"{side}_{figure}")
        for side in ("before", "after")
        for figure in figures
    ]
    rows = F.sum((~F.col("before").eqNullSafe(F.col("after"))).cast("int")).alias("rows")
    for row in sorted(keys.groupBy(DAY).agg(rows, *sums).where("rows > 0").collect(), key=lambda row: row[DAY]):
        since = f"{datetime.fromtimestamp(files[row[DAY]].modified / 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"
        was, now = ({figure: str(row[f"{side}_{figure}"]) for figure in figures} for side in ("before", "after"))
        yield Restated(table, row[DAY], since, was, now, row["rows"])


def _row_of(side: str) -> Any:
    return F.max(F.when(F.col("side") == side, F.col("row"))).alias(side)
