"""An order counts once: orders that came on another day than their own are checked against what was counted before.

A unit's drop of day D may hold an order of an earlier day O: late, or sent again. It was counted before if silver
holds it in the partition of O, or in that of any day that brought late orders of O. Which days did is remembered by
empty marker files, `late_orders/order_date=O/business_date=D`, so that nothing but those partitions is read. Markers
are only ever added: a stale one costs a look into a partition, never an order.
"""

from __future__ import annotations

from collections.abc import Iterable

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from medallion.lake import DATED, Lake
from medallion.quality import overrule
from medallion.typing_rules import DAY, typed

REASON = "already_counted"
KEY = ["unit_id", "order_id"]
_DAY = DAY.strip("^$")  # wherever it stands in the cell, whatever blanks are around it


def off_dates(bronze: DataFrame, business_date: str) -> list[str]:
    """The order dates, other than the drop's own, in drops that name their unit.

    Asked of bronze, before any row is judged: the date of a row that is refused later costs a look, no more.
    """
    day = F.regexp_extract("data_pedido", _DAY, 0).alias("day")
    days = bronze.where(F.col("unit_id").isNotNull()).select(day).distinct()
    off = days.where(typed("day", "date").isNotNull() & (F.col("day") != business_date))
    return sorted(row["day"] for row in off.collect())


def _markers(lake: Lake, order_date: str) -> str:
    return f"{lake.run.lake}/silver/{lake.run.pipeline}/late_orders/order_date={order_date}"


def days_to_look_into(lake: Lake, order_dates: Iterable[str]) -> list[str]:
    """The business dates, other than this run's, whose partitions may hold orders of these dates."""
    own, days = lake.run.business_date.isoformat(), set()
    for order_date in order_dates:
        days.add(order_date)
        days.update(name.removeprefix(DATED) for name in lake.storage.names(_markers(lake, order_date)))
    days.discard(own)
    return sorted(day for day in days if lake.storage.exists(lake.partition("silver", "orders", day)))


def leave_markers(lake: Lake, order_dates: Iterable[str]) -> None:
    """Remember that this business date brought orders of these dates."""
    for order_date in order_dates:
        lake.storage.write_text(f"{_markers(lake, order_date)}/{DATED}{lake.run.business_date}", "")


def counted_keys(lake: Lake, days: Iterable[str], schema: str) -> DataFrame | None:
    """The keys of the orders that these business dates counted; None when there is no day to look into."""
    uris = [lake.partition("silver", "orders", day) for day in days]
    if not uris:
        return None
    return lake.run.spark.read.schema(schema).parquet(*uris).select(*KEY).distinct()


def refuse_counted(judged: DataFrame, counted: DataFrame) -> DataFrame:
    """Quarantine the rows (orders, or items of orders) whose order was counted before.

    Only rows of drops that name their unit: a flat drop is a bulk load that brings its own history.
    """
    keys = counted.select(*KEY, F.lit(True).alias("_counted"))
    told = F.lit("an earlier drop brought this order, and it counts once")
    marked = judged.join(keys, on=KEY, how="left")
    return overrule(marked, REASON, F.col("_counted") & F.col("dated"), told).drop("_counted")


def refused_keys(orders: DataFrame) -> DataFrame:
    """The keys of the orders that were refused as counted before; their items go the same way."""
    return orders.where(F.col("reason") == REASON).select(*KEY).distinct()
