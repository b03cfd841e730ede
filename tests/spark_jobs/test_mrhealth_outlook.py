"""Alerts and stock recommendations of whole nights, on seasons whose incidents are known."""

from collections import defaultdict
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from datagen.seasons import (
    CANCELLATIONS,
    LATE,
    MISSING,
    PRICE,
    SLUMP,
    SURGE,
    Incident,
    Seasons,
    drop_of,
    orders_of,
    sold,
    write_drops,
)
from datagen.seasons import generate_seasons as generate
from mrhealth_sales.jobs.forecast import INSUFFICIENT, forecast
from tests.spark_jobs.conftest import FirstNight

P = "mrhealth_sales"
MONEY = pa.decimal128(18, 2)
UNIT_DAYS = pa.schema(
    {
        "arrived": pa.date32(),
        "order_date": pa.date32(),
        "unit_id": pa.int32(),
        "orders": pa.int64(),
        "cancelled": pa.int64(),
        "gross_value": MONEY,
        "orders_came": pa.bool_(),
        "items_came": pa.bool_(),
        **{value: MONEY for value in ("revenue", "pending_value", "cancelled_value")},
    }
)
PRODUCT_DAYS = pa.schema(
    {
        "order_date": pa.date32(),
        "unit_id": pa.int32(),
        "product_id": pa.int32(),
        "quantity": pa.int64(),
        "price": MONEY,
    }
)
SCHEMAS = {"unit_days": UNIT_DAYS, "product_days": PRODUCT_DAYS}
TODAY = date(2026, 1, 5)
INCIDENTS = (
    Incident(TODAY, 2, MISSING),
    Incident(TODAY, 3, SURGE),
    Incident(TODAY, 4, CANCELLATIONS),
    Incident(TODAY, 5, PRICE, 3),
    Incident(TODAY, 6, SLUMP),
    Incident(TODAY - timedelta(1), 1, LATE),
    Incident(TODAY - timedelta(9), 4, SURGE),
    Incident(TODAY - timedelta(12), 5, MISSING),
)
# Today is the last day of the window that a forecast of it sees.
SEASONS = Seasons(first_day=TODAY - timedelta(56), days=57, orders=60, noise=0.05, incidents=INCIDENTS)


def summaries_of(seasons: Seasons, day: date) -> dict[str, list[dict[str, Any]]]:
    """What silver must keep of a day's drop, counted without Spark."""
    units, products = [], defaultdict(int)
    for unit_id in range(1, seasons.units + 1):
        drop = drop_of(seasons, unit_id, day) or []
        for order_date in sorted({order.day for order in drop}):
            orders = [order for order in drop if order.day == order_date]
            came = order_date == day
            cancelled = sum(order.status == "Cancelado" for order in orders)
            value = sum((order.value for order in orders), Decimal(0))
            parts = [
                sum((order.value for order in orders if order.status == status), Decimal(0))
                for status in ("Finalizado", "Pendente", "Cancelado")
            ]
            row = (day, order_date, unit_id, len(orders), cancelled, value, came, came, *parts)
            units.append(dict(zip(UNIT_DAYS.names, row, strict=True)))
            for item in (item for order in orders for item in order.items):
                products[order_date, unit_id, item.product_id, item.price] += item.quantity
    keys = [(*key[:3], pieces, key[3]) for key, pieces in products.items()]
    return {"unit_days": units, "product_days": [dict(zip(PRODUCT_DAYS.names, k, strict=True)) for k in sorted(keys)]}


def remember(root: Path, seasons: Seasons, days: list[date]) -> None:
    """Put the summaries of some days into a lake, as nights of these days would have."""
    told = {table: [row for day in days for row in summaries_of(seasons, day)[table]] for table in SCHEMAS}
    for table, schema in SCHEMAS.items():
        home = root / "silver" / P / table
        (home / "_holds").mkdir(parents=True)
        for day in days:
            rows = [row for row in told[table] if row["order_date"] == day]
            folder = home / "20000101T000000000000" / f"day={day}"
            folder.mkdir(parents=True)
            pq.write_table(pa.Table.from_pylist(rows, schema), folder / "part-00000.parquet")
            (home / "_holds" / f"{day}=20000101T000000000000").touch()


@pytest.fixture(scope="module")
def night(new_lake: Callable[[], Any], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The night of TODAY after eight weeks of nights; the last was really played, for TODAY brings orders of it. Nobody
    reads its gold."""
    data, lake = tmp_path_factory.mktemp("seasons") / "data", new_lake()
    generate(data, data.with_name("truth.json"), Seasons(units=6, days=1))
    remember(lake.root, SEASONS, SEASONS.dates()[:-2])
    for day in SEASONS.dates()[-2:]:
        write_drops(data, SEASONS, day)
        layers = "bronze,silver,gold" if day == TODAY else "bronze,silver"
        lake.run(P, day.isoformat(), data / "csv_sales", data / "reference_data", layers=layers)
    return lake


def test_silver_keeps_of_a_day_what_the_days_after_it_need(night: Any) -> None:
    """Of a day whole, whichever drop told of it: `arrived` is that of the first."""
    expected = summaries_of(SEASONS, TODAY)
    found = [row for day in SEASONS.dates()[-2:] for row in night.rows("silver", P, "unit_days", str(day))]
    came = [row for row in found if row["unit_id"] != 2 and row["arrived"] == TODAY]
    assert sorted(came, key=lambda r: (r["unit_id"], r["order_date"])) == expected["unit_days"]
    found = night.rows("silver", P, "product_days", TODAY.isoformat())
    keys, own = PRODUCT_DAYS.names[:3], [row for row in expected["product_days"] if row["order_date"] == TODAY]
    assert sorted(found, key=lambda r: [r[k] for k in keys]) == own


def test_the_night_keeps_what_it_looked_back_on(night: Any) -> None:
    for table in ("unit_days", "product_days"):
        found = night.rows("silver", P, f"{table}_window", TODAY.isoformat())
        assert {row["order_date"] for row in found} == set(SEASONS.dates())


def test_each_incident_is_told_of_its_unit_and_nothing_else_is(night: Any) -> None:
    alerts = night.gold(P, TODAY.isoformat(), "alerts")
    assert {(a["unit_id"], a["kind"], a["metric"]) for a in alerts} == {
        (1, "late_file", "late_orders"),
        (2, "missing_file", "files"),
        (3, "unusual_sales", "gross_value"),
        (4, "cancellation_spike", "cancelled_share"),
        (5, "price_change", "price of product 3"),
        (6, "unusual_sales", "gross_value"),
    }
    by_unit = {a["unit_id"]: a for a in alerts}
    assert by_unit[1]["observed"] == len(orders_of(SEASONS, 1, TODAY - timedelta(1)))
    assert by_unit[3]["observed"] > 2 * by_unit[3]["expected"] > 8 * by_unit[6]["observed"]
    assert all(a["message"].startswith(f"unit {a['unit_id']}: ") for a in alerts)


def test_alerts_and_recommendations_name_the_unit_and_the_product(night: Any) -> None:
    branches = {unit["unit_id"]: unit["branch"] for unit in night.rows("silver", P, "units", TODAY.isoformat())}
    assert len(branches) == 6 and None not in branches.values()
    tables = {
        t: night.gold(P, TODAY.isoformat(), t) for t in ("alerts", "stock_recommendations", "stock_forecast_days")
    }
    assert all(row["branch"] == branches[row["unit_id"]] for rows in tables.values() for row in rows)
    products = {row["product_id"]: row["product"] for row in night.gold(P, TODAY.isoformat(), "product_sales")}
    named = {(a["kind"], a["product_id"], a["product"]) for a in tables["alerts"] if a["product_id"]}
    assert named == {("price_change", 3, products[3])}
    assert {(r["product_id"], r["product"]) for r in tables["stock_recommendations"]} == set(products.items())


def test_each_forecast_has_seven_days_with_their_bands_and_an_order(night: Any) -> None:
    days: dict[Any, list[Any]] = defaultdict(list)
    for row in night.gold(P, TODAY.isoformat(), "stock_forecast_days"):
        days[row["unit_id"], row["product_id"]].append(row)
    stock = night.gold(P, TODAY.isoformat(), "stock_recommendations")
    assert days.keys() == {(r["unit_id"], r["product_id"]) for r in stock}
    for row in stock:
        path = days[row["unit_id"], row["product_id"]]
        assert [d["forecast_date"] for d in path] == [TODAY + timedelta(n) for n in range(1, 8)]
        assert sum(d["quantity"] for d in path) == pytest.approx(row["forecast_quantity_7d"], abs=0.05)
        assert all(d["low"] <= d["quantity"] <= d["high"] and d["method"] == row["method"] for d in path)
        assert row["forecast_low_7d"] <= row["forecast_quantity_7d"] <= row["forecast_high_7d"]
        assert row["order_quantity"] - 1 < row["forecast_high_7d"] <= row["order_quantity"] and row["note"] is None


def test_what_the_units_sold_of_the_products_adds_up_to_the_products(night: Any) -> None:
    by_product: dict[int, int] = defaultdict(int)
    rows = night.gold(P, TODAY.isoformat(), "sales_by_product_branch_day")
    for row in rows:
        by_product[row["product_id"]] += row["quantity"]
    assert by_product == {r["product_id"]: r["quantity"] for r in night.gold(P, TODAY.isoformat(), "product_sales")}
    assert {r["unit_id"] for r in rows} == {1, 3, 4, 5, 6} and {r["order_date"] for r in rows} == {TODAY}


def test_the_manifest_tells_the_most_severe_alerts_first(night: Any) -> None:
    told = night.manifest(P, TODAY.isoformat(), "gold")["alerts"]
    assert told["total"] == len(told["told"]) == 6 and told["unjudged"] is None
    assert told["told"][0].startswith("critical: unit 2: no pedido.csv and no item_pedido.csv")
    severities = [words.split(":")[0] for words in told["told"]]
    assert severities == sorted(severities, key=["critical", "warning", "info"].index)


def test_recommendations_are_the_forecasts_of_what_is_known_of_each_unit(night: Any) -> None:
    rows = {(r["unit_id"], r["product_id"]): r for r in night.gold(P, TODAY.isoformat(), "stock_recommendations")}
    assert rows.keys() == {(unit, product) for unit in range(1, 7) for product in range(1, 9)}
    for unit in range(1, 7):
        for product, history in sold(SEASONS, unit).items():
            told, row = forecast(history), rows[unit, product]
            assert row["method"] == told.method != INSUFFICIENT
            assert row["forecast_quantity_7d"] == pytest.approx(told.quantity, abs=0.01)
            assert (row["backtest_error"], row["naive_error"]) == pytest.approx(
                (told.error, told.naive_error), abs=0.01
            )
            assert row["history_days"] == len(history) - history.count(None)


def test_the_backtest_beats_the_naive_forecast_on_the_whole(night: Any) -> None:
    rows = night.gold(P, TODAY.isoformat(), "stock_recommendations")
    assert sum(r["backtest_error"] for r in rows) < 0.9 * sum(r["naive_error"] for r in rows)


def test_the_first_night_of_all_invents_nothing_and_says_so(first_night: FirstNight) -> None:
    lake, day, _ = first_night
    unjudged = lake.gold(P, day, "alerts")
    assert [(a["unit_id"], a["kind"], a["observed"], a["expected"]) for a in unjudged] == [
        (unit, "not_judged", 0, 4) for unit in (1, 2, 3, 4)
    ]
    rows = lake.gold(P, day, "stock_recommendations")
    assert {(r["method"], r["forecast_quantity_7d"], r["backtest_error"]) for r in rows} == {(INSUFFICIENT, None, None)}
    told = lake.manifest(P, day, "gold")["alerts"]
    assert told["unjudged"] == (
        "sales and cancellations of 4 units, for want of four known days of this weekday; "
        f"{len(rows)} of {len(rows)} stock recommendations, for want of 28 known days"
    )
    assert (told["total"], told["told"]) == (0, [])
    assert {row["note"] for row in rows} == {"not judged: 1 of the 28 days needed"}
    assert {(r["order_quantity"], r["forecast_high_7d"]) for r in rows} == {(None, None)}
    assert lake.gold(P, day, "stock_forecast_days") == []
