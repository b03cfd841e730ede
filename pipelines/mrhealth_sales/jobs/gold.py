"""Gold of mrhealth_sales: each day's sales recomputed whole from the valid orders; a partition holds its own day
only."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from medallion.lake import DAY, Product
from mrhealth_sales.jobs.silver import CANCELLED, DONE, PENDING

MONEY = "decimal(18,2)"
PLACE = ["branch", "state", "country"]


def sales_by_branch_day(orders: DataFrame) -> Product:
    """Key (order_date, unit_id); names are attributes, never grouping keys, because names repeat."""
    return _sales(orders, "order_date")


def sales_by_branch_year(orders: DataFrame) -> Product:
    """Key (year, unit_id); one day's share of the year."""
    return _sales(orders, "year")


def _sales(orders: DataFrame, period: str) -> Product:
    value = F.col("order_value")
    dated = orders.withColumns({DAY: _day(), "year": F.year("order_date")})
    sums = dated.groupBy(DAY, period, "unit_id").agg(
        *[_first(column) for column in PLACE],
        F.count(F.lit(1)).alias("orders"),
        _money(value, "gross_value"),
        _money(F.when(F.col("status") == DONE, value), "revenue"),
        _money(F.when(F.col("status") == PENDING, value), "pending_value"),
        _money(F.when(F.col("status") == CANCELLED, value), "cancelled_value"),
        _money(F.col("delivery_fee"), "delivery_fees"),
    )
    key = [period, "unit_id"]
    return Product(sums, key, order=[F.col(column).asc() for column in key])


def product_sales(items: DataFrame) -> Product:
    """Key product_id; all items of valid orders, whatever the order's status, and separately those of finished
    orders."""
    sums = items.withColumn(DAY, _day()).groupBy(DAY, "product_id").agg(_first("product"), *_sold())
    return Product(sums, key=["product_id"], order=[F.col("product_id").asc()])


def sales_by_product_branch_day(items: DataFrame, orders: DataFrame) -> Product:
    """Key (order_date, unit_id, product_id): product_sales by unit, without the items that came with no unit; the
    unit's names are those of its orders of that day."""
    key = ["order_date", "unit_id", "product_id"]
    of_units = items.where(F.col("unit_id").isNotNull()).withColumn(DAY, _day())
    sums = of_units.groupBy(DAY, *key).agg(_first("product"), *_sold())
    names = orders.groupBy("order_date", "unit_id").agg(*[_first(column) for column in PLACE])
    columns = [DAY, "order_date", "unit_id", *PLACE, "product_id", "product", *SOLD]
    rows = sums.join(names, on=["order_date", "unit_id"], how="left").select(*columns)
    return Product(rows, key, order=[F.col(column).asc() for column in key])


SOLD = ["quantity", "gross_value", "finished_quantity", "revenue"]


def _sold() -> list[Column]:
    worth, done = F.col("quantity") * F.col("item_value"), F.col("status") == DONE
    return [
        F.sum("quantity").alias("quantity"),
        _money(worth, "gross_value"),
        F.coalesce(F.sum(F.when(done, F.col("quantity"))), F.lit(0)).alias("finished_quantity"),
        _money(F.when(done, worth), "revenue"),
    ]


def _day() -> Column:
    """The partition of an order: its date."""
    return F.col("order_date").cast("string").alias(DAY)


def _first(name: str) -> Column:
    """A name on the order's day (dimensions.NamesByDay); one that nobody knew then, as in the day's first delivery."""
    return F.min_by(name, F.struct("business_date", "source_file", "line")).alias(name)


def _money(value: Column, name: str) -> Column:
    return F.coalesce(F.sum(value), F.lit(0)).cast(MONEY).alias(name)
