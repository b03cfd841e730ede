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


def unit_days(orders: DataFrame, items: DataFrame, deliveries: DataFrame, day: date) -> DataFrame:
    """What a day's drop tells of each unit and order date, out of judged orders and items; also of a unit whose files
    held no orders. Drops that name no unit are left out: nobody knows what else there was on their days."""
    sold = accepted(orders.where("dated")).select(
        "order_date",
        "unit_id",
        F.lit(1).alias("orders"),
        (F.col("status") == CANCELLED).cast("int").alias("cancelled"),
        F.col("order_value").alias("gross_value"),
        *[F.lit(False).alias(flag) for flag in CAME.values()],
    )
    # A replay may have accepted the rows of a file that was refused when it came.
    senders = [_senders(frame, table) for table, frame in (("orders", orders), ("items", items))]
    whole = reduce(DataFrame.unionByName, [sold, *(_arrivals(came, day) for came in (deliveries, *senders))])
    sums = [*_sums("orders", "cancelled"), F.sum("gross_value").cast(MONEY_TYPE).alias("gross_value"), *_came()]
    return whole.groupBy("order_date", "unit_id").agg(*sums).select(F.lit(day).alias("arrived"), "*")


def _sums(*columns: str) -> list[Column]:
    return [F.sum(column).alias(column) for column in columns]


def _came() -> list[Column]:
    return [F.max(flag).alias(flag) for flag in CAME.values()]


def _senders(judged: DataFrame, table: str) -> DataFrame:
    units = accepted(judged.where("dated")).select("unit_id").distinct()
    return units.select("unit_id", F.lit(table).alias("table"), F.lit(True).alias("came"))


def _arrivals(deliveries: DataFrame, day: date) -> DataFrame:
    """Rows of nought that say for the day itself which files came."""
    return deliveries.select(
        F.lit(day).alias("order_date"),
        "unit_id",
        *[F.lit(0).alias(column) for column in ("orders", "cancelled")],
        F.lit(0).cast(MONEY_TYPE).alias("gross_value"),
        *[(F.col("came") & (F.col("table") == table)).alias(flag) for table, flag in CAME.items()],
    )


def product_days(items: DataFrame, orders: DataFrame, day: date) -> DataFrame:
    """What each unit sold of each product, by the date of the order (of the drop, where the order is not known), out of
    judged items and orders; the price is that of most pieces, the higher of two that tie."""
    dates = accepted(orders).select("unit_id", "order_id", "order_date")
    dated = accepted(items.where("dated")).join(dates, on=["unit_id", "order_id"], how="left")
    on = F.coalesce("order_date", F.lit(day)).alias("order_date")
    by_price = dated.groupBy(on, "unit_id", "product_id", F.col("item_value").alias("price")).agg(
        F.sum("quantity").alias("n")
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
