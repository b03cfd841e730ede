"""The products of mrhealth_sales, on small frames."""

from datetime import date
from decimal import Decimal
from typing import Any

from mrhealth_sales import gold
from mrhealth_sales.silver import SCHEMAS

DAY = date(2025, 12, 29)


def order(unit: int, number: str, value: str, status: str, day: date = DAY, branch: str | None = "Filial") -> Any:
    money = (Decimal(value), "Rua A", Decimal("5.00"))
    return (unit, number, "Loja Online", day, *money, status, branch, "SP", "Brasil", "f", 1, None)


def item(unit: int | None, product: int, quantity: int, value: str) -> Any:
    return (unit, "1", "1", product, quantity, Decimal(value), None, "Suco", "f", 1, None)


def test_sales_of_a_day_by_branch(spark: Any) -> None:
    orders = spark.createDataFrame(
        [
            order(1, "1", "10.00", "Finalizado"),
            order(1, "2", "20.00", "Pendente"),
            order(1, "3", "30.00", "Cancelado"),
            order(2, "1", "1.10", "Finalizado"),
            order(3, "1", "7.00", "Pendente", branch=None),
        ],
        SCHEMAS["orders"],
    )
    product = gold.sales_by_branch_day(orders)
    assert product.frame.schema.simpleString() == (
        "struct<order_date:date,unit_id:int,branch:string,state:string,country:string,orders:bigint,"
        "gross_value:decimal(18,2),revenue:decimal(18,2),pending_value:decimal(18,2),cancelled_value:decimal(18,2),"
        "delivery_fees:decimal(18,2)>"
    )
    rows = {row.unit_id: row for row in product.frame.collect()}
    assert rows[1][5:] == (3, *map(Decimal, ("60.00", "10.00", "20.00", "30.00", "15.00")))
    assert rows[2][5:] == (1, *map(Decimal, ("1.10", "1.10", "0.00", "0.00", "5.00")))
    assert rows[3].branch is None and rows[3].gross_value == Decimal("7.00")


def test_two_units_of_one_name_stay_two(spark: Any) -> None:
    orders = [order(1, "1", "10.00", "Finalizado"), order(2, "1", "10.00", "Finalizado")]
    assert gold.sales_by_branch_day(spark.createDataFrame(orders, SCHEMAS["orders"])).frame.count() == 2


def test_sales_of_a_year_add_up_its_days(spark: Any) -> None:
    days = [DAY, date(2025, 1, 1), date(2026, 1, 1)]
    orders = [order(1, str(n), "10.00", "Finalizado", day) for n, day in enumerate(days)]
    product = gold.sales_by_branch_year(spark.createDataFrame(orders, SCHEMAS["orders"]))
    assert product.frame.columns[0] == "year" and "order_date" not in product.frame.columns
    assert {row.year: (row.orders, row.gross_value) for row in product.frame.collect()} == {
        2025: (2, Decimal("20.00")),
        2026: (1, Decimal("10.00")),
    }


def test_products_count_every_item_with_or_without_a_unit(spark: Any) -> None:
    items = [item(1, 8, 2, "19.90"), item(None, 8, 3, "19.90"), item(1, 9, 1, "0.10")]
    product = gold.product_sales(spark.createDataFrame(items, SCHEMAS["items"]))
    assert product.frame.schema.simpleString() == (
        "struct<product_id:int,product:string,quantity:bigint,item_revenue:decimal(18,2)>"
    )
    assert {row.product_id: (row.quantity, row.item_revenue) for row in product.frame.collect()} == {
        8: (5, Decimal("99.50")),
        9: (1, Decimal("0.10")),
    }
