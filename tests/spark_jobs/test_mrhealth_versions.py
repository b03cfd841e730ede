"""An order has one truth, its latest version: what an accountant says after each sequence of deliveries."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from medallion.errors import TooMuchRefused

P = "mrhealth_sales"
A, B = "2026-01-01", "2026-01-02"
ORDERS = "Id_Unidade,Id_Pedido,Tipo_Pedido,Data_Pedido,Vlr_Pedido,Endereco_Entrega,Taxa_Entrega,Status\n"
ITEMS = "Id_Pedido,Id_Item_Pedido,Id_Produto,Qtd,Vlr_Item,Observacao\n"
DONE, PENDING = "Finalizado", "Pendente"


class Sold(NamedTuple):
    """An order as a unit writes it, with at most one item."""

    number: str
    value: str
    day: str
    status: str = DONE
    product: int = 0
    quantity: int = 1
    price: str = "0"


ORDER_A = Sold("a", "105.00", A, DONE, 1, 2, "50.00")
ORDER_P = Sold("p", "55.00", A, PENDING, 2, 1, "50.00")
ORDER_B = Sold("b", "25.00", B, DONE, 2, 1, "20.00")
ORDER_Z = Sold("z", "30.00", A)


class Shop:
    """Units that deliver, and a lake that is run."""

    def __init__(self, lake: Any, root: Path) -> None:
        self.lake, self.root, self.clock = lake, root, 1_767_300_000

    def deliver(self, day: str, *orders: Sold, unit: int = 1, items: tuple[Sold, ...] | None = None) -> None:
        """Write the two files of a unit's day anew, later than any file before them."""
        folder = self.root / day.replace("-", "/") / f"unit_{unit:03}"
        rows = [f"{unit},{o.number},Loja Online,{o.day},{o.value},Rua A,0.00,{o.status}\n" for o in orders]
        sold = [o for o in (orders if items is None else items) if o.product]
        bought = [f"{o.number},1,{o.product},{o.quantity},{o.price},\n" for o in sold]
        self.write(folder / "pedido.csv", ORDERS + "".join(rows))
        self.write(folder / "item_pedido.csv", ITEMS + "".join(bought))

    def write(self, file: Path, text: str) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        self.clock += 60
        os.utime(file, (self.clock, self.clock))

    def run(self, *days: str) -> None:
        for day in days:
            self.lake.run(P, day, self.root)

    def gold(self, table: str, column: str) -> dict[str, Decimal]:
        """The sums of a column of all that is published, by day."""
        days = sorted((self.lake.root / "gold" / P / table).iterdir())
        of_day = {d.name.removeprefix("business_date="): self.lake.gold(P, d.name[-10:], table) for d in days}
        return {day: sum((row[column] for row in rows), Decimal(0)) for day, rows in of_day.items()}

    def total(self, table: str, column: str) -> Decimal:
        return sum(self.gold(table, column).values(), Decimal(0))

    @property
    def sums(self) -> tuple[Decimal, ...]:
        """Orders, gross value, revenue, what the items are worth."""
        sales = "sales_by_branch_day"
        figures = [self.total(sales, column) for column in ("orders", "gross_value", "revenue")]
        return (*figures, self.total("product_sales", "gross_value"))


@pytest.fixture
def shop(lake: Any, tmp_path: Path) -> Shop:
    shop = Shop(lake, tmp_path / "drops")
    shop.deliver(A, ORDER_A, ORDER_P)
    shop.run(A)
    return shop


def sums(orders: int, gross: str, revenue: str, items: str) -> tuple[Decimal, ...]:
    return tuple(map(Decimal, (orders, gross, revenue, items)))


@pytest.mark.parametrize(
    ("brings", "expected"),
    [
        pytest.param((ORDER_A,), sums(3, "185", "130", "170"), id="the same once more"),
        pytest.param(
            (ORDER_A._replace(value="1105.00", quantity=22),), sums(3, "1185", "1130", "1170"), id="another value"
        ),
        pytest.param((ORDER_P._replace(status=DONE),), sums(3, "185", "185", "170"), id="pending becomes finished"),
        pytest.param((ORDER_A._replace(day=B),), sums(3, "185", "130", "170"), id="another date"),
    ],
)
def test_the_latest_version_is_the_order(shop: Shop, brings: tuple[Sold, ...], expected: Any) -> None:
    shop.deliver(B, ORDER_B, *brings)
    shop.run(B)
    assert shop.sums == expected


def test_items_that_come_once_more_without_their_order_sell_nothing(shop: Shop) -> None:
    shop.deliver(B, ORDER_B, items=(ORDER_B, ORDER_A))
    shop.run(B)
    assert shop.sums == sums(3, "185", "130", "170")
    assert shop.lake.counts(P, B, "silver")["items"]["reasons"] == {"superseded": 1}


def test_an_order_that_comes_late_is_of_its_own_day_and_what_was_published_is_restated(shop: Shop) -> None:
    shop.deliver(B, ORDER_B)
    shop.deliver(B, ORDER_Z, unit=2)
    shop.run(B)
    assert shop.gold("sales_by_branch_day", "gross_value") == {A: Decimal(190), B: Decimal(25)}
    [told] = shop.lake.manifest(P, B, "gold")["restated"]
    assert (told["table"], told["day"], told["since"][:2]) == ("sales_by_branch_day", A, "20")
    assert (told["before"]["gross_value"], told["after"]["gross_value"]) == ("160.00", "190.00")
    assert (told["before"]["orders"], told["after"]["orders"]) == ("2", "3")


def test_an_order_that_its_first_drop_takes_back_stays_where_another_brought_it(shop: Shop) -> None:
    shop.deliver(B, ORDER_B, ORDER_A)
    shop.run(B)
    shop.deliver(A, ORDER_P)
    shop.run(A)
    assert shop.sums == sums(3, "185", "130", "170")


def test_a_correction_of_the_first_drop_that_came_later_counts(shop: Shop) -> None:
    shop.deliver(B, ORDER_B)
    shop.deliver(B, ORDER_Z, unit=2)
    shop.run(B)
    shop.deliver(A, ORDER_Z._replace(value="300.00"), unit=2)
    shop.run(A)
    assert shop.total("sales_by_branch_day", "gross_value") == Decimal(485)


def test_an_order_that_the_only_drop_that_told_of_it_takes_back_is_gone(shop: Shop) -> None:
    shop.deliver(B, ORDER_Z, unit=2)
    shop.run(B)
    shop.deliver(B, unit=2)
    shop.run(B)
    assert shop.gold("sales_by_branch_day", "gross_value") == {A: Decimal(160), B: Decimal(0)}


def test_of_two_files_in_one_drop_the_one_that_came_later_counts_whatever_its_name(shop: Shop) -> None:
    """Its items with it: an item that the later file leaves out is sold no more."""
    folder = shop.root / "2026/01/02"
    two_items = f"{ITEMS}b,1,2,1,20.00,\nb,2,1,1,5.00,\n"
    shop.write(folder / "unit_01/PEDIDO.csv", f"{ORDERS}1,b,Loja Online,{B},999.00,Rua A,0.00,Pendente\n")
    shop.write(folder / "unit_01/item_pedido.csv", two_items)
    shop.write(folder / "unit_001/pedido.csv", f"{ORDERS}1,b,Loja Online,{B},25.00,Rua A,0.00,{DONE}\n")
    shop.write(folder / "unit_001/item_pedido.csv", f"{ITEMS}b,1,2,1,20.00,\n")
    os.utime(folder / "unit_01/PEDIDO.csv", (1, 1))
    shop.run(B)
    assert shop.sums == sums(3, "185", "130", "170")
    counts = shop.lake.counts(P, B, "silver")
    assert (counts["orders"]["reasons"], counts["items"]["reasons"]) == ({"superseded": 1}, {"superseded": 1})


def test_items_of_a_refused_order_or_of_none_sell_nothing_until_their_order_comes(shop: Shop) -> None:
    shop.deliver(B, ORDER_B, ORDER_Z._replace(value="abc", product=1, quantity=3), items=(ORDER_B,))
    shop.write(
        shop.root / "2026/01/02/unit_001/item_pedido.csv", f"{ITEMS}b,1,2,1,20.00,\nz,1,1,3,10.00,\nn,1,1,1,7.00,\n"
    )
    shop.run(B)
    assert shop.total("product_sales", "gross_value") == Decimal(170)
    assert shop.lake.counts(P, B, "silver")["items"]["reasons"] == {"orphan_item": 2}
    shop.deliver(A, ORDER_A, ORDER_P, Sold("n", "7.00", A))
    shop.run(A)
    assert shop.total("product_sales", "gross_value") == Decimal(177)


@pytest.mark.parametrize("layer", ["bronze", "silver"])
def test_a_drop_that_is_mostly_refused_changes_nothing_that_holds(shop: Shop, layer: str) -> None:
    """Not by the next night either."""
    spoilt = "1,p\n" * 3 if layer == "bronze" else f"1,x,Loja Online,{B},abc,Rua A,0.00,{DONE}\n" * 3
    order = f"1,a,Loja Online,{B},7.00,Rua A,0.00,{DONE}\n"
    shop.write(shop.root / "2026/01/02/unit_001/pedido.csv", f"{ORDERS}{order}{spoilt}")
    with pytest.raises(TooMuchRefused, match=rf"{layer} orders: 3 of 4 rows were refused .*more than 50%"):
        shop.lake.run(P, B, shop.root, most_refused=0.5)
    shop.run(A)
    assert shop.sums == sums(2, "160", "105", "150")
