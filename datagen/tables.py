"""Made-up rows of a contract's source tables, and files of them: every row is sound, no two have the same key."""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nightshift_contract.model import Column, Table

ROWS = 200
BRAZIL = "pt-BR"
FLAGS = ("true", "false")
MARK = "\ufeff"  # the byte order mark, as a character
PLAIN_JSON = ("int", "bigint", "double", "decimal(18,2)", "boolean")  # types whose values JSON has without quotes
FIRST_CLEAR_DAY = 13  # a later day of a month cannot be a month


@dataclass(frozen=True)
class Form:
    """How a file of text is written: its name ('': that of its table), between which characters or as JSON lines, in
    which encoding, with a byte order mark or not, gzipped or not.

    strings: the names in JSON whose values are strings, whatever their type in the contract. codes: of columns whose
    values are digits alone, the digits from which made-up ones count: as many, and as large a number if it is read as
    one (00001, 2147483648); true of columns of true and false.
    """

    file: str = ""
    delimiter: str = ","
    json_lines: bool = False
    strings: frozenset[str] = frozenset()
    encoding: str = "utf-8"
    mark: bool = False
    gzip: bool = False
    codes: Mapping[str, str] = field(default_factory=dict)


def generate_table(table: Table, day: date, rows: int = ROWS, form: Form | None = None) -> bytes:
    """A file of one day, the same for the same arguments: Parquet if the table's files are, else text in `form`, by
    default CSV, in the notation of the table's locale."""
    if table.format:
        return _parquet(table, day, rows)
    # A script reads one notation; bronze reads both, and takes no date that could be either.
    values = generate_rows(table, day, rows, 1 if form else FIRST_CLEAR_DAY, form.codes if form else {})
    form = form or Form(delimiter=";" if table.locale == BRAZIL else ",")
    text = _json_lines(table, values, form) if form.json_lines else _csv(table, values, form)
    written = f"{MARK if form.mark else ''}{text}".encode(form.encoding)
    return gzip.compress(written, mtime=0) if form.gzip else written


def spelt(table: Table) -> list[str]:
    """The columns' names as the source spells them."""
    return [column.names[-1] if column.names else column.name for column in table.columns]


def generate_rows(
    table: Table, day: date, rows: int = ROWS, clear_from: int = FIRST_CLEAR_DAY, codes: Mapping[str, str] | None = None
) -> Iterator[list[str]]:
    """The values of each row as text, in the notation of the table's locale; Brazilian dates from that day of a month
    on, the others plain. `codes` as in Form."""
    chance = random.Random(f"{table.name} {day}")
    for number in range(1, rows + 1):
        yield [
            _code(first, number if column.name in table.key else chance.randint(1, 9))
            if codes and (first := codes.get(column.name))
            else _value(table, column, number, day, chance, clear_from=clear_from)
            for column in table.columns
        ]


def _csv(table: Table, values: Iterable[Sequence[str]], form: Form) -> str:
    written = io.StringIO()
    lines = csv.writer(written, delimiter=form.delimiter, lineterminator="\n")
    lines.writerow(spelt(table))
    lines.writerows(values)
    return written.getvalue()


def _json_lines(table: Table, values: Iterable[Sequence[str]], form: Form) -> str:
    names = spelt(table)
    is_plain = [
        name not in form.strings and (column.type in PLAIN_JSON or column.name in form.codes)
        for column, name in zip(table.columns, names, strict=True)
    ]
    lines = []
    for row in values:
        cells = zip(names, row, is_plain, strict=True)
        said = {name: json.loads(text) if plain else text for name, text, plain in cells}
        lines.append(json.dumps(said, ensure_ascii=False))
    return "\n".join([*lines, ""])


def _parquet(table: Table, day: date, rows: int) -> bytes:
    import pyarrow as pa  # noqa: PLC0415 - only where files are Parquet
    import pyarrow.parquet as pq  # noqa: PLC0415

    types: dict[str, Any] = {
        "int": pa.int32(),
        "bigint": pa.int64(),
        "double": pa.float64(),
        "decimal(18,2)": pa.decimal128(18, 2),
        "date": pa.date32(),
        "timestamp": pa.timestamp("us"),
        "boolean": pa.bool_(),
    }
    values: Sequence[Sequence[str]] = list(zip(*generate_rows(table, day, rows), strict=True))
    columns = [pa.array(of).cast(types.get(c.type, pa.string())) for c, of in zip(table.columns, values, strict=True)]
    written = io.BytesIO()
    pq.write_table(pa.Table.from_arrays(columns, names=spelt(table)), written)
    return written.getvalue()


def _value(table: Table, column: Column, number: int, day: date, chance: random.Random, *, clear_from: int) -> str:
    if column.one_of:
        return chance.choice(column.one_of)
    if column.type in ("int", "bigint"):
        return str(number)
    if column.type == "boolean":
        return chance.choice(("false", "true"))
    if column.type.startswith("decimal") or column.type == "double":
        figure = f"{chance.randint(1, 99_999) / 100:.2f}"
        return figure.replace(".", ",") if table.locale == BRAZIL else figure
    if column.type in ("date", "timestamp"):
        of_key = column.name in table.key
        moment = day - timedelta(days=number if of_key else chance.randrange(3))
        return _moment(column.type, moment, table.locale == BRAZIL and moment.day >= clear_from)
    return f"{column.name} {number if column.name in table.key else chance.randint(1, 9)}"


def _code(first: str, number: int) -> str:
    """The code of a number, counted from the first; of true another flag."""
    return str(int(first) + number).zfill(len(first)) if first.isdigit() else FLAGS[number % 2]


def _moment(kind: str, day: date, is_brazilian: bool) -> str:
    """A date or a date with a time."""
    return f"{day:%d/%m/%Y}" if is_brazilian else f"{day} 08:30:00" if kind == "timestamp" else str(day)
