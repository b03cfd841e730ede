"""The figures of ../shared/data/README.md, which were computed without Spark."""

import json
import subprocess
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from nightshift_contract.reading import contract
from tests.spark_jobs.conftest import ROOT

DAYS = [f"2025-12-{day}" for day in (29, 30, 31)] + [f"2026-01-{day:02d}" for day in (1, 2, 3, 4)]
ENDS = [DAYS[0], DAYS[-1]]
SEED_DAY = "2024-12-31"
P = "mrhealth_sales"
ATHENA = json.loads((ROOT / "include" / "terraform" / "views.json").read_text(encoding="utf-8"))[P]


@pytest.fixture(scope="module")
def seed(new_lake: Callable[[], Any], shared_data: Path, as_a_cluster: Any) -> Any:
    lake = new_lake()
    with as_a_cluster():
        lake.run(P, SEED_DAY, shared_data / "mrhealth" / "seed")
    return lake


def test_the_seed_has_25_orders_and_not_41(seed: Any) -> None:
    by_day = seed.published(P, "sales_by_branch_day")
    assert sum(row["orders"] for row in by_day) == 25
    assert sum(row["gross_value"] for row in by_day) == Decimal("3456.21")
    assert sum(row["revenue"] for row in by_day) == Decimal("1821.28")
    assert sum(row["delivery_fees"] for row in by_day) == Decimal("226.50")


def test_the_seeds_years_and_countries_add_up(seed: Any) -> None:
    by_year, by_country = defaultdict(Decimal), defaultdict(Decimal)
    for row in seed.published(P, "sales_by_branch_year"):
        by_year[row["year"]] += row["gross_value"]
        by_country[row["country"]] += row["gross_value"]
    assert by_year == {2023: Decimal("1701.84"), 2024: Decimal("1754.37")}
    assert by_country == {"Brasil": Decimal("2235.01"), "Argentina": Decimal("645.00"), "Chile": Decimal("576.20")}


def test_the_seeds_items_count_for_products_though_they_name_no_unit(seed: Any) -> None:
    worth: dict[str, Decimal] = defaultdict(Decimal)
    for row in seed.published(P, "product_sales"):
        worth[row["product"]] += row["gross_value"]
    assert sum(worth.values()) == Decimal("2231.25")
    assert max(worth.items(), key=lambda sold: sold[1]) == (
        "Pizza de Massa Fina com Queijo de Cabra",
        Decimal("750.00"),
    )


@pytest.fixture(scope="module")
def source(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seven real days of fifty units."""
    folder = tmp_path_factory.mktemp("week")
    week = shared_data / "mrhealth" / "generated" / "mrhealth_50units_7days.tar.gz"
    subprocess.run(["tar", "-xf", week, "-C", folder], check=True)
    return folder


@pytest.fixture(scope="module")
def ends(new_lake: Callable[[], Any], source: Path) -> Any:
    """The first and the last of them, through every layer."""
    lake = new_lake()
    for day in ENDS:
        lake.run(P, day, source / "csv_sales", source / "reference_data", page=day == ENDS[-1])
    return lake


@pytest.fixture(scope="module")
def week(ends: Any, source: Path) -> Any:
    """All of them: those between the two come late."""
    for day in DAYS[1:-1]:
        ends.run(P, day, source / "csv_sales", source / "reference_data")
    return ends


def of_days(lake: Any, table: str, days: Sequence[str]) -> list[dict[str, Any]]:
    return [row for day in days for row in lake.gold(P, day, table)]


def test_each_days_partition_holds_its_own_day_only(ends: Any) -> None:
    first, last = (ends.gold(P, day, "sales_by_branch_day") for day in ENDS)
    assert sum(row["gross_value"] for row in first) == Decimal("206964.52")
    assert sum(row["gross_value"] for row in last) == Decimal("219832.13")
    assert {str(row["order_date"]) for row in last} == {DAYS[-1]}
    assert {row["unit_id"] for row in first} == {row["unit_id"] for row in last} == set(range(1, 51))


def test_the_years_add_up_to_the_days(ends: Any) -> None:
    by_year: dict[int, Decimal] = defaultdict(Decimal)
    for row in of_days(ends, "sales_by_branch_year", ENDS):
        by_year[row["year"]] += row["gross_value"]
    days: dict[int, Decimal] = defaultdict(Decimal)
    for row in of_days(ends, "sales_by_branch_day", ENDS):
        days[row["order_date"].year] += row["gross_value"]
    assert by_year == days


def worth_of_items(lake: Any) -> dict[Any, Decimal]:
    """What each order that holds is worth by its items, which is what it says itself."""
    held, worth = lake.held(P, "current_orders"), defaultdict(Decimal)
    orders = {(o["unit_id"], o["order_id"]): o["order_value"] - o["delivery_fee"] for o in held}
    for i in lake.held(P, "current_items"):
        worth[i["unit_id"], i["order_id"]] += i["quantity"] * i["item_value"]
    assert orders == dict(worth)
    return worth


def test_orders_are_worth_their_items_and_their_fee(ends: Any) -> None:
    sold = of_days(ends, "product_sales", ENDS)
    assert sum(row["gross_value"] for row in sold) == sum(worth_of_items(ends).values()) > 0


def assert_nothing_is_refused(lake: Any, days: Sequence[str]) -> None:
    for day in days:
        for layer in ("bronze", "silver", "gold"):
            counts = lake.counts(P, day, layer).values()
            assert all(t["rows_in"] == t["accepted"] and not t["warnings"] for t in counts), (day, layer)


def test_clean_days_refuse_nothing(ends: Any) -> None:
    assert_nothing_is_refused(ends, ENDS)


def test_page_json_has_the_figures_of_gold(ends: Any) -> None:
    page, [first, last] = ends.page(P, ENDS[-1]), [ends.gold(P, day, "sales_by_branch_day") for day in ENDS]
    figures, totals = page["figures"], page["figures"]["totals"]
    assert figures["days"] == ENDS
    for column in ("orders", "gross_value", "revenue", "pending_value", "cancelled_value"):
        sums = [float(sum(row[column] for row in rows)) for rows in (first, last)]
        assert figures["network"][column] == pytest.approx(sums)
        assert totals[column] == pytest.approx(sums[-1])
    assert totals["ticket"] == pytest.approx(219832.13 / totals["orders"], abs=0.005)
    by_unit = {row["unit_id"]: float(row["revenue"]) for row in last}
    assert {unit["id"]: unit["today"]["revenue"] for unit in figures["units"]} == by_unit
    assert sum(row["revenue"] for row in figures["states"]) == pytest.approx(totals["revenue"])
    products = ends.gold(P, ENDS[-1], "product_sales")
    assert {row["id"]: row["quantity"] for row in figures["products"]} == {
        p["product_id"]: p["quantity"] for p in products
    }
    assert figures["products"][-1]["until"] == pytest.approx(1)
    ahead = ends.gold(P, ENDS[-1], "stock_forecast_days")
    for n, day in enumerate(figures["forecast"]["days"]):
        of_day = [row for row in ahead if str(row["forecast_date"]) == day]
        sums = [sum(row[name] for row in of_day) for name in ("quantity", "low", "high")]
        assert figures["forecast"]["path"][n] == pytest.approx(sums, abs=0.01)
        for branch in figures["forecast"]["branches"]:
            pieces = sum(row["quantity"] for row in of_day if row["unit_id"] == branch["id"])
            assert branch["path"][n][0] == pytest.approx(pieces, abs=0.01)
    assert figures["all_alerts"] == len(ends.gold(P, ENDS[-1], "alerts")) - figures["not_judged"]
    assert {files for unit in figures["deliveries"]["units"] for files in unit["files"]} <= {"0", "1", "2"}
    assert page["tables"]["sales_by_branch_day"]["total"] == 50
    assert len(page["tables"]["sales_by_branch_day"]["rows"]) == 20 and page["quarantine"] == []


@pytest.fixture(scope="module")
def athena(ends: Any, spark: Any) -> Iterator[Callable[[str], list[dict[str, Any]]]]:
    """What a query of Athena gives on the evening of the last day, over its views of gold; by Spark, whose SQL they
    share."""
    tables, views = contract(P).gold, ATHENA["views"]
    for name, table in tables.items():
        rows = [{**row, "business_date": date.fromisoformat(day)} for day in ENDS for row in ends.gold(P, day, name)]
        spark.createDataFrame(rows, f"{table.schema}, business_date date").createOrReplaceTempView(f"{P}_{name}")
    for name, view in views.items():
        spark.sql(view["sql"]).createOrReplaceTempView(f"{P}_{name}")

    def ask(sql: str) -> list[dict[str, Any]]:
        return [row.asDict() for row in spark.sql(sql.replace("current_date", f"DATE'{ENDS[-1]}'")).collect()]

    yield ask
    for name in (*views, *tables):
        spark.catalog.dropTempView(f"{P}_{name}")


def test_athenas_days_and_its_ranking_are_those_of_the_page(ends: Any, athena: Any) -> None:
    figures = ends.page(P, ENDS[-1])["figures"]
    days = athena(f"SELECT * FROM {P}_network_day ORDER BY order_date")
    for column in figures["network"].keys() & days[0].keys():
        assert [float(day[column]) for day in days] == pytest.approx(figures["network"][column]), column
    for column, total in figures["totals"].items():
        digits = 4 if column == "cancelled_share" else 2
        assert column not in days[-1] or round(float(days[-1][column]), digits) == pytest.approx(total), column
    assert days[-1].keys() >= {"orders", "revenue", "ticket", "cancelled_share", "branches"}
    ranking = [(row["branch"], float(row["revenue"])) for row in athena(ATHENA["queries"]["branch_ranking"]["sql"])]
    assert sorted(ranking) == sorted((unit["branch"], unit["today"]["revenue"]) for unit in figures["units"])
    assert [revenue for _, revenue in ranking] == sorted((revenue for _, revenue in ranking), reverse=True)


def test_athenas_totals_and_lists_are_those_of_gold(ends: Any, athena: Any) -> None:
    for view, table in (("branch_total", "sales_by_branch_day"), ("product_total", "product_sales")):
        key = "unit_id" if view == "branch_total" else "product_id"
        worth: dict[int, Decimal] = defaultdict(Decimal)
        for row in of_days(ends, table, ENDS):
            worth[row[key]] += row["revenue"]
        assert {row[key]: row["revenue"] for row in athena(f"TABLE {P}_{view}")} == worth
    listed = ("product", "order_quantity", "forecast_quantity_7d", "note")
    stock = [row for row in ends.gold(P, ENDS[-1], "stock_recommendations") if row["unit_id"] == 1]
    wanted = [{name: row[name] for name in listed} for row in sorted(stock, key=lambda row: row["product"])]
    assert athena(ATHENA["queries"]["order_list_of_a_branch"]["sql"]) == wanted != []
    kinds = [row["kind"] for row in of_days(ends, "alerts", ENDS)]
    alerts = athena(ATHENA["queries"]["alerts_of_30_days"]["sql"])
    assert sum(row["alerts"] for row in alerts) == len(kinds) - kinds.count("not_judged")
    figures, newest = ends.page(P, ENDS[-1])["figures"], athena(f"TABLE {P}_alerts_latest")
    assert len(newest) == figures["all_alerts"] + figures["not_judged"] > 0


# The week whole goes last: it adds to the lake of its ends.


@pytest.mark.long  # to the cent of its first and last day below; whole days that come late: test_mrhealth_layers.py
def test_a_real_weeks_sales_are_right_to_the_cent(week: Any) -> None:
    rows = of_days(week, "sales_by_branch_day", DAYS)
    totals = {c: sum(row[c] for row in rows) for c in ("orders", "gross_value", "revenue", "cancelled_value")}
    assert totals == {
        "orders": 10413,
        "gross_value": Decimal("1494678.12"),
        "revenue": Decimal("1269304.23"),
        "cancelled_value": Decimal("74247.50"),
    }
    assert sum(row["pending_value"] for row in rows) == Decimal("151126.39")
    assert {row["unit_id"] for row in rows} == set(range(1, 51))


@pytest.mark.long  # of two of its days above
def test_a_real_weeks_orders_are_worth_their_items_and_their_fee(week: Any) -> None:
    worth = worth_of_items(week)
    assert len(worth) == 10413
    sold = of_days(week, "product_sales", DAYS)
    assert sum(row["gross_value"] for row in sold) == sum(worth.values()) == Decimal("1401685.30")
    assert sum(row["revenue"] for row in sold) == Decimal("1189628.50")


@pytest.mark.long  # of two of its days above
def test_a_clean_week_refuses_nothing(week: Any) -> None:
    assert_nothing_is_refused(week, DAYS)
    assert sum(week.counts(P, day, "silver")["items"]["accepted"] for day in DAYS) == 30961
