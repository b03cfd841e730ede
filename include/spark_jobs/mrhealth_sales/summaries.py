"""What silver keeps of a day for the days after it: a row a unit and day, a row a unit, day and product.

Gold of a day looks back (mrhealth_sales.look_back), and would read the orders of two months again if it had not these.
"""

from __future__ import annotations

from datetime import date
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from medallion.quality import accepted
from medallion.typing_rules import MONEY_TYPE
from mrhealth_sales.silver import CANCELLED

UNIT_DAYS, PRODUCT_DAYS = "unit_days", "product_days"
CAME = {"orders": "orders_came", "items": "items_came"}
SCHEMAS = {
    UNIT_DAYS: (
        "arrived date, order_date date, unit_id int, orders bigint, cancelled bigint, gross_value decimal(18,2), "
        "orders_came boolean, items_came boolean"
    ),
    PRODUCT_DAYS: "order_date date, unit_id int, product_id int, quantity bigint, price decimal(18,2)",
}


def unit_days(held: DataFrame, came: DataFrame, known: DataFrame | None) -> DataFrame:
    """What holds of each unit on the days that changed, by the drop that first told of the orders; also of a unit whose
    files held none.

    held: the orders that hold on these days; came: what the drop's own day tells of the files (`came`); known: the rows
    that the other days have, whose word on their files stands. Drops that name no unit are left out: nobody knows what
    else there was on their days.
    """
    whole = reduce(DataFrame.unionByName, [_sold(held), came, *([_files(known)] if known is not None else [])])
    sums = [*_sums("orders", "cancelled"), F.sum("gross_value").cast(MONEY_TYPE).alias("gross_value"), *_came()]
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
    )


def _files(known: DataFrame) -> DataFrame:
    """The rows of nought that say which files came."""
    told = known.where(reduce(Column.__or__, [F.col(flag) for flag in CAME.values()]))
    return told.select("arrived", "order_date", "unit_id", *_nought(), *CAME.values())


def came(orders: DataFrame, items: DataFrame, deliveries: DataFrame, day: date) -> DataFrame:
    """Rows of nought that say for the day itself which files came, out of its judged rows and its deliveries."""
    # A replay may have accepted the rows of a file that was refused when it came.
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
        *_nought(),
        *[(F.col("came") & (F.col("table") == table)).alias(flag) for table, flag in CAME.items()],
    )


def _nought() -> list[Column]:
    counts = [F.lit(0).alias(column) for column in ("orders", "cancelled")]
    return [*counts, F.lit(0).cast(MONEY_TYPE).alias("gross_value")]


def product_days(held: DataFrame) -> DataFrame:
    """What each unit sold of each product on the days that changed, out of the items that hold; the price is that of
    most pieces, the higher of two that tie."""
    by_price = (
        held.where("dated")
        .groupBy("order_date", "unit_id", "product_id", F.col("item_value").alias("price"))
        .agg(F.sum("quantity").alias("n"))
    )
    return by_price.groupBy("order_date", "unit_id", "product_id").agg(
        F.sum("n").alias("quantity"), F.max_by("price", F.struct("n", "price")).alias("price")
    )


def whole_unit_days(days: DataFrame, today: date) -> DataFrame:
    """One row a unit and day, whichever drops brought its orders; `late` came today for a day before."""
    late = F.when((F.col("arrived") == F.lit(today)) & (F.col("order_date") < F.lit(today)), F.col("orders"))
    sums = [*_sums("orders", "cancelled", "gross_value"), *_came(), F.coalesce(F.sum(late), F.lit(0)).alias("late")]
    return days.groupBy("unit_id", "order_date").agg(*sums)


def whole_product_days(days: DataFrame) -> DataFrame:
    """One row a unit, product and day, whichever drops brought its items; the price of most pieces."""
    price = F.max_by("price", F.struct("quantity", "price")).alias("price")
    return days.groupBy("unit_id", "product_id", "order_date").agg(F.sum("quantity").alias("quantity"), price)
