"""The figures of mrhealth_sales' page: what a manager looks at in the morning, out of gold and silver's summaries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from functools import partial
from statistics import mean, median
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from medallion import page
from medallion.lake import Lake, Product
from medallion.manifest import GoldTable
from mrhealth_sales.jobs.silver import SCHEMAS
from mrhealth_sales.jobs.summaries import VALUES

SALES, PATH = "sales_by_branch_day", "stock_forecast_days"
DAYS, DELIVERY_DAYS = 56, 28
MOST_UNITS, MOST_PRODUCTS, MOST_ORDERED, MOST_ALERTS = 60, 30, 12, 60
SAME_WEEKDAYS = 3  # fewer earlier ones say nothing about a weekday
WEEK = 7
BAND = ("quantity", "low", "high")  # of a forecast
NOT_JUDGED = "not_judged"
Row = Mapping[str, Any]
_MONEY = ("gross_value", "revenue", "pending_value", "cancelled_value")


def write(lake: Lake, staged: Sequence[GoldTable], unit_days: DataFrame, judged: Mapping[str, Product]) -> None:
    """Write page.json from the staged gold, of which `judged` is still cached, and the window of `unit_days`: the sums
    of the days before, and which files have arrived."""
    cached = {table: each.frame.coalesce(1).sortWithinPartitions(*each.order) for table, each in judged.items()}
    frames, of_today = partial(_frames, lake, unit_days, cached[PATH]), partial(figures, lake.run.business_date)
    needed = (SALES, "product_sales", "alerts", "stock_recommendations")
    page.write(lake, staged, frames, of_today, needed=needed, cached=cached)


def _frames(lake: Lake, unit_days: DataFrame, forecasts: DataFrame) -> dict[str, DataFrame]:
    day, today = F.col("order_date"), lake.run.business_date
    # Summaries of an older release have no revenue: their days are left out until they are run again.
    sold = unit_days.where((day > F.lit(today - timedelta(days=DAYS))) & (F.col("orders") > 0))
    sums = [F.sum(of).alias(of) for of in ("orders", "gross_value", *VALUES)]
    recent = day > F.lit(today - timedelta(days=DELIVERY_DAYS))
    return {
        "days": sold.where(F.col("revenue").isNotNull()).groupBy("order_date", "unit_id").agg(*sums),
        "units": lake.read("silver", "units", SCHEMAS["units"]).select("unit_id", "branch"),
        "products": lake.read("silver", "products", SCHEMAS["products"]).select("product_id", "product"),
        "came": unit_days.where(recent & (F.col("arrived") == day)).select(
            "order_date", "unit_id", "orders_came", "items_came"
        ),
        "path": _path(forecasts),
    }


def _path(forecasts: DataFrame) -> DataFrame:
    """The forecasts of each day summed over the products of a unit and over the units of a product, in one pass."""
    parts = [F.struct(F.lit(of).alias("of"), F.col(f"{of}_id").alias("id")) for of in ("unit", "product")]
    each = forecasts.select("forecast_date", *BAND, F.explode(F.array(*parts)).alias("part"))
    return each.groupBy("part.of", "part.id", "forecast_date").agg(*[F.sum(name).alias(name) for name in BAND])


def figures(today: date, rows: Mapping[str, list[Row]]) -> dict[str, Any]:
    """All figures of the page. `rows`: the tables of gold, which are of `today`, and those of `_frames`."""
    own, before = rows[SALES], [row for row in rows["days"] if row["order_date"] != str(today)]
    sales = [*before, *own]
    days = sorted({row["order_date"] for row in sales})
    names = {row["unit_id"]: row["branch"] for row in [*rows["units"], *own]}
    judged = [row for row in rows["alerts"] if row["kind"] != NOT_JUDGED]
    return {
        "days": days,
        "totals": _totals(own),
        "network": {key: [_sum(_on(sales, day), key) for day in days] for key in ("orders", *_MONEY)},
        "units": [_unit(unit, names, sales, days, today) for unit in _ranked_units(sales, str(today))],
        "all_units": len({row["unit_id"] for row in sales}),
        "states": _states(own),
        "products": _products(rows["product_sales"]),
        "all_products": len(rows["product_sales"]),
        "alerts": [_alert(row, names) for row in judged[:MOST_ALERTS]],
        "all_alerts": len(judged),
        "not_judged": len(rows["alerts"]) - len(judged),
        "forecast": _forecast(rows["stock_recommendations"], rows["products"], names, rows["path"]),
        "deliveries": _deliveries(rows["came"], names, today),
    }


def _totals(own: Sequence[Row]) -> dict[str, Any]:
    """The day in one row; the ticket is gross value over orders, the cancelled share one of the gross value."""
    sums = {key: _sum(own, key) for key in ("orders", *_MONEY)}
    orders, gross = sums["orders"], sums["gross_value"]
    shares = {
        "ticket": round(gross / orders, 2) if orders else None,
        "cancelled_share": round(sums["cancelled_value"] / gross, 4) if gross else None,
    }
    return {**sums, **shares, "branches": len(own)}


def _ranked_units(sales: Sequence[Row], today: str) -> list[int]:
    """The units by today's revenue, then by that of all days, the best first; at most MOST_UNITS."""
    own: dict[int, float] = defaultdict(float)
    every: dict[int, float] = defaultdict(float)
    for row in sales:
        own[row["unit_id"]] += row["revenue"] if row["order_date"] == today else 0
        every[row["unit_id"]] += row["revenue"]
    return sorted(every, key=lambda unit: (-own[unit], -every[unit], unit))[:MOST_UNITS]


def _unit(
    unit: int, names: Mapping[int, str], sales: Sequence[Row], days: Sequence[str], today: date
) -> dict[str, Any]:
    by_day = {row["order_date"]: row for row in sales if row["unit_id"] == unit}
    same = [by_day[day]["revenue"] for day in _same_weekdays(by_day, today)]
    usual = round(median(same), 2) if len(same) >= SAME_WEEKDAYS else None
    own = by_day.get(str(today))
    change = round(own["revenue"] / usual - 1, 4) if own and usual else None
    return {
        "id": unit,
        "branch": names.get(unit),
        "state": own["state"] if own else None,
        "today": {key: own[key] for key in ("orders", *_MONEY)} if own else None,
        "usual": usual,
        "change": change,
        "revenue": [by_day[day]["revenue"] if day in by_day else None for day in days],
        "weekdays": _weekday_means(by_day),
    }


def _same_weekdays(days: Iterable[str], today: date) -> list[str]:
    return [day for day in days if day < str(today) and date.fromisoformat(day).weekday() == today.weekday()]


def _weekday_means(by_day: Mapping[str, Row]) -> list[float | None]:
    """Mean revenue of Monday to Sunday; null for a weekday without a day."""
    of = [[r["revenue"] for d, r in by_day.items() if date.fromisoformat(d).weekday() == n] for n in range(WEEK)]
    return [round(mean(revenues), 2) if revenues else None for revenues in of]


def _states(own: Sequence[Row]) -> list[dict[str, Any]]:
    names = {row["state"] for row in own}
    parts = {name: [row for row in own if row["state"] == name] for name in names}
    rows = [
        {"state": name, "revenue": _sum(part, "revenue"), "orders": _sum(part, "orders"), "branches": len(part)}
        for name, part in parts.items()
    ]
    return sorted(rows, key=lambda row: (-row["revenue"], str(row["state"])))


def _products(sold: Sequence[Row]) -> list[dict[str, Any]]:
    """The products by revenue, each with its share and the share of all down to it."""
    total, until, listed = _sum(sold, "revenue"), 0.0, []
    for row in sorted(sold, key=lambda row: (-row["revenue"], row["product_id"])):
        until += row["revenue"]
        shares = {"share": round(row["revenue"] / total, 4), "until": round(until / total, 4)} if total else {}
        listed.append({"id": row["product_id"], **{k: row[k] for k in ("product", "quantity", "revenue")}, **shares})
    return listed[:MOST_PRODUCTS]


def _alert(row: Row, names: Mapping[int, str]) -> dict[str, Any]:
    kept = ("severity", "kind", "metric", "unit_id", "observed", "expected", "message")
    return {**{key: row[key] for key in kept}, "branch": names.get(row["unit_id"])}


def _forecast(
    stock: Sequence[Row], products: Sequence[Row], units: Mapping[int, str], path: Sequence[Row]
) -> dict[str, Any]:
    """Pieces of the next seven days: a product over all branches, its error the sum of the branches' errors in the
    backtest; and a list for each branch. `days` are the dates, `path` has [pieces, low, high] of each, summed."""
    names = {row["product_id"]: row["product"] for row in products}
    known = [row for row in stock if row["forecast_quantity_7d"] is not None]
    by_product = defaultdict(list)
    for row in known:
        by_product[row["product_id"]].append(row)
    summed = [
        {
            "id": product,
            "product": names.get(product),
            "quantity": _sum(part, "forecast_quantity_7d"),
            "error": _sum(part, "backtest_error"),
            "branches": len(part),
            "path": _daily(path, "product", product),
        }
        for product, part in by_product.items()
    ]
    ranked = sorted(summed, key=lambda row: (-row["quantity"], row["id"]))[:MOST_PRODUCTS]
    listed = sorted({row["unit_id"] for row in known})[:MOST_UNITS]
    lists = [{**_order_list(unit, known, units, names), "path": _daily(path, "unit", unit)} for unit in listed]
    days = sorted({row["forecast_date"] for row in path})
    every = [_band([row for row in path if (row["of"], row["forecast_date"]) == ("unit", day)]) for day in days]
    counts = {"known": len(known), "all": len(stock)}
    return {"products": ranked, "branches": lists, "days": days, "path": every, **counts}


def _daily(path: Sequence[Row], of: str, number: int) -> list[list[float]]:
    own = sorted((r for r in path if (r["of"], r["id"]) == (of, number)), key=lambda row: str(row["forecast_date"]))
    return [_band([row]) for row in own]


def _band(rows: Sequence[Row]) -> list[float]:
    return [_sum(rows, name) for name in BAND]


def _order_list(unit: int, known: Sequence[Row], units: Mapping[int, str], names: Mapping[int, str]) -> dict[str, Any]:
    own = sorted((row for row in known if row["unit_id"] == unit), key=lambda row: -row["forecast_quantity_7d"])
    order = [
        [names.get(row["product_id"]), row["forecast_quantity_7d"], row["backtest_error"], row.get("order_quantity")]
        for row in own[:MOST_ORDERED]
    ]
    return {"id": unit, "branch": units.get(unit), "order": order, "all": len(own)}


def _deliveries(came: Sequence[Row], names: Mapping[int, str], today: date) -> dict[str, Any]:
    """How many of its two files each unit sent on each of the last days: a text of digits, one a day."""
    days = sorted({row["order_date"] for row in came} | {str(today)})
    sent = {(row["unit_id"], row["order_date"]): int(row["orders_came"]) + int(row["items_came"]) for row in came}
    units = sorted(names.keys() | {unit for unit, _ in sent})[: 2 * MOST_UNITS]
    rows = [
        {"id": unit, "branch": names.get(unit), "files": "".join(str(sent.get((unit, day), 0)) for day in days)}
        for unit in units
    ]
    return {"days": days, "units": rows}


def _on(rows: Sequence[Row], day: str) -> list[Row]:
    return [row for row in rows if row["order_date"] == day]


def _sum(rows: Iterable[Row], key: str) -> Any:
    return round(sum(row[key] for row in rows), 2)
