"""Gold of mrhealth_sales: what one business date's drop contributes to each product; sums over dates are the totals."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from medallion.lake import Product
from mrhealth_sales.silver import CANCELLED, DONE, PENDING

MONEY = "decimal(18,2)"
PLACE = ["unit_id", "branch", "state", "country"]


def sales_by_branch_day(orders: DataFrame) -> Product:
    """Key (order_date, unit_id); names are told, never grouped apart, because names repeat."""
    return _sales(orders, ["order_date"])


def sales_by_branch_year(orders: DataFrame) -> Product:
    """Key (year, unit_id)."""
    return _sales(orders.withColumn("year", F.year("order_date")), ["year"])


def _sales(orders: DataFrame, period: Sequence[str]) -> Product:
    value = F.col("order_value")
    sums = orders.groupBy(*period, *PLACE).agg(
        F.count(F.lit(1)).alias("orders"),
        _money(value, "gross_value"),
        _money(F.when(F.col("status") == DONE, value), "revenue"),
        _money(F.when(F.col("status") == PENDING, value), "pending_value"),
        _money(F.when(F.col("status") == CANCELLED, value), "cancelled_value"),
        _money(F.col("delivery_fee"), "delivery_fees"),
    )
    key = [*period, "unit_id"]
    return Product(sums, key, order=[F.col(column).asc() for column in key])


def product_sales(items: DataFrame) -> Product:
    """Key product_id; every accepted item row once, whatever became of its order, with or without a unit."""
    sums = items.groupBy("product_id", "product").agg(
        F.sum("quantity").alias("quantity"),
        _money(F.col("quantity") * F.col("item_value"), "item_revenue"),
    )
    return Product(sums, key=["product_id"], order=[F.col("product_id").asc()])


def _money(value: Column, name: str) -> Column:
    return F.coalesce(F.sum(value), F.lit(0)).cast(MONEY).alias(name)
