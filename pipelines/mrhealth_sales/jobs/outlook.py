"""Alerts and stock recommendations of mrhealth_sales: each unit's window is evaluated on its own, in plain Python."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from math import ceil
from typing import Any, NamedTuple

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from medallion.lake import Product
from medallion.manifest import Alerts
from mrhealth_sales.jobs.alerts import NOT_JUDGED, SEVERITIES, Price, Refusals, UnitDay, alerts_of, is_grave, unreadable
from mrhealth_sales.jobs.forecast import INSUFFICIENT, NEEDED_DAYS, Forecast, forecast
from mrhealth_sales.jobs.summaries import whole_product_days, whole_unit_days
from nightshift_contract.model import Table
from nightshift_contract.reading import contract

_GOLD = contract("mrhealth_sales").gold
# Column of `outlook` -> the table made of it.
TABLES = {
    "alerts": _GOLD["alerts"],
    "stock": _GOLD["stock_recommendations"],
    "path": _GOLD["stock_forecast_days"],
}
_SCHEMA = ", ".join(f"{column} array<struct<{table.schema}>>" for column, table in TABLES.items())
MOST_TOLD = 10
Cells = dict[str, Any]  # column -> value


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
    products: Mapping[int, str],
    most_refused: float,
) -> DataFrame:
    """One row a unit: its `alerts`, its `stock` recommendations, and the `path` of each forecast day by day.

    Computed from the window's summaries; `units` and `products` (names by id) are those that head office lists,
    `refusals` what each delivery lacks (refusals.of_units). A delivery that names no unit gets only the refusal alerts:
    whose file is missing is unknown.
    """
    names_units = not unit_days.where(
        (F.col("arrived") == F.lit(today)) & (F.col("order_date") == F.lit(today))
    ).isEmpty()
    days = _lists(whole_unit_days(unit_days, today), "days", UnitDay)
    sold = _lists(whole_product_days(product_days), "sold", Sold)
    whole = days.join(sold, on="unit_id", how="left").join(units.select("unit_id", "branch"), on="unit_id", how="full")
    missed = refusals.select("unit_id", F.struct(*Refusals._fields).alias("refusals"))
    whole = whole.join(missed, on="unit_id", how="full")
    spark = unit_days.sparkSession
    # Little data but much computation: spread the units over all cores.
    spread = whole.repartition(spark.sparkContext.defaultParallelism, "unit_id")
    rows = spread.rdd.map(partial(_of_unit, today, names_units, most_refused, products))
    return spark.createDataFrame(rows, _SCHEMA, verifySchema=False)


def _lists(rows: DataFrame, name: str, of: type[Any]) -> DataFrame:
    named = rows.withColumnRenamed("order_date", "day")
    return named.groupBy("unit_id").agg(F.collect_list(F.struct(*of._fields)).alias(name))


def _of_unit(
    today: date, names_units: bool, most_refused: float, products: Mapping[int, str], row: Any
) -> tuple[list[Any], ...]:
    """The rows of each of TABLES."""
    days, sold = [UnitDay(*day) for day in row.days or ()], [Sold(*day) for day in row.sold or ()]
    known = {day.day for day in days if day.items_came}
    stock, path = [], []
    for of_product, of_days in stock_of(today, known, sold):
        named = {"unit_id": row.unit_id, "branch": row.branch, "product": products.get(of_product["product_id"])}
        stock.append(_row(TABLES["stock"], {**of_product, **named}))
        path += [_row(TABLES["path"], {**of_day, **named}) for of_day in of_days]
    found = list(unreadable(row.unit_id, today, Refusals(*row.refusals), most_refused)) if row.refusals else []
    if names_units:
        prices = [Price(product, day, price) for product, day, _, price in sold]
        found += alerts_of(row.unit_id, today, days, prices)
    of_unit = {"unit_id": row.unit_id, "branch": row.branch}
    named_alerts = [{**a._asdict(), **of_unit, "product": products.get(a.product_id or 0)} for a in found]
    return [_row(TABLES["alerts"], alert) for alert in named_alerts], stock, path


def _row(table: Table, cells: Mapping[str, Any]) -> tuple[Any, ...]:
    """The cells in the order of the contract."""
    return tuple(cells[column.name] for column in table.columns)


def stock_of(today: date, known: set[date], sold: Sequence[Sold]) -> Iterator[tuple[Cells, list[Cells]]]:
    """The recommendations of one unit, without names: one for each product that it sold in the window, with its
    forecast of each of the next seven days.

    A product's history begins when the unit first sold it; a day that is `known` without a sale counts as 0.
    """
    for product_id in sorted({day.product_id for day in sold}):
        own = {day.day: day.quantity for day in sold if day.product_id == product_id}
        dates = [date.fromordinal(n) for n in range(min(own).toordinal(), today.toordinal() + 1)]
        history = [own.get(day, 0) if day in known else None for day in dates]
        seen = forecast(history)
        yield (
            {"product_id": product_id, **_recommended(seen, len(history) - history.count(None))},
            [{"product_id": product_id, "method": seen.method, **cells} for cells in _days_after(today, seen)],
        )


def _recommended(seen: Forecast, days_known: int) -> Cells:
    low, high = (seen.total.low, seen.total.high) if seen.total else (None, None)
    return {
        "forecast_quantity_7d": _rounded(seen.quantity),
        "method": seen.method,
        "backtest_error": _rounded(seen.error),
        "naive_error": _rounded(seen.naive_error),
        "history_days": days_known,
        "forecast_low_7d": _rounded(low),
        "forecast_high_7d": _rounded(high),
        "order_quantity": None if high is None else ceil(round(high, 2)),
        "note": _why_not(days_known) if seen.method == INSUFFICIENT else None,
    }


def _days_after(today: date, seen: Forecast) -> Iterator[Cells]:
    for ahead, band in enumerate(seen.path, 1):
        figures = {name: _rounded(figure) for name, figure in band._asdict().items()}
        yield {"forecast_date": today + timedelta(days=ahead), **figures}


def _rounded(figure: float | None) -> float | None:
    return None if figure is None else round(figure, 2)


def _why_not(days_known: int) -> str:
    if days_known < NEEDED_DAYS:
        return f"not judged: {days_known} of the {NEEDED_DAYS} days needed"
    return "not judged: no week is known whole, to test a forecast on"


def alerts(outlooks: DataFrame) -> Product:
    """Key (unit, kind, metric), the most severe first."""
    severity = F.expr(f"array_position(array({', '.join(map(repr, SEVERITIES))}), severity)")
    return _product(outlooks, "alerts", [severity])


def stock_recommendations(outlooks: DataFrame) -> Product:
    """Key (unit, product): the rows of a unit are its order list."""
    return _product(outlooks, "stock", [])


def stock_forecast_days(outlooks: DataFrame) -> Product:
    """Key (unit, product, day): the days of the forecasts that there are."""
    return _product(outlooks, "path", [])


def _product(outlooks: DataFrame, column: str, first: list[Any]) -> Product:
    rows, key = outlooks.select(F.inline(column)), TABLES[column].key
    return Product(rows, key, order=[order.asc() for order in (*first, *map(F.col, key))])


def told(product: Product, outlooks: DataFrame) -> Alerts:
    """The manifest's summary of the alerts: the first of them in words, and what could not be judged."""
    rows = product.frame.orderBy(*product.order).select("kind", "severity", "message").collect()
    raised = [row for row in rows if row.kind != NOT_JUDGED]
    grave = sum(is_grave(row.kind) for row in raised)
    first = [f"{row.severity}: {row.message}" for row in raised[:MOST_TOLD]]
    return Alerts(len(raised), first, _unjudged(len(rows) - len(raised), *_forecasts(outlooks)) or None, grave)


def _forecasts(outlooks: DataFrame) -> tuple[int, int]:
    """How many recommendations have no forecast, and how many there are."""
    missing = F.expr(f"size(filter(stock, s -> s.method = '{INSUFFICIENT}'))")
    counted = outlooks.agg(F.sum(missing), F.sum(F.size("stock"))).first()
    return (counted[0] or 0, counted[1] or 0) if counted else (0, 0)


def _unjudged(young: int, without: int, recommended: int) -> str:
    units = f"{young} {'unit' if young == 1 else 'units'}"
    sales = f"sales and cancellations of {units}, for want of four known days of this weekday"
    stock = f"{without:,} of {recommended:,} stock recommendations, for want of {NEEDED_DAYS} known days"
    return "; ".join(words for words, count in ((sales, young), (stock, without)) if count)
