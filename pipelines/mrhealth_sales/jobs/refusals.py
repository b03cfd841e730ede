"""What the product lacks of each unit's delivery: refused rows and money, and unreadable files."""

from __future__ import annotations

from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from medallion.changeset import Changeset
from medallion.lake import Lake
from medallion.manifest import NO_LOSS, OTHER_FILES
from medallion.quality import QUARANTINED
from medallion.raw import QUARANTINE_SCHEMA
from medallion.shapes import MONEY_TYPE
from mrhealth_sales.jobs.tables import OF_UNITS
from mrhealth_sales.jobs.versions import TOLD

# Files that operating systems create beside others; nobody sent them.
NOT_SENT = r"/(\.DS_Store|\._[^/]*|Thumbs\.db|desktop\.ini|_SUCCESS|[^/]*\.crc)$"


def of_units(lake: Lake, changes: Changeset) -> DataFrame:
    """One row for each unit that sent something: its `rows` and how many were `refused`, the `value` of all its orders
    and of the refused ones, as far as it could be read, and the names of the `unread` files."""
    day = str(lake.run.business_date)
    read = {table.name: changes.read(table.name, [day], TOLD[table.name]) for table in OF_UNITS}
    orders, items = (read[table.name] for table in OF_UNITS)
    told = [_of_rows(orders, F.coalesce("order_value", _nothing())), _of_rows(items, _nothing())]
    refused = [_of_quarantine(lake, table) for table in (*read, OTHER_FILES)]
    every = reduce(DataFrame.unionByName, [*told, *(frame for frame in refused if frame is not None)])
    sums = {"rows": "rows", "refused": "refused_rows", "value": "value", "refused_value": "refused_value"}
    return (
        every.where("unit_id is not null")
        .groupBy("unit_id")
        .agg(
            *[F.sum(column).alias(name) for name, column in sums.items()],
            F.array_sort(F.collect_set("unread")).alias("unread"),
        )
    )


def _of_rows(told: DataFrame, value: Column) -> DataFrame:
    lost = (F.col("outcome") == QUARANTINED) & ~F.col("reason").isin(*NO_LOSS)
    return told.select(
        "unit_id",
        F.lit(1).alias("rows"),
        lost.cast("int").alias("refused_rows"),
        value.alias("value"),
        F.when(lost, value).otherwise(_nothing()).alias("refused_value"),
        F.lit(None).cast("string").alias("unread"),
    )


def _of_quarantine(lake: Lake, table: str) -> DataFrame | None:
    """Bronze's refusals of a table. A reason that applies to the whole file (unknown header, no known table) makes the
    file unread. An empty file is reported as missing instead."""
    uri = lake.quarantine_of("bronze", table)
    if not lake.storage.exists(uri):
        return None
    rows = lake.run.spark.read.schema(QUARANTINE_SCHEMA).parquet(uri)
    whole = F.col("header").isNull() & (F.col("reason") != "empty_file") & ~F.col("source_file").rlike(NOT_SENT)
    is_row, lost = F.col("line") > 0, ~F.col("reason").isin(*NO_LOSS)
    return rows.select(
        "unit_id",
        is_row.cast("int").alias("rows"),
        (is_row & lost).cast("int").alias("refused_rows"),
        _nothing().alias("value"),
        _nothing().alias("refused_value"),
        F.when(whole, F.regexp_extract("source_file", r"([^/]*)$", 1)).alias("unread"),
    )


def _nothing() -> Column:
    return F.lit(0).cast(MONEY_TYPE)
