"""Whatever a CSV file holds, each of its lines ends in exactly one record, and the sound ones unharmed."""

from __future__ import annotations

import base64
import codecs

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medallion.csv_text import Record, records
from mrhealth_sales.jobs import bronze
from mrhealth_sales.jobs.tables import COUNTRIES, ITEMS, ORDERS
from nightshift_contract import dialect
from nightshift_contract.model import plain_name
from tests.spark_jobs.mutations import FILE_MUTATIONS, MUTATIONS, STRUCTURE, mutated, sound_drop
from tests.spark_jobs.rows import singly

COLUMNS = {"pedido.csv": ORDERS.source_names, "item_pedido.csv": ITEMS.source_names}
OF_A_LINE = STRUCTURE | {"duplicate_column"}


def lines_of(content: bytes) -> list[bytes]:
    return [line.removeprefix(codecs.BOM_UTF8) for line in content.splitlines()]


def has_text(line: bytes) -> bool:
    return not any(dialect.is_blank(line, delimiter) for delimiter in dialect.DELIMITERS)


def bytes_of(record: Record) -> bytes:
    return base64.b64decode(record.raw) if record.raw_encoding == "base64" else record.raw.encode()


def assert_every_line_is_in_one_record(content: bytes, found: list[Record]) -> None:
    """Counted from the bytes: raw text, laid on the lines that it names, covers all but header and blanks."""
    lines = lines_of(content)
    covered: set[int] = set()
    for record in found:
        own = bytes_of(record).split(b"\n")
        assert lines[record.line - 1 : record.line - 1 + len(own)] == own, record
        places = set(range(record.line, record.line + len(own)))
        assert not places & covered, record
        covered |= places
    left = [n for n, line in enumerate(lines, start=1) if n not in covered and has_text(line)]
    header = [n for n, line in enumerate(lines, start=1) if has_text(line)][:1]
    assert left in ([], header), left


def read(content: bytes, columns: tuple[str, ...]) -> list[Record]:
    return list(records(content, columns, plain_name))


def assert_sound_lines_are_unharmed(name: str, content: bytes, found: list[Record], unit: int) -> None:
    sound = sound_drop(unit)[name]
    header = lines_of(sound)[0]
    if lines_of(content)[:1] != [header]:
        return
    expected = {bytes_of(r): r.fields for r in read(sound, COLUMNS[name])}
    alone = [r for r in found if bytes_of(r) in expected]
    assert all(r.fields == expected[bytes_of(r)] and r.reason is None for r in alone)
    swallowed = [part for r in found if b"\n" in bytes_of(r) for part in bytes_of(r).split(b"\n")]
    in_file = [line for line in lines_of(content) if line in expected]
    assert len(in_file) == len(alone) + sum(part in expected for part in swallowed)


@given(unit=st.integers(1, 50), mutations=FILE_MUTATIONS)
def test_a_mutated_file_loses_no_line_and_harms_no_other(unit: int, mutations: list) -> None:
    files, _ = mutated(unit, mutations)
    for path, content in files.items():
        name = path.rpartition("/")[2]
        if name not in COLUMNS:
            continue
        found = read(content, COLUMNS[name])
        assert_every_line_is_in_one_record(content, found)
        assert all((r.fields is None) == (r.reason is not None) for r in found)
        assert {r.reason for r in found} - {None} <= OF_A_LINE
        assert_sound_lines_are_unharmed(name, content, found, unit)


@given(content=st.one_of(st.binary(max_size=400), st.text('a,;"\n\r\0 é\ufeff', max_size=200).map(str.encode)))
def test_any_bytes_under_a_header_are_records_or_faults(content: bytes) -> None:
    whole = b"Id_Pais,Nome_Pais\n" + content
    found = read(whole, COUNTRIES.source_names)
    assert_every_line_is_in_one_record(whole, found)
    assert all(len(r.fields) == 2 for r in found if r.fields is not None)
    list(bronze.rows_of("s3://raw/pais.csv", content))


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: m.name)
@settings(max_examples=settings.default.max_examples // 4)
@given(number=st.integers(0, 2**31))
def test_a_mutation_alone_causes_only_its_own_reasons(mutation, number: int) -> None:
    files = mutation.apply(sound_drop(7), number)
    rows = [
        row for path, content in files.items() for row in singly(bronze.rows_of(f"s3://raw/unit_007/{path}", content))
    ]
    assert {row[5] for row in rows} - {None} <= mutation.reasons | {"unknown_file"}
