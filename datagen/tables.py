"""Made-up CSV files of a contract's source tables: every row is sound, no two have the same key."""

from __future__ import annotations

import csv
import io
import random
from datetime import date, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nightshift_contract.model import Column, Table

ROWS = 200
BRAZIL = "pt-BR"
FIRST_CLEAR_DAY = 13  # a later day of a month cannot be a month


def generate_table(table: Table, day: date, rows: int = ROWS) -> bytes:
    """A CSV file of one day, the same for the same arguments: in the notation of the table's locale."""
    chance = random.Random(f"{table.name} {day}")
    delimiter = ";" if table.locale == BRAZIL else ","
    written = io.StringIO()
    lines = csv.writer(written, delimiter=delimiter, lineterminator="\n")
    lines.writerow(column.names[-1] if column.names else column.name for column in table.columns)
    for number in range(1, rows + 1):
        lines.writerow(_value(table, column, number, day, chance) for column in table.columns)
    return written.getvalue().encode("utf-8")


def _value(table: Table, column: Column, number: int, day: date, chance: random.Random) -> str:
    if column.one_of:
        return chance.choice(column.one_of)
    if column.type in ("int", "bigint"):
        return str(number)
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
