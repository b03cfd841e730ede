"""The source of card_movements made in a database: four tables, the view movimento_flat, the rows of CSV files.

The files are read by the contract before a database sees them: a server's settings decide what it takes 01/02/2024 for,
and how it rounds 11.005.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from card_movements.local import card_cells
from embedded.uploads.inputs import existing, refuse_links
from nightshift_contract.model import Column, Table
from nightshift_contract.reading import contract
from tools.databases import DatabaseUrl
from tools.errors import InputRefused

TABLES = ("associado", "conta", "cartao", "movimento")
SOURCES = contract("card_movements").sources
TYPES = {"bigint": "BIGINT", "int": "INTEGER", "decimal(18,2)": "DECIMAL(18,2)", "string": "VARCHAR(255)"}
MOMENT = {"postgres": "TIMESTAMP NULL"}  # MySQL's own would be an instant, and files have local time
LONGEST = 255
COLUMN = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
DAY = re.compile(r"\d{4}-\d\d-\d\d")
ROWS_AT_ONCE = 500
VIEW = "movimento_flat"
VIEW_SQL = """
CREATE VIEW {view} AS
SELECT a.{first_name} AS nome_associado, a.{last_name} AS sobrenome_associado, a.{age} AS idade_associado,
       m.{amount} AS vlr_transacao_movimento, m.{description} AS des_transacao_movimento,
       m.{moved_at} AS data_movimento,
       k.{card_number} AS numero_cartao, k.{printed_name} AS nome_impresso_cartao,
       k.{card_created_at} AS data_criacao_cartao,
       c.{account_type} AS tipo_conta, c.{account_created_at} AS data_criacao_conta
FROM movimento m
JOIN cartao k ON k.{cards_card_id} = m.{movements_card_id}
JOIN conta c ON c.{accounts_account_id} = k.{cards_account_id}
JOIN associado a ON a.{members_member_id} = k.{cards_member_id}
"""


@dataclass(frozen=True)
class CardTable:
    """The CSV file of one table."""

    file: Path
    table: Table

    @cached_property
    def header(self) -> list[str]:
        """The columns, as the file spells them. Raises InputRefused."""
        header = next((line for _, line in self._lines()), None)
        if header is None:
            raise InputRefused(f"{self.file} is empty: its first line names the columns.")
        if odd := next((name for name in header if not COLUMN.fullmatch(name)), None):
            raise InputRefused(f"{self.file} has a column {odd!r}: a column's name is letters, digits and _.")
        if len({name.lower() for name in header}) < len(header):
            raise InputRefused(f"{self.file} names a column twice in its first line: {', '.join(header)}.")
        return header

    @cached_property
    def columns(self) -> list[Column]:
        """What the contract says of each column; of one that it does not know, that it is text."""
        known = {name: column for column in self.table.columns for name in column.names}
        return [known.get(name.lower(), Column(name, "string")) for name in self.header]

    def rows(self) -> Iterator[tuple[int, list[str | None]]]:
        """Each row with its line: what a database is given for its cells. Raises InputRefused, which names the first
        cell that is not as the contract says."""
        lines = self._lines()
        next(lines, None)
        for line, cells in lines:
            if len(cells) != len(self.header):
                raise InputRefused(
                    f"{self.file}, line {line} does not have the {len(self.header)} columns of the header."
                )
            yield line, [self._value(line, at, cell) for at, cell in enumerate(cells)]

    def _value(self, line: int, at: int, cell: str) -> str | None:
        try:
            return card_cells.value(self.columns[at], cell)
        except card_cells.Unreadable as expected:
            where = f"{self.file}, line {line}, column {self.header[at]}"
            said = "has a value that is not shown" if self.columns[at].personal else f"is {cell!r}"
            raise InputRefused(f"{where} {said}: expected {expected}.") from None

    def _lines(self) -> Iterator[tuple[int, list[str]]]:
        """The lines that are not blank, each with its number."""
        try:
            with self.file.open(encoding="utf-8-sig", newline="") as text:
                reader = csv.reader(text, strict=True)
                for cells in filter(None, reader):
                    if any("\n" in cell or "\r" in cell for cell in cells):  # an unbalanced quote would swallow rows
                        raise InputRefused(
                            f"{self.file}: a quote that opens before line {reader.line_num} is closed there, lines"
                            " later: write each row on one line."
                        )
                    yield reader.line_num, cells
        except (UnicodeDecodeError, csv.Error) as wrong:
            raise InputRefused(f"{self.file} is no CSV in UTF-8 ({wrong}): write it so.") from None
        except OSError as refused:
            raise InputRefused(f"{self.file} cannot be read ({refused.strerror}): see its rights.") from None


@dataclass(frozen=True)
class CardFiles:
    """The four CSV files of a folder."""

    folder: Path

    def table(self, name: str) -> CardTable:
        """The file of a table."""
        return CardTable(self.folder / f"{name}.csv", next(t for t in SOURCES.values() if t.files == name))


def read(folder: Path) -> CardFiles:
    """The files of a folder, each cell looked at. Raises InputRefused naming what is missing, or the first line, column
    and value that is not as the contract says."""
    existing(folder)
    refuse_links(folder)
    if missing := [f"{table}.csv" for table in TABLES if not (folder / f"{table}.csv").is_file()]:
        raise InputRefused(
            f"{folder} has no {', no '.join(missing)}: card_movements reads {', '.join(TABLES)} as .csv."
        )
    files = CardFiles(folder)
    spelt = _names(files)
    for source, table in SOURCES.items():
        _check(files.table(table.files), spelt[f"{source}_{table.key[0]}"])
    return files


def _check(table: CardTable, key: str) -> None:
    """Read a whole table; its key names each row, once. Raises InputRefused."""
    at, seen = table.header.index(key), dict[str, int]()
    for line, cells in table.rows():
        if (number := cells[at]) is None:
            raise InputRefused(f"{table.file}, line {line}, column {key} is empty: each row has a number of its own.")
        if (first := seen.setdefault(str(int(number)), line)) != line:
            raise InputRefused(f"{table.file}, line {line}, column {key} is {number!r}, as in line {first}: keep one.")


def make(url: DatabaseUrl, files: CardFiles, *, replace: bool = False) -> dict[str, int]:
    """Create tables, view and rows in a database; gives the rows of each table.

    What is there under one of the names stays, and InputRefused is raised, unless `replace` is set.
    """
    with url.connected() as connection, connection.cursor() as cursor:
        there = _present(url, cursor)
        if there and not replace:
            raise InputRefused(f"{url} has {', '.join(there)} already: give --replace to drop and create them again.")
        for name in there:
            cursor.execute(f"DROP {'VIEW' if name == VIEW else 'TABLE'} {name}")
        counts = {table: _fill(url, cursor, files, table) for table in TABLES}
        cursor.execute(VIEW_SQL.format(view=VIEW, **_names(files)))
    return counts


def _present(url: DatabaseUrl, cursor: Any) -> list[str]:
    """Which of our names are taken, the view first: it stands on the others."""
    here = "current_schema()" if url.engine == "postgres" else "database()"
    cursor.execute(f"SELECT table_name FROM information_schema.tables WHERE table_schema = {here}")  # noqa: S608
    taken = {row[0] for row in cursor.fetchall()}
    return [name for name in (VIEW, *TABLES) if name in taken]


def _fill(url: DatabaseUrl, cursor: Any, files: CardFiles, name: str) -> int:
    table, names = files.table(name), _names(files)
    rows = [cells for _, cells in table.rows()]
    columns = ", ".join(f"{column} {kind}" for column, kind in _kinds(url, table, rows).items())
    key = names[f"{table.table.name}_{table.table.key[0]}"]
    cursor.execute(f"CREATE TABLE {name} ({columns}, PRIMARY KEY ({key}))")
    mark = f"({', '.join(['%s'] * len(table.header))})"
    for start in range(0, len(rows), ROWS_AT_ONCE):
        some = rows[start : start + ROWS_AT_ONCE]
        values = [cell for row in some for cell in row]
        cursor.execute(f"INSERT INTO {name} VALUES {', '.join([mark] * len(some))}", values)  # noqa: S608
    if name == "movimento":
        cursor.execute(f"CREATE INDEX movimento_{names['moved_at']} ON movimento ({names['moved_at']})")
    return len(rows)


def _kinds(url: DatabaseUrl, table: CardTable, rows: Sequence[Sequence[str | None]]) -> dict[str, str]:
    """The SQL type of each column: its contract's; moments are days where no value of them has a time."""
    kinds = {}
    for at, (name, column) in enumerate(zip(table.header, table.columns, strict=True)):
        given, promise = [cell for row in rows if (cell := row[at])], column.type
        if promise == "timestamp":
            kinds[name] = "DATE" if all(map(DAY.fullmatch, given)) else MOMENT.get(url.engine, "DATETIME")
        elif promise == "string" and max(map(len, given), default=0) > LONGEST:
            kinds[name] = "TEXT"
        else:
            kinds[name] = TYPES[promise]
    return kinds


def _names(files: CardFiles) -> dict[str, str]:
    """How the files spell each column of the contract, by its own name and by that with its table's before it."""
    spelt: dict[str, str] = {}
    for source, table in SOURCES.items():
        header = {name.lower(): name for name in files.table(table.files).header}
        for column in table.columns:
            spelling = next((header[name] for name in column.names if name in header), None)
            if spelling is None:
                raise InputRefused(f"{table.files}.csv has no column for {column.name}: {', '.join(column.names)}.")
            spelt |= {column.name: spelling, f"{source}_{column.name}": spelling}
    return spelt
