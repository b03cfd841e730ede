"""The views and saved queries of Athena over gold: each is run, by Spark, whose SQL they share."""

import json
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from nightshift_contract.reading import contract
from tests.spark_jobs.conftest import ROOT
from tests.spark_jobs.test_alerts import TODAY, past, sold, whole

VIEWS = json.loads((ROOT / "include" / "terraform" / "views.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module", params=sorted(VIEWS))
def product(request: Any, spark: Any) -> Any:
    """A product's name, with its gold tables, empty, and its views as Spark knows them."""
    name = request.param
    tables, views = contract(name).gold, VIEWS[name]["views"]
    for table in tables.values():
        schema = f"{table.schema}, business_date date"
        spark.createDataFrame([], schema).createOrReplaceTempView(f"{name}_{table.name}")
    for view, body in views.items():
        spark.sql(body["sql"]).createOrReplaceTempView(f"{name}_{view}")
    yield name
    for view in (*views, *tables):
        spark.catalog.dropTempView(f"{name}_{view}")


def test_a_view_has_the_columns_and_types_that_it_states(product: str, spark: Any) -> None:
    """Athena refuses a view whose query gives another type than is stored with it."""
    for view, body in VIEWS[product]["views"].items():
        stated = [(column["name"], column["type"]) for column in body["columns"]]
        assert spark.table(f"{product}_{view}").dtypes == stated, view


def test_a_saved_query_finds_its_tables_and_columns(product: str, spark: Any) -> None:
    queries = VIEWS[product]["queries"]
    assert queries
    for name, query in queries.items():
        assert spark.sql(query["sql"]).columns, name


def test_totals_and_newest_partitions_are_right(spark: Any) -> None:
    days = [date(2026, 1, 3), date(2026, 1, 4)]
    money = [Decimal(amount) for amount in ("10.00", "6.00", "0.00", "4.00", "1.00")]
    rows = [(day, unit, f"Unit {unit}", "SP", "Brasil", 2, *money, day) for day in days for unit in (1, 2)]
    schema = contract("mrhealth_sales").gold["sales_by_branch_day"].schema
    frame = spark.createDataFrame(rows, f"{schema}, business_date date")
    frame.createOrReplaceTempView("mrhealth_sales_sales_by_branch_day")
    views = VIEWS["mrhealth_sales"]["views"]
    try:
        total = spark.sql(views["network_day"]["sql"]).orderBy("order_date").collect()
        amounts = [Decimal(amount) for amount in ("20.00", "12.00", "8.00")]
        assert [tuple(row) for row in total] == [(day, 2, 4, *amounts, 0.4, 5.0) for day in days]
        newest = spark.sql(views["sales_by_branch_day_latest"]["sql"]).collect()
        assert {(row.business_date, row.unit_id) for row in newest} == {(days[1], 1), (days[1], 2)}
    finally:
        spark.catalog.dropTempView("mrhealth_sales_sales_by_branch_day")


def test_the_alerts_of_thirty_days_are_counted_by_unit_and_kind(spark: Any) -> None:
    """Of two units of one name, of which one sent nothing and the other sold too much, and of one that is too young to
    be judged: on the last day and on the first of the thirty, and on the day before it, when they had other names."""
    days = {TODAY: "Moema", TODAY - timedelta(days=29): "Moema", TODAY - timedelta(days=30): "Moema velha"}
    units = {1: whole(None, past()), 2: whole(sold(TODAY, 2400), past()), 3: whole(sold(TODAY, 2400), past(days=3))}
    rows = [
        (unit, *alert[:6], branch, None, None, day)
        for unit, alerts in units.items()
        for alert in alerts
        for day, branch in days.items()
    ]
    schema = contract("mrhealth_sales").gold["alerts"].schema
    spark.createDataFrame(rows, f"{schema}, business_date date").createOrReplaceTempView("mrhealth_sales_alerts")
    query = VIEWS["mrhealth_sales"]["queries"]["alerts_of_30_days"]["sql"]
    try:
        counted = spark.sql(query.replace("current_date", f"DATE'{TODAY}'")).collect()
    finally:
        spark.catalog.dropTempView("mrhealth_sales_alerts")
    assert [tuple(row) for row in counted] == [
        (1, "Moema", "missing_file", "critical", 2, TODAY),
        (2, "Moema", "unusual_sales", "critical", 2, TODAY),
    ]
