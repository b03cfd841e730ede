"""Index of the dates whose deliveries contain an order, so that they are found without reading the deliveries.

For each date that was run and each unit of its delivery, the index keeps the range of the order numbers where they are
dense integers, or else (UUIDs) the xxHash64 of each; one file a month. A false match costs one extra read and nothing
more: by a hash collision (all pairs of numbers in 2**64), or for a number that the range includes but no order has.
"""

from __future__ import annotations

from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from medallion.changeset import Changeset
from medallion.lake import DAY

INDEX = "order_index"
SCHEMA = "business_date date, unit_id int, least bigint, most bigint, hashes array<bigint>"
SPARSE = 8  # a range is kept only if at least one in this many of its numbers is an order


def entries(keys: DataFrame, day: date) -> DataFrame:
    """The index of one date's keys (unit_id, order_id)."""
    number = F.expr("try_cast(order_id as bigint)")
    all_numbers = F.max(number.isNull().cast("int")) == 0
    sums = keys.groupBy("unit_id").agg(
        F.when(all_numbers, F.min(number)).alias("least"),
        F.when(all_numbers, F.max(number)).alias("most"),
        F.array_sort(F.collect_set(F.xxhash64("order_id"))).alias("hashes"),
    )
    close = (F.col("most") - F.col("least")) < SPARSE * F.size("hashes")
    bound = [F.when(close, F.col(name)).alias(name) for name in ("least", "most")]
    hashes = F.when(close, F.expr("cast(array() as array<bigint>)")).otherwise(F.col("hashes")).alias("hashes")
    return sums.select(F.lit(day).alias("business_date"), "unit_id", *bound, hashes)


def dates_of(changes: Changeset, keys: DataFrame, day: date) -> list[str]:
    """The business dates, other than `day`, whose deliveries may contain one of these keys."""
    index = changes.known(INDEX, changes.held(INDEX), SCHEMA)
    if index is None:
        return []
    others = index.where(F.col("business_date") != F.lit(day))
    asked = keys.groupBy("unit_id").agg(
        F.collect_set(F.expr("try_cast(order_id as bigint)")).alias("numbers"),
        F.collect_set(F.xxhash64("order_id")).alias("asked"),
    )
    met = others.join(F.broadcast(asked), on="unit_id").where(_within() | F.arrays_overlap("hashes", "asked"))
    return sorted(row[0].isoformat() for row in met.select("business_date").distinct().collect())


def _within() -> Column:
    return F.exists("numbers", lambda number: (number >= F.col("least")) & (number <= F.col("most")))


def keep(changes: Changeset, keys: DataFrame, day: date) -> None:
    """Stage the index with this date's current delivery, replacing the date's earlier entries."""
    month = f"{day:%Y-%m}"
    kept, new = changes.known(INDEX, [month], SCHEMA), entries(keys, day)
    whole = new if kept is None else kept.where(F.col("business_date") != F.lit(day)).unionByName(new)
    changes.stage(INDEX, whole.withColumn(DAY, F.lit(month)), [month], SCHEMA)
