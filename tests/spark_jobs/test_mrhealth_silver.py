"""Orders and items typed, on small frames."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from medallion.arrivals import bronze_schema
from mrhealth_sales.jobs import silver
from mrhealth_sales.jobs.tables import ITEMS, ORDERS, UNITS

DAY = date(2025, 12, 31)
GOOD_ORDER = ("3", "77", "Loja Online", "2025-12-29", "62.34", "Rua A", "6.74", "Finalizado")
GOOD_ITEM = ("77", "1", "8", "2", "19.90", "")


def bronze(spark: Any, table: Any, *rows: tuple[str, ...], unit: int | None = 3) -> Any:
    full = [(*row, "f", n, unit, None, ";".join(row), None) for n, row in enumerate(rows, start=1)]
    return spark.createDataFrame(full, f"{bronze_schema(table)}, arrived_at timestamp")


def orders(spark: Any, *rows: tuple[str, ...], unit: int | None = 3) -> Any:
    return silver.orders(bronze(spark, ORDERS, *rows, unit=unit), DAY)


def items(spark: Any, *rows: tuple[str, ...], unit: int | None = 3, of: Any = None) -> Any:
    return silver.items(bronze(spark, ITEMS, *rows, unit=unit), orders(spark, GOOD_ORDER) if of is None else of)


def changed(row: tuple[str, ...], **cells: str) -> tuple[str, ...]:
    return tuple(cells.get(f"c{n}", cell) for n, cell in enumerate(row))


def test_an_order_is_typed_trimmed_and_composed(spark: Any) -> None:
    row = (" 3 ", "77", "LOJA FISICA", "2025-12-29", "62.3", " Sa\u0303o Paulo ", "", "finalizado")
    [order] = orders(spark, row).collect()
    assert order.outcome == "accepted"
    assert (order.unit_id, order.order_id, order.order_type) == (3, "77", "Loja Física")
    assert (order.order_date, order.status) == (date(2025, 12, 29), "Finalizado")
    assert (order.order_value, order.delivery_fee) == (Decimal("62.30"), Decimal("0.00"))
    assert order.delivery_address == "São Paulo"


@pytest.fixture(scope="module")
def order_verdicts(spark: Any) -> dict[tuple[str, str], tuple[str | None, str | None]]:
    """The verdict on each bad cell, all judged in one go: an order number of its own for each."""
    cells = {
        "c0": ["", "x", "1.5", "4"],
        "c2": ["", "Drive"],
        "c3": ["", "31/12/2025", "2025-02-30", "2025-1-1", "2025-12-29 10:00:00", "1582-10-04", "20251229"],
        "c4": ["", "12,50", "1.234,00", "-5.00", "abc", "1e3", "10.999", "NaN", "99999999999999999999"],
        "c7": ["", "Perdido"],
    }
    bad = [(column, value) for column, values in cells.items() for value in values]
    rows = [changed(GOOD_ORDER, c1=f"id{n}", **{column: value}) for n, (column, value) in enumerate(bad)]
    judged = orders(spark, *rows).collect()
    found = {row.order_id: (row.reason, row.detail) for row in judged}
    return {cell: found[f"id{n}"] for n, cell in enumerate(bad)}


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        *[(c, "", "missing_value") for c in ("c0", "c2", "c3", "c4", "c7")],
        *[("c0", v, "bad_number") for v in ("x", "1.5")],
        *[("c4", v, "bad_number") for v in ("12,50", "1.234,00", "-5.00", "abc", "1e3", "10.999", "NaN")],
        ("c4", "99999999999999999999", "bad_number"),
        *[("c3", v, "bad_date") for v in ("31/12/2025", "2025-02-30", "2025-1-1", "20251229", "1582-10-04")],
        ("c3", "2025-12-29 10:00:00", "bad_date"),
        ("c2", "Drive", "unknown_type"),
        ("c7", "Perdido", "unknown_status"),
        ("c0", "4", "unit_mismatch"),
    ],
)
def test_a_bad_cell_quarantines_its_order_with_a_reason(
    order_verdicts: Any, column: str, value: str, reason: str
) -> None:
    found, detail = order_verdicts[column, value]
    assert found == reason
    assert value in detail


def test_a_fee_counts_as_none_where_the_cell_is_empty_and_not_where_it_cannot_be_read(spark: Any) -> None:
    judged = orders(spark, changed(GOOD_ORDER, c6=""), changed(GOOD_ORDER, c1="2", c6="5.00-")).collect()
    odd, empty = sorted(judged, key=lambda row: row.outcome, reverse=True)
    assert (empty.outcome, empty.delivery_fee) == ("accepted", Decimal("0.00"))
    assert (odd.outcome, odd.reason, odd.detail) == ("quarantined", "bad_number", "taxa_entrega is '5.00-'")


def test_the_same_number_in_two_units_is_two_orders(spark: Any) -> None:
    rows = [GOOD_ORDER, changed(GOOD_ORDER, c0="4")]
    judged = orders(spark, *rows, unit=None).collect()
    assert sorted((row.unit_id, row.outcome) for row in judged) == [(3, "accepted"), (4, "accepted")]


def test_two_spellings_of_one_order_are_duplicates(spark: Any) -> None:
    rows = [GOOD_ORDER, changed(GOOD_ORDER, c4="62.340"[:5], c7="FINALIZADO", c5=" Rua A")]
    assert sorted(row.outcome for row in orders(spark, *rows).collect()) == [
        "accepted",
        "duplicate",
    ]


BAD_ITEMS = [
    ({"c0": ""}, "missing_value"),
    ({"c1": " "}, "missing_value"),
    ({"c3": "2.5"}, "bad_number"),
    ({"c3": "-1"}, "bad_number"),
    ({"c4": "R$ 5"}, "bad_number"),
    ({"c2": "abc"}, "bad_number"),
    ({"c3": "999999", "c4": "999999999.99"}, "bad_number"),
    ({"c3": "10", "c4": "100000000"}, "bad_number"),
]


@pytest.fixture(scope="module")
def item_verdicts(spark: Any) -> dict[int, tuple[str, str | None]]:
    """The verdict on each bad item by its line, all judged in one go."""
    judged = items(spark, *(changed(GOOD_ITEM, **cells) for cells, _ in BAD_ITEMS))
    return {row.line: (row.outcome, row.reason) for row in judged.collect()}


@pytest.mark.parametrize(("line", "reason"), [(n, reason) for n, (_, reason) in enumerate(BAD_ITEMS, start=1)])
def test_a_bad_cell_quarantines_its_item_with_a_reason(item_verdicts: Any, line: int, reason: str) -> None:
    assert item_verdicts[line] == ("quarantined", reason)


def test_a_later_row_of_an_item_replaces_the_one_before(spark: Any) -> None:
    judged = items(spark, GOOD_ITEM, changed(GOOD_ITEM, c3="5")).collect()
    assert sorted((row.quantity, row.outcome) for row in judged) == [(2, "quarantined"), (5, "accepted")]


def test_items_without_a_unit_have_that_of_the_order_of_their_number(spark: Any) -> None:
    numbers = [changed(GOOD_ORDER, c1="1"), changed(GOOD_ORDER, c0="5", c1="2"), changed(GOOD_ORDER, c0="4", c1="2")]
    of = orders(spark, *numbers, unit=None)
    judged = items(spark, *(changed(GOOD_ITEM, c0=n) for n in ("1", "2", "3")), unit=None, of=of).collect()
    assert sorted((row.order_id, row.unit_id, row.reason, row.warning) for row in judged) == [
        ("1", 3, None, None),
        ("2", 5, None, "ambiguous_order"),
        ("3", None, None, None),  # it waits for its order
    ]


@pytest.mark.parametrize("day", ["2099-12-31", "2026-01-01", "1926-01-01", "1999-12-31"])
def test_an_order_of_a_day_that_was_not_yet_or_is_long_gone_is_none(spark: Any, day: str) -> None:
    [judged] = orders(spark, changed(GOOD_ORDER, c3=day)).collect()
    assert (judged.reason, day in judged.detail) == ("date_out_of_range", True)


def test_an_order_of_an_unknown_unit_keeps_its_money_and_gets_a_warning(spark: Any) -> None:
    units = silver.JUDGES["units"](bronze(spark, UNITS, ("4", "Filial", "11"), unit=None))
    empty = spark.createDataFrame([], "state_id string, country_id string, state string, country string")
    judged = orders(spark, GOOD_ORDER)
    [order] = silver.with_branch(judged, units.drop("outcome", "line", "source_file"), empty, empty).collect()
    assert (order.outcome, order.branch, order.warning) == ("accepted", None, "unknown_unit")
    assert order.order_value == Decimal("62.34")
