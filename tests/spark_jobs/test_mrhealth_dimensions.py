"""Names and prices change; days that are past keep theirs, and a date run again changes nothing but itself."""

import os
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from mrhealth_sales.jobs.dimensions import Name, Told, as_of, state_of

P = "mrhealth_sales"
D1, D2, D3 = "2025-12-29", "2025-12-30", "2025-12-31"
DAY1, DAY2 = date.fromisoformat(D1), date.fromisoformat(D2)
BRANCH, OTHER = Name("units", "1", "branch"), Name("units", "2", "branch")
PRICE = Name("products", "1", "price")
ORDERS = "Id_Unidade,Id_Pedido,Tipo_Pedido,Data_Pedido,Vlr_Pedido,Endereco_Entrega,Taxa_Entrega,Status\n"
ITEMS = "Id_Pedido,Id_Item_Pedido,Id_Produto,Qtd,Vlr_Item,Observacao\n"


def test_a_fact_is_as_old_as_its_value() -> None:
    first = state_of({BRANCH: "Centro", OTHER: "Praia"}, {}, DAY1)
    assert state_of({BRANCH: "Sé", OTHER: "Praia"}, first, DAY2) == {
        BRANCH: Told("Sé", DAY2),
        OTHER: Told("Praia", DAY1),
    }


def test_a_key_that_is_listed_no_more_is_nothing_from_that_day_on() -> None:
    first = state_of({BRANCH: "Centro", OTHER: "Praia"}, {}, DAY1)
    assert state_of({OTHER: "Praia"}, first, DAY2)[BRANCH] == Told(None, DAY2)


def test_a_table_that_nobody_sent_and_a_product_that_nobody_bought_stay_as_they_were() -> None:
    first = state_of({BRANCH: "Centro", PRICE: "9.90"}, {}, DAY1)
    assert state_of({}, first, DAY2) == first


def test_a_past_day_keeps_its_names_takes_new_keys_and_its_own_prices() -> None:
    then = state_of({BRANCH: "Centro", PRICE: "9.90"}, {}, DAY1)
    assert as_of({BRANCH: "Sé", OTHER: "Praia", PRICE: "7.00"}, then) == {
        BRANCH: "Centro",
        OTHER: "Praia",
        PRICE: "7.00",
    }


class Chain:
    """Three days of two units; head office's tables lie where all days find them, as in the raw bucket."""

    def __init__(self, lake: Any, folder: Path) -> None:
        self.lake, self.drops, self.office = lake, folder / "csv_sales", folder / "reference_data"
        self.orders: dict[int, str] = {}

    def sells(self, day: str, number: int, price: str, pieces: int = 1, unit: int = 1) -> None:
        value = f"{pieces * float(price):.2f}"
        order = f"{unit},{number},Loja Online,{day},{value},Rua A,0.00,Finalizado\n"
        self._put(day, unit, "pedido.csv", f"{ORDERS}{order}")
        self._put(day, unit, "item_pedido.csv", f"{ITEMS}{number},1,1,{pieces},{price},\n")
        if unit == 1:
            self.orders[number] = order

    def sends_all_again(self, day: str) -> None:
        """All orders of unit 1, of whatever day, in the delivery of one day, later than any before."""
        self._put(day, 1, "pedido.csv", ORDERS + "".join(self.orders.values()))

    def _put(self, day: str, unit: int, name: str, text: str) -> None:
        folder = self.drops / day.replace("-", "/") / f"unit_{unit:03}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")

    def are_called(self, one: str, two: str) -> None:
        self.office.mkdir(parents=True, exist_ok=True)
        units = f"Id_Unidade,Nome_Unidade,Id_Estado\n1,{one},11\n2,{two},11\n"
        (self.office / "unidade.csv").write_text(units, encoding="utf-8")
        stale = self.office / "unidade-velha.csv"  # what somebody forgot there, and nobody changes any more
        stale.write_text("Id_Unidade,Nome_Unidade,Id_Estado\n1,Velha,11\n", encoding="utf-8")
        os.utime(stale, (1, 1))
        (self.office / "produto.csv").write_text("Id_Produto,Nome_Produto\n1,Suco\n", encoding="utf-8")

    def night(self, day: str) -> None:
        self.lake.run(P, day, self.drops, self.office)

    def branch(self, day: str, unit: int = 1) -> str:
        [row] = [row for row in self.lake.gold(P, day, "sales_by_branch_day") if row["unit_id"] == unit]
        return row["branch"]

    def branches(self) -> list[str]:
        """What unit 1 is called on each day."""
        return [self.branch(day) for day in (D1, D2, D3)]

    def history(self, key: str, attribute: str) -> list[tuple[str, str]]:
        rows = [row for day in (D1, D2, D3) for row in self.lake.rows("silver", P, "dimension_history", day)]
        found = [row for row in rows if (row["key"], row["attribute"]) == (key, attribute)]
        return [(row["valid_from"].isoformat(), row["value"]) for row in found]


@pytest.fixture
def chain(lake: Any, tmp_path: Path) -> Chain:
    made = Chain(lake, tmp_path / "raw")
    for number, (day, price) in enumerate(((D1, "9.90"), (D2, "9.90"), (D3, "10.90"))):
        made.sells(day, number, price)
    made.sells(D3, 9, "10.90", unit=2)
    return made


def test_each_day_keeps_the_name_of_its_night_whatever_head_office_says_later_and_only_the_newest_is_mended(
    chain: Chain,
) -> None:
    chain.are_called("Centro", "Vila")
    chain.night(D1)
    assert chain.branch(D1) == "Centro" and chain.history("1", "branch") == [(D1, "Centro")]
    chain.are_called("Centro", "Sentro")
    chain.night(D3)
    assert chain.branch(D3, unit=2) == "Sentro" and chain.history("2", "branch") == [(D1, "Vila"), (D3, "Sentro")]
    # A past day that was never run takes what head office says now; those before and after it are as they were.
    chain.are_called("Praça da Sé", "Vila")
    chain.night(D2)
    names, changes = ["Centro", "Praça da Sé", "Centro"], [(D1, "Centro"), (D2, "Praça da Sé")]
    prices = [(D1, "9.90"), (D3, "10.90")]
    assert chain.branches() == names
    assert chain.history("1", "branch") == changes
    assert chain.history("1", "price") == prices
    # A past day that was run keeps the name that it had, and a corrected file reopens its own day only.
    others = {f: t for f, t in chain.lake.files().items() if D2 not in f and "order_index" not in f}
    chain.are_called("Largo", "Vila")
    chain.sells(D2, 1, "9.90", pieces=3)
    chain.night(D2)
    [row] = chain.lake.gold(P, D2, "sales_by_branch_day")
    assert str(row["gross_value"]) == "29.70"
    assert {f: t for f, t in chain.lake.files().items() if D2 not in f and "order_index" not in f} == others
    assert chain.branches() == names
    assert chain.history("1", "branch") == changes
    assert chain.history("1", "price") == prices
    # The newest day that there is takes the right names, and forgets the wrong one. That of unit 1 is the one of the
    # day before, which is no change. Unit 1 sends all orders again, and the days of the older ones keep their names,
    # although the version that counts came under the new one.
    chain.are_called("Praça da Sé", "Centro")
    chain.sends_all_again(D3)
    chain.night(D3)
    held = chain.lake.held(P, "current_orders")
    assert [order["branch"] for order in held if order["unit_id"] == 1] == ["Praça da Sé"] * 3
    assert chain.branches() == ["Centro", "Praça da Sé", "Praça da Sé"]
    assert chain.history("1", "branch") == changes
    assert chain.branch(D3, unit=2) == "Centro" and chain.history("2", "branch") == [(D1, "Vila"), (D3, "Centro")]
