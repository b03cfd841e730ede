"""Head office of MrHealth made in a database: its four tables, filled with the rows of its CSV files."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from mrhealth_sales.local import mrhealth_files
from nightshift_contract import dialect
from tools.databases import DatabaseUrl
from tools.errors import InputRefused

COLUMN = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
WHOLE = re.compile(r"[0-9]{1,9}")


def make(url: DatabaseUrl, files: Iterable[Path]) -> dict[str, int]:
    """Create the tables produto, unidade, estado and pais in an empty database; gives the rows of each.

    Raises InputRefused for a file that is no CSV in UTF-8, or has a column that no database would take.
    """
    with url.connected() as connection, connection.cursor() as cursor:
        return {mrhealth_files.table_of(file): _fill(cursor, file) for file in files}


def _fill(cursor: Any, file: Path) -> int:
    header, *rows = _lines(file)
    if odd := [name for name in header if not COLUMN.fullmatch(name)]:
        raise InputRefused(f"{file} has a column {odd[0]!r}: a column's name is letters, digits and _.")
    table, columns = mrhealth_files.table_of(file), list(zip(*rows, strict=True)) or [()] * len(header)
    kinds = [f"{name} {_kind(values)}" for name, values in zip(header, columns, strict=True)]
    cursor.execute(f"CREATE TABLE {table} ({', '.join(kinds)})")
    mark = f"({', '.join(['%s'] * len(header))})"
    for row in rows:
        cursor.execute(f"INSERT INTO {table} VALUES {mark}", [cell or None for cell in row])  # noqa: S608
    return len(rows)


def _kind(values: Sequence[str]) -> str:
    return "INTEGER" if all(WHOLE.fullmatch(value) for value in values if value) else "VARCHAR(255)"


def _lines(file: Path) -> list[list[str]]:
    """The header and the rows that are as wide."""
    try:
        text = file.read_text(encoding="utf-8-sig")
        delimiter = dialect.split(text.partition("\n")[0])[0]
        lines = [line for line in csv.reader(text.splitlines(), delimiter=delimiter) if line]
    except (UnicodeDecodeError, csv.Error) as wrong:
        raise InputRefused(f"{file} is no CSV in UTF-8 ({wrong}): write it so.") from None
    if wrong_width := next((n for n, line in enumerate(lines, 1) if len(line) != len(lines[0])), None):
        raise InputRefused(f"{file}: line {wrong_width} does not have the {len(lines[0])} columns of the header.")
    return lines
