"""A history of mrhealth_sales written in bulk: all that later nights read of it, as its own nights would have left it.

It uses the jobs' own functions, for many days at once. It holds for deliveries without faults and corrections only, as
datagen makes them with faults=False: each day's orders are of that day, and no order comes twice.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import date
from functools import partial
from typing import Any

from pyspark.sql import functions as F  # noqa: N812

from medallion.arrivals import bronze_columns, read_files, rows_with_columns
from medallion.changeset import Changeset
from medallion.lake import DATED, DAY, Lake
from medallion.quality import accepted
from medallion.run import Run
from mrhealth_sales.jobs import bronze, gold, look_back, silver, summaries, versions
from mrhealth_sales.jobs.order_index import INDEX, SCHEMA, OrderIndex, entries
from mrhealth_sales.jobs.summaries import PRODUCT_DAYS, UNIT_DAYS
from mrhealth_sales.jobs.tables import ITEMS, OF_OFFICE, ORDERS

# The tables of silver that are replaced by day or month, which nights read of earlier dates.
TABLES = (versions.ORDERS, versions.ITEMS, *versions.HOLDS, *summaries.SCHEMAS, INDEX)


class _Index(OrderIndex):
    """The index of many dates: no earlier date has any of their orders."""

    def dates_of(self, _keys: Any) -> list[str]:
        return []

    def keep(self, _keys: Any) -> None:
        """Stage the index of the orders that are staged already, by their dates."""


def write(run: Run, days: Sequence[date], first: date) -> None:
    """Write the history of consecutive days, the last of which is the run's, behind a lake whose last night is the day
    before them; head office's names are those of `first`, the lake's first night. Publishes gold."""
    lake = Lake(run)
    lake.fit_spark_to(None)
    changes, names = Changeset(lake), [str(day) for day in days]
    orders, items = _typed(lake, days, first)
    told = {
        table: changes.stage(table, _dated(frame, versions.TOLD[table]), names, versions.TOLD[table])
        for table, frame in ((versions.ORDERS, orders), (versions.ITEMS, items))
    }
    merged = versions.merge(changes, _Index(lake, changes), told[versions.ORDERS], told[versions.ITEMS], days[-1])
    _index(changes, told[versions.ORDERS], names)
    frames = {
        UNIT_DAYS: summaries.unit_days(merged.current_orders, _came(told[versions.ORDERS]), None),
        PRODUCT_DAYS: summaries.product_days(merged.current_items),
    }
    for table, frame in frames.items():
        by_day = frame.withColumn(DAY, F.col("order_date").cast("string"))
        changes.stage(table, by_day, names, summaries.SCHEMAS[table])
    changes.commit([])
    _windows(lake)
    _names(lake, names, first)
    _publish(lake, names)
    run.spark.catalog.clearCache()


def _typed(lake: Lake, days: Sequence[date], first: date) -> tuple[Any, Any]:
    """The judged orders and items of the days, named."""
    run = lake.run
    roots = [f"{run.input}/{day:%Y/%m/%d}" for day in days]
    files = [file for root in roots for file in lake.storage.files(root)]
    rows = read_files(run, roots, partial(bronze.rows_of, bounds=run.bounds)).cache()
    arrivals = bronze.arrivals(run.spark, files)
    arrived = {
        table: accepted(rows_with_columns(rows, table).withColumn("ingested_at", F.lit(run.started_at)))
        .select(*bronze_columns(table))
        .join(F.broadcast(arrivals), on="source_file", how="left")
        for table in (ORDERS, ITEMS)
    }
    office = {
        table.name: run.spark.read.parquet(lake.partition("silver", table.name, str(first))) for table in OF_OFFICE
    }
    orders = silver.orders(arrived[ORDERS], run.business_date)
    named = silver.with_branch(orders, office["units"], office["states"], office["countries"]).cache()
    return named, silver.with_product(silver.items(arrived[ITEMS], named), office["products"])


def _dated(rows: Any, schema: str) -> Any:
    """The rows with their delivery's date, from the folder of their file."""
    day = F.regexp_replace(F.regexp_extract("source_file", r"/(\d{4}/\d\d/\d\d)/", 1), "/", "-")
    dated = rows.withColumns({"business_date": day.cast("date"), DAY: day})
    return dated.select(*silver.columns_of(schema), DAY)


def _index(changes: Changeset, orders: Any, names: Sequence[str]) -> None:
    new = entries(orders.select("business_date", "unit_id", "order_id"))
    periods = sorted({name[:9] for name in names})
    before = changes.known(INDEX, periods, SCHEMA)
    whole = new if before is None else before.unionByName(new)
    by_period = whole.withColumn(DAY, F.substring(F.col("business_date").cast("string"), 1, 9))
    changes.stage(INDEX, by_period, periods, SCHEMA)


def _came(orders: Any) -> Any:
    """What summaries.came says of each day: both files of each unit came."""
    day = F.col("business_date")
    flags = [F.lit(True).alias(flag) for flag in summaries.CAME.values()]
    units = orders.select("business_date", "unit_id").distinct()
    return units.select(day.alias("arrived"), day.alias("order_date"), "unit_id", *summaries.nought(), *flags)


def _windows(lake: Lake) -> None:
    """The rolling window of the last day, the only one that the next night reads."""
    changes = Changeset(lake)
    for table in (UNIT_DAYS, PRODUCT_DAYS):
        look_back.keep(lake, table, look_back.window(lake, changes, table))


def _names(lake: Lake, names: Sequence[str], first: date) -> None:
    """Names and prices as of each day: those of the first, for nothing changes and all is sold on it."""
    of_first = lake.partition("silver", "dimensions", str(first))
    for name in names:
        shutil.copytree(of_first, lake.partition("silver", "dimensions", name))


def _publish(lake: Lake, names: Sequence[str]) -> None:
    orders, items = versions.current(Changeset(lake), names)
    products = {"sales_by_branch_day": gold.sales_by_branch_day(orders), "product_sales": gold.product_sales(items)}
    lake.stage(products, names)
    for table in products:
        for name in names:
            target = f"{lake.run.lake}/gold/{lake.run.pipeline}/{table}/{DATED}{name}"
            shutil.copytree(f"{lake.staged(table)}/{DATED}{name}", target)
