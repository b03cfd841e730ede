"""The rows of a database's table as a sample: its catalogue says the types and the key, and the values are queried as
a night queries them (medallion.jdbc)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from embedded.new import declared
from embedded.new.sample import MOST_ROWS, Sample, columns_of, lake_name
from medallion.csv_text import Record
from medallion.jdbc import DIALECTS, Dialect, LocatedColumn
from nightshift_contract import secret
from nightshift_contract.model import Table
from tools.databases import DatabaseUrl
from tools.errors import InputRefused

# The lake's type of the catalogue's; another is text.
TYPES = {
    **dict.fromkeys(("tinyint", "smallint", "mediumint"), "int"),
    **dict.fromkeys(("int", "integer", "bigint"), "bigint"),
    **dict.fromkeys(("real", "float", "double", "double precision"), "double"),
    **dict.fromkeys(("datetime", "timestamp", "timestamp without time zone", "timestamp with time zone"), "timestamp"),
    "money": "decimal(18,2)",
    "date": "date",
    "boolean": "boolean",
}
NESTED = {"json", "jsonb", "xml"}  # they have a text, which is no plain value
DECIMALS = ("numeric", "decimal")
NAME = re.compile(r"[^'\"`\\%.*?\[\]]+")  # the contract's `files` is a pattern, and part of the job's SQL
COLUMNS = """
SELECT table_name, column_name, data_type, numeric_scale, is_nullable FROM information_schema.columns
WHERE table_schema = {here} AND lower(table_name) = lower(%s) ORDER BY table_name, ordinal_position
"""
# The columns of the primary key, also for who may only read: PostgreSQL's information_schema hides it from them.
KEY = {
    secret.POSTGRES: """
SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
WHERE i.indisprimary AND i.indrelid = quote_ident(%s)::regclass
ORDER BY array_position(i.indkey::int2[], a.attnum)
""",
    secret.MYSQL: """
SELECT column_name FROM information_schema.statistics
WHERE index_name = 'PRIMARY' AND table_schema = database() AND table_name = %s ORDER BY seq_in_index
""",
}


def read(url: DatabaseUrl, table: str) -> Sample:
    """Read the first rows of a table or view of the user's own schema. Raises InputRefused when the database cannot be
    read, there is no such table, or it has no row or no column that a job can read."""
    family = secret.FAMILIES[url.engine]
    dialect = DIALECTS[family]
    if not NAME.fullmatch(table):
        raise InputRefused(f"{table!r} is no table's name here: give it without a schema, or provide a view.")
    with url.connected() as connection, connection.cursor() as cursor:
        cursor.execute(dialect.start)
        listed = _queried(cursor, COLUMNS.format(here=dialect.here), table)
        if not listed:
            raise InputRefused(f"{url} has no table or view {table} in the schema of {url.username}: see its spelling.")
        name = listed[0][0]
        own = [row for row in listed if row[0] == name]
        columns = [(LocatedColumn(column, kind.lower()), scale, null) for _, column, kind, scale, null in own]
        readable = [one for one in columns if one[0].type not in dialect.unreadable | NESTED]
        if not readable:
            raise InputRefused(f"No column of {url}/{name} has a plain value: provide a view that casts them.")
        rows = _queried(cursor, _select(dialect, name, [column for column, _, _ in readable]))
        key = [column for (column,) in _queried(cursor, KEY[family], name)]
    if not rows:
        raise InputRefused(f"{url}/{name} has no row: fill it with some, which show what is in it.")
    spelt = columns_of(f"{url}/{name}", [column.name for column, _, _ in readable])
    typed = [
        declared.column(known, _type(column.type, scale), required=null == "NO")
        for known, (column, scale, null) in zip(spelt, readable, strict=True)
    ]
    names = {column.name: known.name for known, (column, _, _) in zip(spelt, readable, strict=True)}
    whole = tuple(names[column] for column in key) if all(column in names for column in key) else ()
    left_out = [f"{c.name} ({c.type}, without a text form)" for c, _, _ in columns if c.type in dialect.unreadable]
    left_out += [f"{c.name} ({c.type}, which is no plain value)" for c, _, _ in columns if c.type in NESTED]
    return Sample(
        f"{url}/{name}",
        Table(lake_name(name, "rows"), tuple(typed), whole, files=name.lower(), database=True),
        tuple(Record(number, tuple(row), "") for number, row in enumerate(rows, 1)),
        "a table, which declares its types",
        typed=True,
        left_out=tuple(left_out),
    )


def _select(dialect: Dialect, table: str, columns: Sequence[LocatedColumn]) -> str:
    values = ", ".join(dialect.value(column) for column in columns)
    return f"SELECT {values} FROM {dialect.name(table)} LIMIT {MOST_ROWS}"  # noqa: S608 - names of the catalogue, quoted


def _queried(cursor: Any, sql: str, *values: str) -> list[list[str]]:
    """The rows of a query as text; '' for a null."""
    cursor.execute(sql, values or None)
    return [list(_texts(row)) for row in cursor.fetchall()]


def _texts(row: Sequence[Any]) -> Iterator[str]:
    for value in row:
        yield "" if value is None else value.decode() if isinstance(value, bytes) else str(value)


def _type(kind: str, scale: str) -> str:
    if kind in DECIMALS:
        return declared.decimal(int(scale) if scale else None)
    return TYPES.get(kind, "string")
