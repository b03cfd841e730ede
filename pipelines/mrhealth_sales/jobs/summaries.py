"""Silver's daily summaries for later days: one row a unit and day, one row a unit, day and product.

Gold's rolling window (mrhealth_sales.look_back) reads these instead of the orders of two months.
"""

from __future__ import annotations

from datetime import date
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from medallion.quality import accepted
from medallion.shapes import MONEY_TYPE
from mrhealth_sales.jobs.silver import CANCELLED, DONE, PENDING

UNIT_DAYS, PRODUCT_DAYS = "unit_days", "product_days"
CAME = {"orders": "orders_came", "items": "items_came"}
VALUES = {"revenue": DONE, "pending_value": PENDING, "cancelled_value": CANCELLED}  # the parts of gross_value
SCHEMAS = {
    UNIT_DAYS: (
        "arrived date, order_date date, unit_id int, orders bigint, cancelled bigint, gross_value decimal(18,2), "
        "orders_came boolean, items_came boolean, "
        "revenue decimal(18,2), pending_value decimal(18,2), cancelled_value decimal(18,2)"  # null until 2026-11-30
    ),
    PRODUCT_DAYS: "order_date date, unit_id int, product_id int, quantity bigint, price decimal(18,2)",
}


def unit_days(held: DataFrame, came: DataFrame, known: DataFrame | None) -> DataFrame:
    """The valid orders of each unit on the changed days, summed by the delivery that first contained them; includes
    units whose files had none.

    held: the valid orders of these days; came: which files arrived on the delivery's own day (`came`); known: the
    stored rows of the other days, whose file flags stay. Deliveries that name no unit are left out: what else there was
    on their days is unknown.
    """
    whole = reduce(DataFrame.unionByName, [_sold(held), came, *([_files(known)] if known is not None else [])])
    money = [F.sum(value).cast(MONEY_TYPE).alias(value) for value in ("gross_value", *VALUES)]
    sums = [*_sums("orders", "cancelled"), money[0], *_came(), *money[1:]]
    return whole.groupBy("arrived", "order_date", "unit_id").agg(*sums)


def _sold(held: DataFrame) -> DataFrame:
    return held.where("dated").select(
        F.col("first_date").alias("arrived"),
        "order_date",
        "unit_id",
        F.lit(1).alias("orders"),
        (F.col("status") == CANCELLED).cast("int").alias("cancelled"),
        F.col("order_value").alias("gross_value"),
        *[F.lit(False).alias(flag) for flag in CAME.values()],
        *[_value_of(status).alias(value) for value, status in VALUES.items()],
    )


def _value_of(status: str) -> Column:
    return F.when(F.col("status") == status, F.col("order_value")).otherwise(0)


def _files(known: DataFrame) -> DataFrame:
    """Zero-valued rows that carry the flags of which files arrived."""
    told = known.where(reduce(Column.__or__, [F.col(flag) for flag in CAME.values()]))
    return told.select("arrived", "order_date", "unit_id", *nought(), *CAME.values())


def came(orders: DataFrame, items: DataFrame, deliveries: DataFrame, day: date) -> DataFrame:
    """Zero-valued rows with the day's own file flags, from its judged rows and its deliveries."""
    # A replay may have accepted the rows of a file that was refused on arrival.
    senders = [_senders(frame, table) for table, frame in (("orders", orders), ("items", items))]
    return reduce(DataFrame.unionByName, [_arrivals(frame, day) for frame in (deliveries, *senders)])


def _sums(*columns: str) -> list[Column]:
    return [F.sum(column).alias(column) for column in columns]


def _came() -> list[Column]:
    return [F.max(flag).alias(flag) for flag in CAME.values()]


def _senders(judged: DataFrame, table: str) -> DataFrame:
    units = accepted(judged.where("dated")).select("unit_id").distinct()
    return units.select("unit_id", F.lit(table).alias("table"), F.lit(True).alias("came"))


def _arrivals(deliveries: DataFrame, day: date) -> DataFrame:
    return deliveries.select(
        F.lit(day).alias("arrived"),
        F.lit(day).alias("order_date"),
        "unit_id",
        *nought(),
        *[(F.col("came") & (F.col("table") == table)).alias(flag) for table, flag in CAME.items()],
    )


def nought() -> list[Column]:
    """The figures of a row of unit_days that stands for no order."""
    counts = [F.lit(0).alias(column) for column in ("orders", "cancelled")]
    return [*counts, *[F.lit(0).cast(MONEY_TYPE).alias(value) for value in ("gross_value", *VALUES)]]


def product_days(held: DataFrame) -> DataFrame:
    """Each unit's sales of each product on the changed days, from the valid items; the price is that of most pieces,
    the higher of two that tie."""
    by_price = (
        held.where("dated")
        .groupBy("order_date", "unit_id", "product_id", F.col("item_value").alias("price"))
        .agg(F.sum("quantity").alias("n"))
    )
    return by_price.groupBy("order_date", "unit_id", "product_id").agg(
        F.sum("n").alias("quantity"), F.max_by("price", F.struct("n", "price")).alias("price")
    )


def whole_unit_days(days: DataFrame, today: date) -> DataFrame:
    """One row a unit and day, over all deliveries of its orders; `late` counts those that arrived today for an earlier
    day."""
    late = F.when((F.col("arrived") == F.lit(today)) & (F.col("order_date") < F.lit(today)), F.col("orders"))
    sums = [*_sums("orders", "cancelled", "gross_value"), *_came(), F.coalesce(F.sum(late), F.lit(0)).alias("late")]
    return days.groupBy("unit_id", "order_date").agg(*sums)


def whole_product_days(days: DataFrame) -> DataFrame:
    """One row a unit, product and day, over all deliveries of its items; the price of most pieces."""
    price = F.max_by("price", F.struct("quantity", "price")).alias("price")
    return days.groupBy("unit_id", "product_id", "order_date").agg(F.sum("quantity").alias("quantity"), price)
