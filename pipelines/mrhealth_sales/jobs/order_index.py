"""Index of the dates whose deliveries contain an order, so that they are found without reading the deliveries.

For each date that was run and each unit of its delivery, the index keeps the range of the order numbers where they are
dense integers, or else (UUIDs) the xxHash64 of each; a partition for each period of ten days. A run reads its own
period, and of the others only those that index_segments names. A false match costs one extra read and nothing more: by
a hash collision, or for a number that the range includes but no order has.
"""

from __future__ import annotations

from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from medallion.changeset import Changeset
from medallion.lake import DAY, Lake
from mrhealth_sales.jobs import index_segments

INDEX = "order_index"
SCHEMA = "business_date date, unit_id int, least bigint, most bigint, hashes array<bigint>"
SPARSE = 8  # a range is kept only if at least one in this many of its numbers is an order
NUMBER, HASH = "try_cast(order_id as bigint)", "xxhash64(order_id)"


def period_of(day: date) -> str:
    """The partition of a date: its month and the first digit of its day."""
    return day.isoformat()[:9]


def entries(keys: DataFrame) -> DataFrame:
    """The index of some deliveries' keys (business_date, unit_id, order_id)."""
    number = F.expr(NUMBER)
    all_numbers = F.max(number.isNull().cast("int")) == 0
    sums = keys.groupBy("business_date", "unit_id").agg(
        F.when(all_numbers, F.min(number)).alias("least"),
        F.when(all_numbers, F.max(number)).alias("most"),
        F.array_sort(F.collect_set(F.expr(HASH))).alias("hashes"),
    )
    close = (F.col("most") - F.col("least")) < SPARSE * F.size("hashes")
    bound = [F.when(close, F.col(name)).alias(name) for name in ("least", "most")]
    hashes = F.when(close, F.expr("cast(array() as array<bigint>)")).otherwise(F.col("hashes")).alias("hashes")
    return sums.select("business_date", "unit_id", *bound, hashes)


class OrderIndex:
    """The index of the other dates' deliveries, as the run of one date reads and extends it."""

    def __init__(self, lake: Lake, changes: Changeset) -> None:
        self._lake, self._changes, self._day = lake, changes, lake.run.business_date
        self._period = period_of(self._day)
        # Both the lookup and the period's new file need it.
        own = self._others([self._period])
        self._own_period = None if own is None else own.cache()

    def dates_of(self, keys: DataFrame) -> list[str]:
        """The business dates, other than the run's, whose deliveries may contain one of these keys (unit_id,
        order_id)."""
        periods = index_segments.periods_of(self._lake, self._periods(), keys.selectExpr("unit_id", NUMBER, HASH))
        parts = [part for part in (self._own_period, self._others(periods)) if part is not None]
        if not parts:
            return []
        requested = keys.groupBy("unit_id").agg(
            F.collect_set(F.expr(NUMBER)).alias("numbers"), F.collect_set(F.expr(HASH)).alias("requested")
        )
        index = parts[0] if len(parts) == 1 else parts[0].unionByName(parts[1])
        return _dates(index.join(F.broadcast(requested), on="unit_id"))

    def dates_of_any_unit(self, orders: DataFrame) -> list[str]:
        """The same for orders whose unit is not known (order_id); reads the whole index."""
        if (index := self._others([*self._changes.held(INDEX)])) is None:
            return []
        requested = orders.agg(
            F.collect_set(F.expr(NUMBER)).alias("numbers"), F.collect_set(F.expr(HASH)).alias("requested")
        )
        return _dates(index.crossJoin(F.broadcast(requested)))

    def keep(self, keys: DataFrame) -> None:
        """Stage the index with the run's own delivery, replacing the date's earlier entries."""
        new = entries(keys.withColumn("business_date", F.lit(self._day)))
        whole = new if self._own_period is None else self._own_period.unionByName(new)
        self._changes.stage(INDEX, whole.withColumn(DAY, F.lit(self._period)), [self._period], SCHEMA)

    def _periods(self) -> index_segments.Periods:
        """The other periods of the index."""
        held = {period: token for period, token in self._changes.held(INDEX).items() if period != self._period}
        is_newest = self._period >= max(held, default="")
        return index_segments.Periods(held, is_newest, lambda periods: self._changes.read(INDEX, periods, SCHEMA))

    def _others(self, periods: list[str]) -> DataFrame | None:
        rows = self._changes.known(INDEX, periods, SCHEMA)
        return None if rows is None else rows.where(F.col("business_date") != F.lit(self._day))


def _dates(index: DataFrame) -> list[str]:
    """The dates of an index joined with the requested `numbers` and hashes, where one matches."""
    matches = index.where(_within() | F.arrays_overlap("hashes", "requested"))
    return sorted(row[0].isoformat() for row in matches.select("business_date").distinct().collect())


def _within() -> Column:
    return F.exists("numbers", lambda number: (number >= F.col("least")) & (number <= F.col("most")))
