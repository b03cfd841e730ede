"""Items of deliveries that name no unit, whose order came in none of these: they wait for it, of whatever unit it is.

Silver keeps them by the date of their delivery (`waiting_items`), without a unit. A run gives each the unit of a valid
order with its number; if several units have that number, the lowest. So the same deliveries give the same items in
whatever order their dates are run (docs/decisions/0048).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from medallion.changeset import Changeset
from medallion.lake import DAY
from medallion.quality import is_accepted

WAITING = "waiting_items"
WITHOUT_UNIT = "unit_id is null"


def orders_concerned(changes: Changeset, keys: DataFrame, day: date) -> DataFrame | None:
    """The numbers (order_id) of the orders that a run must look up in all units: those of waiting items that it brings
    or brought before (keys without a unit), and those of other deliveries' that one of its keys has. None: no item
    waits."""
    own = keys.where(WITHOUT_UNIT).select("order_id")
    others = _others(changes, day)
    if others is None:
        return None if own.isEmpty() else own.distinct()
    return own.unionByName(others.select("order_id").join(keys, on="order_id", how="left_semi")).distinct().cache()


def items(changes: Changeset, own: DataFrame, latest: DataFrame, day: date, schema: str) -> DataFrame:
    """Stage a delivery's own waiting items (accepted rows without a unit); returns these and all others that meet a
    valid order, with its unit."""
    changes.stage(WAITING, own.withColumn(DAY, F.lit(str(day))), [str(day)], schema)
    others = _others(changes, day, schema)
    return with_unit(own if others is None else own.unionByName(others), latest).where("unit_id is not null")


def with_unit(items: DataFrame, latest: DataFrame) -> DataFrame:
    """The items, those without a unit with that of the valid order that they meet."""
    units = latest.groupBy("order_id").agg(F.min("unit_id").alias("_unit"))
    met = items.join(units, on="order_id", how="left")
    return met.withColumn("unit_id", F.coalesce("unit_id", "_unit")).select(*items.columns)


def warned(items: DataFrame, latest: DataFrame) -> DataFrame:
    """A delivery's judged items, those without a unit with that of the order that they meet; with a warning, before any
    other, if several units have its number."""
    units = latest.groupBy("order_id").agg(F.min("unit_id").alias("_unit"), F.count_distinct("unit_id").alias("_units"))
    met = items.join(units, on="order_id", how="left")
    ambiguous = is_accepted() & F.col("unit_id").isNull() & (F.col("_units") > 1)
    warning = F.when(ambiguous, F.lit("ambiguous_order")).otherwise(F.col("warning"))
    return met.withColumns({"warning": warning, "unit_id": F.coalesce("unit_id", "_unit")}).select(*items.columns)


def _others(changes: Changeset, day: date, schema: str = "unit_id int, order_id string") -> DataFrame | None:
    days: Sequence[str] = [one for one in changes.held(WAITING) if one != str(day)]
    return changes.known(WAITING, days, schema)
