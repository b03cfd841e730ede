"""The fast way through a file gives what the careful one does: same rows, same notes."""

from __future__ import annotations

from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covid_hospitals.jobs.tables import OCCUPANCY
from covid_hospitals.jobs.tables import STATES as SERIES
from medallion import arrivals, notation
from medallion.arrivals import Block, rows_in
from medallion.codes import one_spelling
from medallion.csv_text import BETWEEN
from medallion.notation import usual_fields
from mrhealth_sales.jobs.tables import ITEMS, ORDERS, STATES, UNITS
from nightshift_contract.model import Column, Table
from tests.spark_jobs.mutations import FILE_MUTATIONS, mutated, sound_drop
from tests.spark_jobs.rows import singly

ONE = Table("one", (Column("n", "int", names=("n",), required=True),), ("n",))
LACKING = Table("lacking", (*ONE.columns, Column("day", "date", names=("day",), optional=True)), ("n",))
TABLES = [ORDERS, ITEMS, UNITS, STATES, OCCUPANCY, ONE, LACKING]
VALUES = (
    "1",
    "2",
    "",
    " ",
    "7.5",
    "7.50",
    "1.506",
    "1,506",
    "R$ 7,50",
    "2025-12-29",
    "29/12/2025",
    "05/02/2024",
    "Praça",
)
FIGURES = (*VALUES, "  ", "\t", "-", "+", "+0.5", "0.", "0.506", "7 ", " 7", "2025-12-29 10:00", "2025-12-29 ", "-7")
QUOTES = ('"a', 'b"', '"a;b"', '"a,""b"""', 'a"b')
ODD = ("\x1f", "\x00", "\x0b", "\x85", "\u2028", "\ufeff", "cafe\u0301")
TOTALS = ("Total", "TOTAL GERAL:", '"Soma"')
CELLS = st.sampled_from((*VALUES, *QUOTES, *ODD, *TOTALS))


def careful(table, content):
    with patch.object(arrivals, "usual_fields", return_value=None):
        return sorted(rows_in(table, "f", content, 1), key=repr)


def assert_same(table, content):
    assert sorted(singly(rows_in(table, "f", content, 1)), key=repr) == careful(table, content)


@st.composite
def texts(draw):
    table = draw(st.sampled_from(TABLES))
    delimiter, end = draw(st.sampled_from(",;\t|")), draw(st.sampled_from(["\n", "\r\n", "\r"]))
    names = [*table.source_names][: draw(st.sampled_from([len(table.columns)] * 4 + [1]))]
    header = delimiter.join([*names, *draw(st.sampled_from([[], ["mais"]]))])
    width = header.count(delimiter) + 1
    cells = st.lists(CELLS, min_size=width, max_size=width + draw(st.integers(0, 1)))
    lines = st.one_of(
        cells.map(delimiter.join), st.just(header), st.just(header.upper()), st.text('a1,;"\t \0', max_size=9)
    )
    text = end.join([header, *draw(st.lists(lines, max_size=9))])
    return table, text.encode(draw(st.sampled_from(["utf-8", "utf-8", "cp1252", "utf-8-sig"])), errors="ignore")


@given(texts())
def test_nasty_texts_give_the_same_rows_either_way(case):
    assert_same(*case)


@given(st.sampled_from(TABLES), st.binary(max_size=200))
def test_any_bytes_under_a_header_give_the_same_rows_either_way(table, content):
    assert_same(table, ";".join(table.source_names).encode() + b"\n" + content)


@given(unit=st.integers(1, 50), mutations=FILE_MUTATIONS)
def test_mutated_files_give_the_same_rows_either_way(unit, mutations):
    for path, content in mutated(unit, mutations)[0].items():
        assert_same(ITEMS if "item" in path.lower() else ORDERS, content)


def test_sound_files_go_the_fast_way_in_blocks():
    content = sound_drop(1, orders=700)["pedido.csv"]
    blocks = list(rows_in(ORDERS, "f", content, 1))
    assert all(isinstance(block, Block) for block in blocks)
    assert [(block.line, len(block.lines)) for block in blocks] == [(2, 500), (502, 200)]


@given(st.sampled_from([table for table in TABLES if usual_fields(table, BETWEEN)]), st.data())
def test_a_line_is_usual_if_each_of_its_values_is(table, data):
    values = data.draw(st.lists(st.sampled_from(FIGURES), min_size=len(table.columns), max_size=len(table.columns)))
    looks = [look for at, column in enumerate(table.columns) if (look := notation._look(at, column))]
    usual = usual_fields(table, BETWEEN)
    assert bool(usual(BETWEEN.join(values))) == all(look.usual(values[look.at]) for look in looks)


@pytest.mark.timeout(60)  # a pattern that can match in two ways would take years
@pytest.mark.parametrize("kind", ["int", "double", "date", "timestamp"])
@pytest.mark.parametrize("value", ["", " ", "   ", "-", " 7 ", "0.5", "0.506", "2025-12-29", "2025-12-29 ", "\x1c"])
def test_a_line_of_many_columns_is_judged_at_once(kind, value):
    wide = Table("wide", tuple(Column(f"c{n}", kind, names=(f"c{n}",)) for n in range(60)), ("c0",))
    usual = usual_fields(wide, BETWEEN)
    assert not usual(BETWEEN.join([value] * 59 + ["x"]))
    assert bool(usual(BETWEEN.join([value] * 60))) == bool(notation._look(0, wide.columns[0]).usual(value))


@pytest.mark.parametrize("name", ["2024", "1.5"])
def test_a_header_that_looks_like_a_value_forbids_the_fast_way(name):
    assert usual_fields(Table("t", (Column("n", "double", names=(name,)),), ()), BETWEEN) is None
    assert_same(Table("t", (Column("n", "double", names=(name,)),), ("n",)), f"{name}\n7\n{name}\n8\n".encode())


@pytest.mark.timeout(60)  # a millisecond; before, each empty column doubled the time of a line with one odd value
def test_a_line_of_many_empty_columns_takes_no_longer_than_another():
    text = "date,state,totalCases,deaths,deaths_per_100k_inhabitants\n" + "2025-12-29,PA,9E+05,9,1\n" * 99
    assert [row[3:5] for row in singly(rows_in(SERIES, "f", text.encode()))] == [(None, "accepted")] * 99


LONG = 100_000


@pytest.mark.timeout(60)  # some milliseconds; with the square of the length it is minutes
@pytest.mark.parametrize("cell", [f"R${' ' * LONG}x", f"{' ' * LONG}x", f"{'0' * LONG}x", f"{'7' * LONG}x"])
def test_a_long_cell_takes_time_by_its_length(cell):
    line = f"1,{cell},Loja Online,2025-12-29,{cell},Rua A,{cell},Finalizado\n"
    text = f"{','.join(ORDERS.source_names)}\n{line}" + line.replace("Rua A", '"Rua A') + line
    assert len([*singly(rows_in(ORDERS, "f", text.encode(), 1))]) == 3
    assert one_spelling(cell) == cell.strip() or cell.startswith(("R$", " "))
