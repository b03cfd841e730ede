"""The source of card_movements made in a database: four tables, the view movimento_flat, the rows of CSV files."""

from __future__ import annotations

import csv
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from embedded import places
from embedded.databases import DatabaseUrl
from embedded.errors import InputRefused
from embedded.inputs import existing

TABLES = ("associado", "conta", "cartao", "movimento")
CONTRACT = places.ROOT / "include" / "spark_jobs" / "contracts" / "card_movements.toml"
TYPES = {"bigint": "BIGINT", "int": "INTEGER", "decimal(18,2)": "DECIMAL(18,2)", "string": "VARCHAR(255)"}
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
class CardFiles:
    """The four CSV files of a folder."""

    folder: Path

    def header(self, table: str) -> list[str]:
        """The columns of a table."""
        return next(self._lines(table))

    def rows(self, table: str) -> Iterator[list[str | None]]:
        """The rows of a table; an empty cell is none."""
        for row in islice(self._lines(table), 1, None):
            yield [cell if cell.strip() else None for cell in row]

    def _lines(self, table: str) -> Iterator[list[str]]:
        with (self.folder / f"{table}.csv").open(encoding="utf-8-sig", newline="") as file:
            yield from (row for row in csv.reader(file) if row)


def read(folder: Path) -> CardFiles:
    """The files of a folder. Raises InputRefused naming what is missing, and what is no CSV of that table."""
    existing(folder)
    if missing := [f"{table}.csv" for table in TABLES if not (folder / f"{table}.csv").is_file()]:
        raise InputRefused(
            f"{folder} has no {', no '.join(missing)}: card_movements reads {', '.join(TABLES)} as .csv."
        )
    files = CardFiles(folder)
    try:
        for table in TABLES:
            _check(files, table)
    except (UnicodeDecodeError, csv.Error) as wrong:
        raise InputRefused(f"{folder} holds a file that is no CSV in UTF-8 ({wrong}): write it so.") from None
    return files


def _check(files: CardFiles, table: str) -> None:
    width = len(files.header(table))
    if wrong := next((n for n, row in enumerate(files.rows(table), 2) if len(row) != width), None):
        raise InputRefused(f"{files.folder / table}.csv: row {wrong} has not the {width} columns of the header.")


def make(url: DatabaseUrl, files: CardFiles, *, replace: bool = False) -> dict[str, int]:
    """Create tables, view and rows in a database; gives the rows of each table.

    What is there under one of the names stays, and InputRefused is raised, unless it is to be replaced.
    """
    with url.connected() as connection, connection.cursor() as cursor:
        there = _present(url, cursor)
        if there and not replace:
            raise InputRefused(f"{url} has {', '.join(there)} already: say --replace to drop and make them anew.")
        for name in there:
            cursor.execute(f"DROP {'VIEW' if name == VIEW else 'TABLE'} {name}")
        counts = {table: _fill(cursor, files, table) for table in TABLES}
        cursor.execute(VIEW_SQL.format(view=VIEW, **_names(files)))
    return counts


def _present(url: DatabaseUrl, cursor: Any) -> list[str]:
    """Which of our names are taken, the view first: it stands on the others."""
    here = "current_schema()" if url.engine == "postgres" else "database()"
    cursor.execute(f"SELECT table_name FROM information_schema.tables WHERE table_schema = {here}")  # noqa: S608
    taken = {row[0] for row in cursor.fetchall()}
    return [name for name in (VIEW, *TABLES) if name in taken]


def _fill(cursor: Any, files: CardFiles, table: str) -> int:
    header, rows = files.header(table), list(files.rows(table))
    kinds = _kinds(table, header, rows)
    columns = ", ".join(f"{name} {kind}" for name, kind in kinds.items())
    cursor.execute(f"CREATE TABLE {table} ({columns}, PRIMARY KEY ({header[0]}))")
    mark = f"({', '.join(['%s'] * len(header))})"
    for start in range(0, len(rows), ROWS_AT_ONCE):
        some = rows[start : start + ROWS_AT_ONCE]
        values = [cell for row in some for cell in row]
        cursor.execute(f"INSERT INTO {table} VALUES {', '.join([mark] * len(some))}", values)  # noqa: S608
    if table == "movimento":
        dated = _names(files)["moved_at"]
        cursor.execute(f"CREATE INDEX movimento_{dated} ON movimento ({dated})")
    return len(rows)


def _kinds(table: str, header: Sequence[str], rows: Sequence[Sequence[str | None]]) -> dict[str, str]:
    """The SQL type of each column: its contract's; moments are days where no value of them has a time."""
    promised = {name: spec["type"] for spec in _columns(table).values() for name in spec["from"]}
    kinds = {}
    for at, name in enumerate(header):
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,62}", name):
            raise InputRefused(f"{table}.csv has a column {name!r}: a column's name is letters, digits and _.")
        promise = promised.get(name.lower(), "string")
        days = all(DAY.fullmatch(row[at] or "") for row in rows if row[at])
        kinds[name] = ("DATE" if days else "TIMESTAMP NULL") if promise == "timestamp" else TYPES[promise]
    return kinds


def _names(files: CardFiles) -> dict[str, str]:
    """How the files spell each column of the contract, by its own name and by that with its table's before it."""
    spelt: dict[str, str] = {}
    for source, told in _contract().items():
        header = {name.lower(): name for name in files.header(told["files"])}
        for column, spec in told["columns"].items():
            found = next((header[name] for name in spec["from"] if name in header), None)
            if found is None:
                raise InputRefused(f"{told['files']}.csv has no column for {column}: {', '.join(spec['from'])}.")
            spelt |= {column: found, f"{source}_{column}": found}
    return spelt


def _columns(table: str) -> Mapping[str, Any]:
    columns: Mapping[str, Any] = next(told["columns"] for told in _contract().values() if told["files"] == table)
    return columns


def _contract() -> Mapping[str, Any]:
    sources: Mapping[str, Any] = tomllib.loads(CONTRACT.read_text(encoding="utf-8"))["sources"]
    return sources
