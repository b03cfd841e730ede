"""An order has one truth, its latest version: what an accountant says after each sequence of deliveries."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

import pytest

from medallion.errors import OldLake, TooMuchRefused

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
    quantity: int = 0
    price: str = "0"


ORDER_A = Sold("a", "105.00", A, DONE, 2, "50.00")
ORDER_P = Sold("p", "55.00", A, PENDING, 1, "50.00")
ORDER_B = Sold("b", "25.00", B, DONE, 1, "20.00")
ORDER_Z = Sold("z", "30.00", A)
ORDER_N = Sold("n", "7.00", A)
ITEM_OF_N = Sold("n", "7.00", A, DONE, 1, "7.00")
TWO_ITEMS = "b,1,{unit},1,20.00,\nb,2,{unit},1,5.00,\n"


class Case(NamedTuple):
    """What one unit delivers beside `b` on B; then, where `again` is not None, what A's own files become, and A is run
    again. `sums`: its orders, their value, that of the finished ones, what their items are worth, in the end."""

    name: str
    brings: tuple[Sold, ...]
    sums: tuple[int, int, int, int]
    first: tuple[Sold, ...] = (ORDER_A, ORDER_P)
    items: tuple[Sold, ...] | None = None  # of B; None: those of its orders
    again: tuple[Sold, ...] | None = None


CASES = [
    Case("the same once more", (ORDER_A,), (3, 185, 130, 170)),
    Case("another value", (ORDER_A._replace(value="1105.00", quantity=22),), (3, 1185, 1130, 1170)),
    Case("pending becomes finished", (ORDER_P._replace(status=DONE),), (3, 185, 185, 170)),
    Case("another date", (ORDER_A._replace(day=B),), (3, 185, 130, 170)),
    Case("its items alone once more", (), (3, 185, 130, 170), items=(ORDER_B, ORDER_A)),
    Case("a finished order without its items", (ORDER_P._replace(status=DONE, quantity=0),), (3, 185, 185, 170)),
    Case("an order that comes late", (ORDER_Z,), (4, 215, 160, 170)),
    Case("taken back by its first drop", (ORDER_A,), (3, 185, 130, 170), again=(ORDER_P,)),
    Case("taken back by the only drop", (), (2, 80, 25, 70), again=(ORDER_P,)),
    Case("corrected by the first drop, later", (ORDER_Z,), (4, 485, 430, 170),
         again=(ORDER_A, ORDER_P, ORDER_Z._replace(value="300.00"))),
    Case("items of a refused order", (ORDER_Z._replace(value="abc", quantity=3, price="10.00"),), (3, 185, 130, 170)),
    Case("items before their order", (), (4, 192, 137, 177), items=(ORDER_B, ITEM_OF_N),
         again=(ORDER_A, ORDER_P, ORDER_N)),
]  # fmt: skip


class Shop:
    """Units that deliver, and a lake that is run."""

    def __init__(self, lake: Any, root: Path) -> None:
        self.lake, self.root, self.clock = lake, root, 1_767_300_000

    def deliver(self, day: str, unit: int, orders: tuple[Sold, ...], items: tuple[Sold, ...] | None = None) -> None:
        """Write the two files of a unit's day anew, later than any file before them; each unit has one product."""
        folder = self.root / day.replace("-", "/") / f"unit_{unit:03}"
        rows = [f"{unit},{o.number},Loja Online,{o.day},{o.value},Rua A,0.00,{o.status}\n" for o in orders]
        sold = [o for o in (orders if items is None else items) if o.quantity]
        self.write(folder / "pedido.csv", ORDERS + "".join(rows))
        self.write(
            folder / "item_pedido.csv", ITEMS + "".join(f"{o.number},1,{unit},{o.quantity},{o.price},\n" for o in sold)
        )

    def write(self, file: Path, text: str) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        self.clock += 60
        os.utime(file, (self.clock, self.clock))

    def run(self, *days: str, **options: Any) -> None:
        for day in days:
            self.lake.run(P, day, self.root, **options)

    def sums(self, unit: int) -> tuple[int, ...]:
        """Orders, their value, that of the finished ones, what their items are worth, over all that is published."""
        sales = [row for row in self.lake.published(P, "sales_by_branch_day") if row["unit_id"] == unit]
        items = [row for row in self.lake.published(P, "product_sales") if row["product_id"] == unit]
        figures = [sum(row[figure] for row in sales) for figure in ("orders", "gross_value", "revenue")]
        return tuple(map(int, (*figures, sum(row["gross_value"] for row in items))))


# Orders of units beside the cases, whose items come in a file of all units, without one.
FLAT_ITEMS = dict(zip("stuv", range(101, 105), strict=True))  # their products


class Table(NamedTuple):
    """The shop after its nights, which units' rows B's night refused and why, and what two deliveries that were mostly
    refused left of B."""

    shop: Shop
    reasons: set[tuple[int, str]]
    refused: dict[str, Any]


@pytest.fixture(scope="module")
def played(new_lake: Callable[[], Any], tmp_path_factory: pytest.TempPathFactory) -> Table:
    """Every case in a unit of its own: A, then B, and A again. Before that B comes twice more, mostly refused.

    The items of A's last night come in one file of all units, without orders; B brought the orders before."""
    shop = Shop(new_lake(), tmp_path_factory.mktemp("drops"))
    for unit, case in enumerate(CASES, start=1):
        shop.deliver(A, unit, case.first)
    shop.run(A)
    for unit, case in enumerate(CASES, start=1):
        shop.deliver(B, unit, (ORDER_B, *case.brings), case.items)
    shop.write(shop.root / "2026/01/02/PEDIDO.csv", f"{ORDERS}21,s,Loja Online,{A},10.00,Rua A,0.00,{DONE}\n")
    for unit in (23, 22):
        shop.deliver(B, unit, (Sold("t", "10.00", B),))
    shop.run(B)
    rows = [row for kind in ("orders", "items") for row in shop.lake.quarantine("silver", P, kind, B)]
    refused = mostly_refused(shop)
    for unit, case in enumerate(CASES, start=1):
        if case.again is not None:
            shop.deliver(A, unit, case.again)
    # 101 and 102 are of orders of one unit and of two, 103's order comes later, 104's is refused.
    items = "".join(f"{order},1,{product},2,5.00,\n" for order, product in FLAT_ITEMS.items())
    shop.write(shop.root / "2026/01/01/ITEM_PEDIDO.csv", ITEMS + items)
    shop.write(shop.root / "2026/01/01/PEDIDO.csv", f"{ORDERS}21,v,Loja Online,{A},abc,Rua A,0.00,{DONE}\n")
    shop.run(A)
    return Table(shop, {(row["unit_id"], row["reason"]) for row in rows}, refused)


def mostly_refused(shop: Shop) -> dict[str, Any]:
    """Deliver B anew, mostly refused by one layer, then by the other: of each what it says, shows and changes."""
    file, told = shop.root / "2026/01/02/unit_001/pedido.csv", {}
    order, before = f"{ORDERS}1,a,Loja Online,{B},7.00,Rua A,0.00,{DONE}\n", file.read_text(encoding="utf-8")
    spoilt = {"bronze": "1,p\n", "silver": f"1,x,Loja Online,{B},abc,Rua A,0.00,{DONE}\n"}
    for layer, row in spoilt.items():
        held = all_sums(shop)
        shop.write(file, order + row * 90)
        with pytest.raises(TooMuchRefused) as error:
            shop.run(B, most_refused=0.5)
        told[layer] = str(error.value), shop.lake.page(P, B)["quarantine"], held, all_sums(shop)
    shop.write(file, before)
    return told


def all_sums(shop: Shop) -> dict[int, tuple[int, ...]]:
    return {unit: shop.sums(unit) for unit in range(1, len(CASES) + 1)}


@pytest.fixture(scope="module")
def table(played: Table) -> Shop:
    return played.shop


@pytest.mark.parametrize("unit", range(1, len(CASES) + 1), ids=[case.name for case in CASES])
def test_the_latest_version_is_the_order(table: Shop, unit: int) -> None:
    assert table.sums(unit) == CASES[unit - 1].sums


def test_rows_that_do_not_count_say_why(played: Table) -> None:
    units = {case.name: unit for unit, case in enumerate(CASES, start=1)}
    assert played.reasons == {
        (units["its items alone once more"], "superseded"),
        (units["items of a refused order"], "bad_number"),
        (units["items of a refused order"], "orphan_item"),
        (units["items before their order"], "orphan_item"),
    }


def test_published_days_that_say_something_else_are_told_with_what_they_said(table: Shop) -> None:
    """Of the second night of A: what B's night had published of A."""
    restated = {(told["table"], told["day"]): told for told in table.lake.manifest(P, A, "gold")["restated"]}
    # Of B: the items of a file of all units that are of its orders.
    assert restated.keys() == {("sales_by_branch_day", A), ("product_sales", A), ("product_sales", B)}
    told = restated["sales_by_branch_day", A]
    assert (told["rows"], told["since"][:2]) == (3, "20")
    change = Decimal(told["after"]["gross_value"]) - Decimal(told["before"]["gross_value"])
    assert change == Decimal("-105.00") + Decimal("270.00") + Decimal("7.00")
    assert int(told["after"]["orders"]) == int(told["before"]["orders"])


def copied(table: Shop, lake: Any, root: Path) -> Shop:
    """That lake and its drops, to go on with."""
    for source, target in ((table.lake.root, lake.root), (table.root, root)):
        shutil.copytree(source, target, copy_function=shutil.copy2, dirs_exist_ok=True)
    own = Shop(lake, root)
    own.clock = table.clock
    return own


@pytest.fixture(scope="module")
def later(table: Shop, new_lake: Callable[[], Any], tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """B once more: of unit 1 there are two files, an order that came late is gone, as is `s`, and `u` comes. A folder
    that names no unit has items of `b`, an order of every unit, last of all."""
    shop = copied(table, new_lake(), tmp_path_factory.mktemp("later"))
    folder = shop.root / "2026/01/02"
    shop.write(folder / "unit_01/PEDIDO.csv", f"{ORDERS}1,b,Loja Online,{B},999.00,Rua A,0.00,Pendente\n")
    shop.write(folder / "unit_01/item_pedido.csv", ITEMS + TWO_ITEMS.format(unit=1))
    shop.deliver(B, 1, (ORDER_B,))
    os.utime(folder / "unit_01/PEDIDO.csv", (1, 1))
    shop.deliver(B, LATE, (ORDER_B._replace(value="999.00"),), (ORDER_B,))
    copy = folder / f"unit_{LATE:03}/pedido (1).csv"  # of the same second
    shop.write(copy, f"{ORDERS}{LATE},b,Loja Online,{B},25.00,Rua A,0.00,{DONE}\n")
    os.utime(copy, (shop.clock, shop.clock))
    os.utime(copy.with_name("pedido.csv"), (shop.clock, shop.clock))
    shop.write(folder / "PEDIDO.csv", f"{ORDERS}24,u,Loja Online,{B},10.00,Rua A,0.00,{DONE}\n")
    shop.write(folder / "Loja 39/item_pedido.csv", f"{ITEMS}b,1,1,9,20.00,\n")
    shop.run(B)
    return shop


LATE = 7


def test_of_two_files_in_one_drop_the_one_that_came_later_counts_whatever_its_name(later: Shop) -> None:
    """Its items with it: an item that the later file leaves out is sold no more. And a drop that takes back what it
    alone told of leaves nothing of it."""
    assert CASES[LATE - 1].name == "an order that comes late"
    assert later.sums(1) == later.sums(LATE) == (3, 185, 130, 170)


def test_items_that_name_no_unit_do_not_replace_those_that_a_unit_sent_of_its_order(later: Shop) -> None:
    assert later.sums(1) == (3, 185, 130, 170)
    [refused] = [r for r in later.lake.quarantine("silver", P, "items", B) if "/Loja 39/" in unquote(r["source_file"])]
    assert (refused["reason"], refused["detail"]) == (
        "orphan_item",
        "it names no unit, and the order with its number has items of its unit",
    )


def test_a_drop_that_is_mostly_refused_changes_nothing_that_holds(played: Table) -> None:
    """Not by the next night either, which is A's: what that leaves are the sums of each case."""
    assert played.refused.keys() == {"bronze", "silver"}
    for layer, (message, refused, before, after) in played.refused.items():
        assert re.search(rf"{layer} orders: 9\d of \d+ rows were refused .*more than 50%", message)
        assert len(refused) == 20 and {row["layer"] for row in refused} == {layer}
        spoilt_lines = [row["line"] for row in refused if row["source_file"].endswith("unit_001/pedido.csv")]
        assert len(spoilt_lines) >= 10 and min(spoilt_lines) > 2 and "raw" not in refused[0]
        assert before == after and (3, 1185, 1130, 1170) in after.values()
    assert all_sums(played.shop) == {unit: case.sums for unit, case in enumerate(CASES, start=1)}


def test_a_lake_from_before_versions_is_not_cut_down_to_what_comes_late(table: Shop, lake: Any, tmp_path: Path) -> None:
    shop = copied(table, lake, tmp_path / "drops")
    shutil.rmtree(shop.lake.root / "silver" / P)
    with pytest.raises(OldLake, match=rf"what holds on {A}: .*backfill mrhealth_sales"):
        shop.run(B)


def test_an_item_of_a_drop_that_names_no_unit_meets_its_order_whichever_of_them_comes_first(
    table: Shop, later: Shop
) -> None:
    """The items come on A in one file of all units, without orders; B brings the orders, and is run first."""

    def sold(shop: Shop) -> dict[tuple[str, int], str]:
        rows = (row for row in shop.lake.held(P, "current_items") if row["order_id"] in FLAT_ITEMS)
        return {(row["order_id"], row["unit_id"]): str(row["order_date"]) for row in rows}

    def products(shop: Shop, day: str) -> list[int]:
        found = (row["product_id"] for row in shop.lake.gold(P, day, "product_sales"))
        return [product for product in found if product in FLAT_ITEMS.values()]

    assert sold(table) == {("s", 21): A, ("t", 22): B}
    assert products(table, B) == [102] and products(table, A) == [101]
    refused = {
        (row["raw"][0], row["detail"])
        for row in table.lake.quarantine("silver", P, "items", A)
        if row["source_file"].endswith("ITEM_PEDIDO.csv")
    }
    assert refused == {("v", "its order was refused"), ("u", "no drop has brought the order that it is of")}
    [items] = [one for one in table.lake.manifest(P, A, "silver")["tables"] if one["table"] == "items"]
    assert items["warnings"]["ambiguous_order"] == 1  # of t, which two units have
    # s is withdrawn, and u comes.
    assert sold(later) == {("t", 22): B, ("u", 24): B}
    assert products(later, A) == []
    assert products(later, B) == [102, 103]
