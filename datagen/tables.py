"""Made-up rows of a contract's source tables, and files of them: every row is sound, no two have the same key."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nightshift_contract.model import Column, Table

ROWS = 200
BRAZIL = "pt-BR"
FIRST_CLEAR_DAY = 13  # a later day of a month cannot be a month


def generate_table(table: Table, day: date, rows: int = ROWS) -> bytes:
    """A file of one day, the same for the same arguments: Parquet if the table's files are, else CSV in the notation of
    its locale."""
    return _parquet(table, day, rows) if table.format else _csv(table, day, rows)


def spelt(table: Table) -> list[str]:
    """The columns' names as the source spells them."""
    return [column.names[-1] if column.names else column.name for column in table.columns]


def generate_rows(table: Table, day: date, rows: int = ROWS) -> Iterator[list[str]]:
    """The values of each row as text, in the notation of the table's locale."""
    chance = random.Random(f"{table.name} {day}")
    for number in range(1, rows + 1):
        yield [_value(table, column, number, day, chance) for column in table.columns]


def _csv(table: Table, day: date, rows: int) -> bytes:
    written = io.StringIO()
    lines = csv.writer(written, delimiter=";" if table.locale == BRAZIL else ",", lineterminator="\n")
    lines.writerow(spelt(table))
    lines.writerows(generate_rows(table, day, rows))
    return written.getvalue().encode("utf-8")


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


def _value(table: Table, column: Column, number: int, day: date, chance: random.Random) -> str:
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
        return _moment(column.type, day - timedelta(days=number if of_key else chance.randrange(3)), table.locale)
    return f"{column.name} {number if column.name in table.key else chance.randint(1, 9)}"


def _moment(kind: str, day: date, locale: str) -> str:
    """A date or a date with a time. In Brazilian notation where it can be read in no other way."""
    clear = locale == BRAZIL and day.day >= FIRST_CLEAR_DAY
    return f"{day:%d/%m/%Y}" if clear else f"{day} 08:30:00" if kind == "timestamp" else str(day)
