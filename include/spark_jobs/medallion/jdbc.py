"""Read a database's tables as text over JDBC: find them by their contracts, split large ones into parts.

The database itself converts every column to text: so no driver guesses a time zone, rounds a number or fails on an
invalid date, and the typing rules see the same text as in a file. Where a database's default text of a type is
shortened or localised, `Dialect.texts` has another expression. The session's time zone is UTC: values that a database
stores as instants are converted to the business's local time (medallion.jdbc_text). Only the contract's columns are
selected; every name in the SQL comes from the database's own catalogue, and is quoted.

JDBC offers no snapshot across queries: each table, and each part of one, is its own transaction. To read rows that
refer to each other, read the referring table first (the rows it refers to exist by then, unless deleted).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from py4j.protocol import Py4JJavaError
from pyspark.sql import Column, DataFrame, DataFrameReader, Row, SparkSession
from pyspark.sql import functions as F

from medallion import tls
from medallion.errors import SourceError
from medallion.jdbc_text import as_said
from nightshift_contract import secret
from nightshift_contract.model import Table, plain_name
from nightshift_contract.secret import Address

ROWS_A_PART = 250_000
MOST_PARTS = 8  # concurrent connections: a run must not starve the database's other clients
FETCH_ROWS = 10_000
PART = "nightshift_part"
WHOLE_NUMBERS = {"smallint", "integer", "int", "mediumint", "tinyint", "bigint"}
MOMENTS = {"date", "datetime", "timestamp", "timestamp without time zone", "timestamp with time zone"}


@dataclass(frozen=True)
class LocatedColumn:
    """A column's name and type in the database."""

    name: str
    type: str


@dataclass(frozen=True)
class Dialect:
    """The differences between engines. `here` is the schema of unqualified names. `texts` maps types whose default text
    loses information to SQL that does not; `instants` are the types that store an instant and show it in the session's
    zone; `unreadable` are those without any text. `no_date` is true for a moment that is null or in no calendar."""

    url: str
    driver: str
    quote: str
    text: str
    here: str
    start: str
    instants: frozenset[str]
    unreadable: frozenset[str]
    texts: Mapping[str, str] = field(default_factory=dict)
    no_date: str = "{} IS NULL"

    def name(self, name: str) -> str:
        """A quoted identifier."""
        return f"{self.quote}{name.replace(self.quote, 2 * self.quote)}{self.quote}"

    def as_text(self, expression: str) -> str:
        """An expression cast to text by the database."""
        return f"CAST({expression} AS {self.text})"

    def value(self, column: LocatedColumn) -> str:
        """A column's value as text without loss."""
        return self.as_text(self.texts.get(column.type, "{}").format(self.name(column.name)))


POSTGRES = Dialect(
    url="jdbc:postgresql://{host}:{port}/{dbname}",
    driver="org.postgresql.Driver",
    quote='"',
    text="text",
    here="current_schema()",
    # A server, a database or a user may have other settings, which would change the text of values.
    start="SELECT set_config('TimeZone', 'UTC', false), set_config('DateStyle', 'ISO, YMD', false),"
    " set_config('extra_float_digits', '3', false)",
    instants=frozenset({"timestamp with time zone"}),
    unreadable=frozenset({"bytea", "array", "bit", "bit varying"}),
    texts={"money": "CAST({} AS numeric)"},  # its text has the currency and the separators of lc_monetary
)
# One driver for both. Spark picks MySQL's quotes by the URL scheme, which this driver accepts only when configured to.
MYSQL = Dialect(
    url="jdbc:mysql://{host}:{port}/{dbname}?permitMysqlScheme",
    driver="org.mariadb.jdbc.Driver",
    quote="`",
    text="char",
    here="database()",
    start="SET NAMES utf8mb4, time_zone = '+00:00'",  # zone names work only where somebody loaded the zone tables
    instants=frozenset({"timestamp"}),
    unreadable=frozenset(
        {"binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob", "geometry", "point", "linestring"}
        | {"polygon", "multipoint", "multilinestring", "multipolygon", "geometrycollection", "geomcollection"}
    ),
    texts={"float": "{} + 0e0", "bit": "{} + 0"},  # default text: six digits, and the raw bytes of the number
    no_date="{} + INTERVAL 0 DAY IS NULL",  # 2024-02-00 and 2024-02-30, which some modes let in, compare like dates
)
DIALECTS: Mapping[str, Dialect] = {secret.POSTGRES: POSTGRES, secret.MYSQL: MYSQL}  # by the engine's family


@dataclass(frozen=True)
class LocatedTable:
    """A contract's table as found in the database: its name there, and its columns by bronze name."""

    table: Table
    name: str
    columns: Mapping[str, LocatedColumn]

    def column(self, name: str) -> LocatedColumn:
        """The column with this name in the contract."""
        return self.columns[self.table.column(name).source]


class Database:
    """One database; every query opens a new connection. `zone` is the business's; instants are converted to it."""

    def __init__(self, spark: SparkSession, address: Address, zone: str = "UTC") -> None:
        if address.family not in DIALECTS:
            expected = ", ".join(secret.FAMILIES)
            raise SourceError(f"opening a database of engine {address.engine!r}: expected one of {expected}")
        self._spark, self._address, self._zone = spark, address, ZoneInfo(zone)
        self.dialect = DIALECTS[address.family]

    @property
    def uri(self) -> str:
        """The database's URI for lineage, without the user."""
        at = self._address
        return f"{at.engine}://{at.host}:{at.port}/{at.dbname}"

    def tables(self, wanted: Iterable[Table]) -> dict[str, LocatedTable]:
        """The tables of a contract, by name. Raises SourceError if one does not exist, lacks a column, or has a column
        of an unreadable type."""
        by_stem = {table.files: table for table in wanted}
        stems = ", ".join(f"'{stem}'" for stem in by_stem)
        fields = {"t": "table_name", "c": "column_name", "k": "data_type"}
        rows = self.ask(
            ", ".join(f"{self.dialect.as_text(column)} AS {name}" for name, column in fields.items()),
            f"information_schema.columns WHERE table_schema = {self.dialect.here} AND lower(table_name) IN ({stems})",
        )
        return {table.name: self._located(table, rows) for table in by_stem.values()}

    def _located(self, table: Table, rows: Iterable[Row]) -> LocatedTable:
        own = [row for row in rows if row["t"].lower() == table.files]
        if not own:
            raise SourceError(f"looking for {table.files} in {self.uri}: there is no such table or view")
        spelt = {plain_name(row["c"]): LocatedColumn(row["c"], row["k"].lower()) for row in own}
        columns = {c.source: spelt[name] for c in table.columns for name in reversed(c.names) if name in spelt}
        if gone := [column for column in table.columns if column.source not in columns]:
            missing = "; ".join(f"{column.name} (known as {', '.join(column.names)})" for column in gone)
            raise SourceError(
                f"reading {table.files} in {self.uri}: its columns {', '.join(row['c'] for row in own)} lack {missing};"
                " if one of them has a new name, add it to the contract"
            )
        if binary := [f"{c.name} is {c.type}" for c in columns.values() if c.type in self.dialect.unreadable]:
            raise SourceError(
                f"reading {table.files} in {self.uri}: {', '.join(binary)}, which has no text form;"
                " provide a view that casts it to text or a number"
            )
        return LocatedTable(table, own[0]["t"], columns)

    def moment(self, column: LocatedColumn, local: datetime) -> str:
        """SQL literal for a moment in the business's local time, to compare a column with."""
        if column.type in self.dialect.instants:
            with suppress(OverflowError):  # the last hours of the year 9999
                local = local.replace(tzinfo=self._zone).astimezone(UTC).replace(tzinfo=None)
        return f"'{local}'"

    def ask(self, select: str, source: str) -> list[Row]:
        """The rows of a small query, collected. Raises SourceError."""
        try:
            rows: list[Row] = self._query(f"SELECT {select} FROM {source}").load().collect()  # noqa: S608
        except Py4JJavaError as error:
            raise SourceError(f"querying {self.uri}: {_root_of(error)}") from None
        return rows

    def read(self, located: LocatedTable, where: str = "") -> DataFrame:
        """The rows of a table (filtered by the condition, if any) as text, under bronze's names; evaluated lazily.

        Raises SourceError when the database does not answer.
        """
        columns = [f"{self.dialect.value(c)} AS {self.dialect.name(source)}" for source, c in located.columns.items()]
        source = f"{self.dialect.name(located.name)}{f' WHERE {where}' if where else ''}"
        key = located.column(located.table.key[0])
        parts = self._parts(self.dialect.name(key.name), source) if key.type in WHOLE_NUMBERS else {}
        if parts:
            columns.append(f"{self.dialect.name(key.name)} AS {PART}")
        reader = self._query(f"SELECT {', '.join(columns)} FROM {source}").options(**parts)  # noqa: S608
        said = [self._said(located, source) for source in located.columns]
        return reader.load().select(*said, F.lit(f"{self.uri}/{located.name}").alias("source_file"))

    def _said(self, located: LocatedTable, source: str) -> Column:
        """A column's text in the form that the typing rules expect."""
        promised = next(column.type for column in located.table.columns if column.source == source)
        declared = located.columns[source].type
        return as_said(source, promised, declared, self._zone.key, declared in self.dialect.instants)

    def _parts(self, key: str, source: str) -> dict[str, str]:
        """The options that read a large table in parts of its key; empty for a small one."""
        bounds_of = {"low": f"MIN({key})", "high": f"MAX({key})", "n": "COUNT(*)"}
        select = ", ".join(f"{self.dialect.as_text(value)} AS {name}" for name, value in bounds_of.items())
        [bounds] = self.ask(select, source)
        parts = min(MOST_PARTS, int(bounds["n"]) // ROWS_A_PART + 1)
        if parts == 1:
            return {}
        limits = {"lowerBound": bounds["low"], "upperBound": bounds["high"]}
        return {"partitionColumn": PART, "numPartitions": str(parts), **limits}

    def _query(self, sql: str) -> DataFrameReader:
        return self._spark.read.format("jdbc").options(dbtable=f"({sql}) q", **self._options)

    @cached_property
    def _options(self) -> dict[str, str]:
        at = self._address
        return {
            **tls.properties(self._spark, at),
            "url": self.dialect.url.format(host=at.host, port=at.port, dbname=at.dbname),
            "driver": self.dialect.driver,
            "user": at.username,
            "password": at.password,
            "fetchsize": str(FETCH_ROWS),
            "sessionInitStatement": self.dialect.start,
        }


def _root_of(error: Py4JJavaError) -> str:
    """The message of the JVM's innermost exception, in one line."""
    cause = error.java_exception
    while cause.getCause() is not None:
        cause = cause.getCause()
    return " ".join(str(cause.toString()).split())
