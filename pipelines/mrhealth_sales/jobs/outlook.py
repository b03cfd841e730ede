"""Alerts and stock recommendations of mrhealth_sales: each unit's window is evaluated on its own, in plain Python."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any, NamedTuple

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from medallion.contract import Table, contract
from medallion.lake import Product
from medallion.manifest import Alerts
from mrhealth_sales.jobs.alerts import SEVERITIES, Price, Refusals, UnitDay, alerts_of, is_grave, is_judged, unreadable
from mrhealth_sales.jobs.forecast import forecast
from mrhealth_sales.jobs.summaries import whole_product_days, whole_unit_days

_GOLD = contract("mrhealth_sales").gold
ALERTS, STOCK = _GOLD["alerts"], _GOLD["stock_recommendations"]
_SCHEMA = f"judged boolean, alerts array<struct<{ALERTS.schema}>>, stock array<struct<{STOCK.schema}>>"
MOST_TOLD = 10


class Sold(NamedTuple):
    """A unit's sales of a product on a day, and the price."""

    product_id: int
    day: date
    quantity: int
    price: Decimal


def outlook(
    unit_days: DataFrame,
    product_days: DataFrame,
    units: DataFrame,
    refusals: DataFrame,
    today: date,
    *,
    most_refused: float,
) -> DataFrame:
    """One row a unit: its `alerts`, its `stock` recommendations, and whether its history is enough to be `judged`.

    Computed from the window's summaries; `units` are those that head office lists, `refusals` what each delivery lacks
    (refusals.of_units). A delivery that names no unit gets only the refusal alerts: whose file is missing is unknown.
    """
    names_units = not unit_days.where(
        (F.col("arrived") == F.lit(today)) & (F.col("order_date") == F.lit(today))
    ).isEmpty()
    days = _lists(whole_unit_days(unit_days, today), "days", UnitDay)
    sold = _lists(whole_product_days(product_days), "sold", Sold)
    whole = days.join(sold, on="unit_id", how="left").join(units.select("unit_id"), on="unit_id", how="full")
    missed = refusals.select("unit_id", F.struct(*Refusals._fields).alias("refusals"))
    whole = whole.join(missed, on="unit_id", how="full")
    spark = unit_days.sparkSession
    # Little data but much computation: spread the units over all cores.
    spread = whole.repartition(spark.sparkContext.defaultParallelism, "unit_id")
    rows = spread.rdd.map(partial(_of_unit, today, names_units, most_refused))
    return spark.createDataFrame(rows, _SCHEMA, verifySchema=False)


def _lists(rows: DataFrame, name: str, of: type[Any]) -> DataFrame:
    named = rows.withColumnRenamed("order_date", "day")
    return named.groupBy("unit_id").agg(F.collect_list(F.struct(*of._fields)).alias(name))


def _of_unit(today: date, names_units: bool, most_refused: float, row: Any) -> tuple[bool, list[Any], list[Any]]:
    days, sold = [UnitDay(*day) for day in row.days or ()], [Sold(*day) for day in row.sold or ()]
    known = {day.day for day in days if day.items_came}
    stock = [(row.unit_id, *told) for told in stock_of(today, known, sold)]
    found = list(unreadable(row.unit_id, today, Refusals(*row.refusals), most_refused)) if row.refusals else []
    if names_units:
        prices = [Price(product, day, price) for product, day, _, price in sold]
        found += alerts_of(row.unit_id, today, days, prices)
    return not names_units or is_judged(today, days), [(row.unit_id, *alert) for alert in found], stock


def stock_of(today: date, known: set[date], sold: Sequence[Sold]) -> Iterator[tuple[Any, ...]]:
    """The recommendations of one unit, without its number: one for each product that it sold in the window.

    A product's history begins when the unit first sold it; a day that is `known` without a sale counts as 0.
    """
    for product_id in sorted({day.product_id for day in sold}):
        own = {day.day: day.quantity for day in sold if day.product_id == product_id}
        dates = [date.fromordinal(n) for n in range(min(own).toordinal(), today.toordinal() + 1)]
        history = [own.get(day, 0) if day in known else None for day in dates]
        told = forecast(history)
        figures = [None if figure is None else round(figure, 2) for figure in (told.error, told.naive_error)]
        quantity = None if told.quantity is None else round(told.quantity, 2)
        yield product_id, quantity, told.method, *figures, len(history) - history.count(None)


def alerts(outlooks: DataFrame) -> Product:
    """Key (unit, kind, metric), the most severe first."""
    severity = F.expr(f"array_position(array({', '.join(map(repr, SEVERITIES))}), severity)")
    return _product(outlooks, "alerts", ALERTS, [severity])


def stock_recommendations(outlooks: DataFrame) -> Product:
    """Key (unit, product)."""
    return _product(outlooks, "stock", STOCK, [])


def _product(outlooks: DataFrame, column: str, table: Table, first: list[Any]) -> Product:
    rows = outlooks.select(F.inline(column))
    return Product(rows, table.key, order=[order.asc() for order in (*first, *map(F.col, table.key))])


def told(product: Product, outlooks: DataFrame, total: int) -> Alerts:
    """The manifest's summary of the alerts: the first of them in words."""
    first = product.frame.orderBy(*product.order).limit(MOST_TOLD).collect()
    young = outlooks.where("not judged").count()
    grave = sum(is_grave(row.kind, row.severity) for row in product.frame.select("kind", "severity").collect())
    why = f"sales and cancellations of {young} units, for want of four known days of this weekday" if young else None
    return Alerts(total, [f"{row.severity}: {row.message}" for row in first], why, grave)
