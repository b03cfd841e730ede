"""A database as a source: its tables found by their contracts, read over JDBC as text, large ones in parts.

Every column is turned to text by the database itself: no driver then guesses at a zone, rounds a number or dies of a
date that is in no calendar, and the typing rules see what they see in a file. Only the contract's columns are asked
for; every name in the SQL is one that the database's own catalogue gave, quoted.

What JDBC cannot give is one snapshot: each table, and each part of one, is a transaction of its own. Who needs rows
that refer to each other reads the referring table first (its rows' targets are there by then, unless deleted).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from py4j.protocol import Py4JJavaError
from pyspark.sql import DataFrame, DataFrameReader, Row, SparkSession
from pyspark.sql import functions as F

from medallion.contract import Table, plain_name
from medallion.errors import SourceError
from medallion.secret import Address

ROWS_A_PART = 250_000
MOST_PARTS = 8  # connections at once: a night must not starve the shop
FETCH_ROWS = 10_000
PART = "nightshift_part"
WHOLE_NUMBERS = {"smallint", "integer", "int", "mediumint", "tinyint", "bigint"}
MOMENTS = {"date", "datetime", "timestamp", "timestamp without time zone"}


@dataclass(frozen=True)
class Dialect:
    """What differs between the engines. `here` is the schema that unqualified names mean."""

    url: str
    port: int
    driver: str
    quote: str
    text: str
    here: str
    start: str

    def name(self, name: str) -> str:
        """An identifier, quoted."""
        return f"{self.quote}{name.replace(self.quote, 2 * self.quote)}{self.quote}"

    def as_text(self, expression: str) -> str:
        """An expression turned to text by the database."""
        return f"CAST({expression} AS {self.text})"


POSTGRES = Dialect(
    url="jdbc:postgresql://{host}:{port}/{dbname}",
    port=5432,
    driver="org.postgresql.Driver",
    quote='"',
    text="text",
    here="current_schema()",
    start="SET TIME ZONE 'UTC'",  # of columns that keep an instant; the driver would set the JVM's own
)
# One driver for both. Spark knows MySQL's quotes by the scheme, and the driver takes that scheme only when told to.
MYSQL = Dialect(
    url="jdbc:mysql://{host}:{port}/{dbname}?permitMysqlScheme",
    port=3306,
    driver="org.mariadb.jdbc.Driver",
    quote="`",
    text="char",
    here="database()",
    start="SET NAMES utf8mb4",
)
DIALECTS: Mapping[str, Dialect] = {
    "postgres": POSTGRES,
    "postgresql": POSTGRES,
    "aurora-postgresql": POSTGRES,
    "mysql": MYSQL,
    "mariadb": MYSQL,
    "aurora-mysql": MYSQL,
}


@dataclass(frozen=True)
class FoundColumn:
    """A column as the database spells it, and its type there."""

    name: str
    type: str


@dataclass(frozen=True)
class Found:
    """A table of a contract as the database has it: its name, and its columns by what bronze calls them."""

    table: Table
    name: str
    columns: Mapping[str, FoundColumn]

    def column(self, name: str) -> FoundColumn:
        """The column that the contract calls so."""
        return self.columns[self.table.column(name).source]


class Database:
    """One database, opened anew for each question."""

    def __init__(self, spark: SparkSession, address: Address) -> None:
        if address.engine not in DIALECTS:
            raise SourceError(f"opening a database of engine {address.engine!r}: there are {', '.join(DIALECTS)}")
        self._spark, self._address = spark, address
        self.dialect = DIALECTS[address.engine]

    @property
    def uri(self) -> str:
        """The database as lineage tells it: without who asks."""
        at = self._address
        return f"{at.engine}://{at.host}:{at.port or self.dialect.port}/{at.dbname}"

    def tables(self, wanted: Iterable[Table]) -> dict[str, Found]:
        """The tables of a contract, by name. Raises SourceError for one that is not there or lacks a column."""
        by_stem = {table.files: table for table in wanted}
        stems = ", ".join(f"'{stem}'" for stem in by_stem)
        fields = {"t": "table_name", "c": "column_name", "k": "data_type"}
        rows = self.ask(
            ", ".join(f"{self.dialect.as_text(column)} AS {name}" for name, column in fields.items()),
            f"information_schema.columns WHERE table_schema = {self.dialect.here} AND lower(table_name) IN ({stems})",
        )
        return {table.name: self._found(table, rows) for table in by_stem.values()}

    def _found(self, table: Table, rows: Iterable[Row]) -> Found:
        own = [row for row in rows if row["t"].lower() == table.files]
        if not own:
            raise SourceError(f"looking for {table.files} in {self.uri}: there is no such table or view")
        spelt = {plain_name(row["c"]): FoundColumn(row["c"], row["k"].lower()) for row in own}
        columns = {c.source: spelt[name] for c in table.columns for name in reversed(c.names) if name in spelt}
        if gone := [column for column in table.columns if column.source not in columns]:
            told = "; ".join(f"{column.name} (known as {', '.join(column.names)})" for column in gone)
            raise SourceError(
                f"reading {table.files} in {self.uri}: its columns {', '.join(row['c'] for row in own)} lack {told};"
                " if one of them has a new name, add it to the contract"
            )
        return Found(table, own[0]["t"], columns)

    def ask(self, select: str, source: str) -> list[Row]:
        """The few rows of a question. Raises SourceError."""
        try:
            rows: list[Row] = self._query(f"SELECT {select} FROM {source}").load().collect()  # noqa: S608
        except Py4JJavaError as error:
            raise SourceError(f"asking {self.uri}: {_root_of(error)}") from None
        return rows

    def read(self, found: Found, where: str = "") -> DataFrame:
        """The rows of a table (those for which the condition holds) as text, under bronze's names; nothing is read yet.

        Raises SourceError when the database does not answer.
        """
        columns = [
            f"{self.dialect.as_text(self.dialect.name(c.name))} AS {self.dialect.name(source)}"
            for source, c in found.columns.items()
        ]
        source = f"{self.dialect.name(found.name)}{f' WHERE {where}' if where else ''}"
        key = found.column(found.table.key[0])
        parts = self._parts(self.dialect.name(key.name), source) if key.type in WHOLE_NUMBERS else {}
        if parts:
            columns.append(f"{self.dialect.name(key.name)} AS {PART}")
        reader = self._query(f"SELECT {', '.join(columns)} FROM {source}").options(**parts)  # noqa: S608
        return reader.load().select(*found.columns, F.lit(f"{self.uri}/{found.name}").alias("source_file"))

    def _parts(self, key: str, source: str) -> dict[str, str]:
        """The options that read a large table in parts of its key; none for a small one."""
        asked = {"low": f"MIN({key})", "high": f"MAX({key})", "n": "COUNT(*)"}
        select = ", ".join(f"{self.dialect.as_text(value)} AS {name}" for name, value in asked.items())
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
            **at.properties,
            "url": self.dialect.url.format(host=at.host, port=at.port or self.dialect.port, dbname=at.dbname),
            "driver": self.dialect.driver,
            "user": at.username,
            "password": at.password,
            "fetchsize": str(FETCH_ROWS),
            "sessionInitStatement": self.dialect.start,
        }


def _root_of(error: Py4JJavaError) -> str:
    """What the JVM's innermost exception says, in one line."""
    cause = error.java_exception
    while cause.getCause() is not None:
        cause = cause.getCause()
    return " ".join(str(cause.toString()).split())
