"""The products of mrhealth_sales, on small frames."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from mrhealth_sales.jobs import gold
from mrhealth_sales.jobs.versions import HOLDS
from nightshift_contract.reading import contract

DAY = date(2025, 12, 29)
CAME = (True, DAY, None)  # in the drop of its unit, of that date


def order(unit: int, number: str, value: str, status: str, day: date = DAY, branch: str | None = "Filial") -> Any:
    money = (Decimal(value), "Rua A", Decimal("5.00"))
    return (unit, number, "Loja Online", day, *money, status, branch, "SP", "Brasil", "f", 1, None, *CAME, day)


def item(unit: int, product: int, quantity: int, value: str, status: str = "Finalizado", name: str = "Suco") -> Any:
    return (unit, "1", "1", product, quantity, Decimal(value), None, name, "f", 1, None, *CAME, DAY, status)


def test_sales_of_a_day_by_branch(spark: Any) -> None:
    orders = spark.createDataFrame(
        [
            order(1, "1", "10.00", "Finalizado"),
            order(1, "2", "20.00", "Pendente"),
            order(1, "3", "30.00", "Cancelado"),
            order(2, "1", "1.10", "Finalizado"),
            order(3, "1", "7.00", "Pendente", branch=None),
        ],
        HOLDS["current_orders"],
    )
    product = gold.sales_by_branch_day(orders)
    assert product.frame.schema.simpleString() == (
        "struct<day:string,order_date:date,unit_id:int,branch:string,state:string,country:string,orders:bigint,"
        "gross_value:decimal(18,2),revenue:decimal(18,2),pending_value:decimal(18,2),cancelled_value:decimal(18,2),"
        "delivery_fees:decimal(18,2)>"
    )
    rows = {row.unit_id: row for row in product.frame.collect()}
    assert rows[1][6:] == (3, *map(Decimal, ("60.00", "10.00", "20.00", "30.00", "15.00")))
    assert rows[2][6:] == (1, *map(Decimal, ("1.10", "1.10", "0.00", "0.00", "5.00")))
    assert rows[3].branch is None and rows[3].gross_value == Decimal("7.00")


def test_two_units_of_one_name_stay_two(spark: Any) -> None:
    orders = [order(1, "1", "10.00", "Finalizado"), order(2, "1", "10.00", "Finalizado")]
    assert gold.sales_by_branch_day(spark.createDataFrame(orders, HOLDS["current_orders"])).frame.count() == 2


def test_sales_of_a_year_are_told_a_day_at_a_time(spark: Any) -> None:
    days = [DAY, date(2025, 1, 1), date(2026, 1, 1)]
    orders = [order(1, str(n), "10.00", "Finalizado", day) for n, day in enumerate(days)]
    product = gold.sales_by_branch_year(spark.createDataFrame(orders, HOLDS["current_orders"]))
    assert product.frame.columns[:2] == ["day", "year"] and "order_date" not in product.frame.columns
    assert sorted((row.day, row.year, row.orders) for row in product.frame.collect()) == [
        ("2025-01-01", 2025, 1),
        ("2025-12-29", 2025, 1),
        ("2026-01-01", 2026, 1),
    ]


def test_products_of_all_orders_and_of_those_that_are_finished(spark: Any) -> None:
    items = [item(1, 8, 2, "19.90"), item(2, 8, 3, "19.90", "Pendente"), item(1, 9, 1, "0.10", "Cancelado")]
    product = gold.product_sales(spark.createDataFrame(items, HOLDS["current_items"]))
    assert product.frame.schema.simpleString() == (
        "struct<day:string,product_id:int,product:string,quantity:bigint,gross_value:decimal(18,2),"
        "finished_quantity:bigint,revenue:decimal(18,2)>"
    )
    assert {row.product_id: tuple(row[3:]) for row in product.frame.collect()} == {
        8: (5, Decimal("99.50"), 2, Decimal("39.80")),
        9: (1, Decimal("0.10"), 0, Decimal("0.00")),
    }


def test_products_of_each_unit_and_day_carry_the_names_of_both(spark: Any) -> None:
    flat = list(item(1, 8, 50, "1.00"))
    flat[0] = None
    items = [
        item(1, 8, 2, "19.90"),
        item(1, 8, 1, "19.90", "Pendente"),
        item(2, 8, 3, "10.00", "Cancelado"),
        tuple(flat),
    ]
    orders = [order(1, "1", "59.70", "Finalizado", branch="Praia"), order(2, "1", "30.00", "Cancelado", branch=None)]
    frames = [
        spark.createDataFrame(rows, HOLDS[of]) for rows, of in ((items, "current_items"), (orders, "current_orders"))
    ]
    product = gold.sales_by_product_branch_day(*frames)
    assert (
        ", ".join(f"{n} {t}" for n, t in product.frame.dtypes[1:])
        == contract("mrhealth_sales").gold["sales_by_product_branch_day"].schema
    )
    assert sorted(tuple(row)[2:] for row in product.frame.collect()) == [
        (1, "Praia", "SP", "Brasil", 8, "Suco", 3, Decimal("59.70"), 2, Decimal("39.80")),
        (2, None, "SP", "Brasil", 8, "Suco", 3, Decimal("30.00"), 0, Decimal("0.00")),
    ]


def test_a_name_is_that_of_the_first_drop_of_the_day(spark: Any) -> None:
    later = list(item(1, 8, 1, "1.00", name="Suco novo"))
    later[-4] = DAY + timedelta(days=3)
    product = gold.product_sales(spark.createDataFrame([tuple(later), item(1, 8, 1, "1.00")], HOLDS["current_items"]))
    assert [(row.product, row.quantity) for row in product.frame.collect()] == [("Suco", 2)]
