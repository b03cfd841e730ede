"""Delivered CSV files as bronze has them: judged rows out of files, their columns, their place in the lake."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from medallion import manifest
from medallion.contract import Table
from medallion.csv_text import Record, records
from medallion.lake import Lake
from medallion.manifest import TableCount
from medallion.quality import ACCEPTED, NOTE, QUARANTINED
from medallion.raw import TEXT
from medallion.replay import BronzeReplay, Refused, by_file, csv_again
from medallion.storage import FileInfo

OTHER_FILES = manifest.OTHER_FILES
ROW_SCHEMA = (
    "table string, source_file string, line bigint, unit_id int, outcome string, reason string, detail string, "
    "warning string, fields array<string>, raw string, raw_encoding string, header string"
)
Row = tuple[Any, ...]  # of ROW_SCHEMA
UnitOf = Callable[[str], int | None]  # the unit that sent a file, by its URI; None where there are no units


def no_unit(_source_file: str) -> None:
    """The files of a source that has no units."""


def bronze_columns(table: Table) -> list[str]:
    """The columns of a bronze table: the file's own, then where and when each row came in, and as what text."""
    return [*table.source_names, "source_file", "line", "unit_id", "ingested_at", "raw"]


def bronze_schema(table: Table) -> str:
    """The same columns with their types; the file's own are text."""
    types = {"line": "bigint", "unit_id": "int", "ingested_at": "timestamp"}
    return ", ".join(f"{column} {types.get(column, 'string')}" for column in bronze_columns(table))


def read_files(
    spark: SparkSession,
    roots: Sequence[str],
    rows_of: Callable[[str, bytes], Iterable[Row]],
    most_bytes: int = 2**31 - 1,
) -> DataFrame:
    """The judged rows of every file below the roots; each file is parsed whole, by one task.

    The file of one day is small; the format's own limit is 2 GiB a file. One of more than `most_bytes` is passed over.
    """
    every = spark.read.format("binaryFile").option("recursiveFileLookup", "true").load(list(roots))
    files = every.where(F.col("length") <= most_bytes)
    rows = files.select("path", "content").rdd.flatMap(lambda row: rows_of(row.path, bytes(row.content)))
    return spark.createDataFrame(rows, ROW_SCHEMA, verifySchema=False)


def unread_files(
    spark: SparkSession, files: Iterable[FileInfo], rows_of: Callable[[str, bytes], Iterator[Row]], unit_of: UnitOf
) -> DataFrame:
    """One judged row for each file that Spark's readers never open: the empty and the hidden ones."""
    told = "a file or folder whose name starts with _ or a dot is not read"
    rows = [
        whole_file(OTHER_FILES, f.uri, "hidden_file", told, unit_of(f.uri)) if f.hidden else next(rows_of(f.uri, b""))
        for f in files
        if f.hidden or not f.length
    ]
    return spark.createDataFrame(rows, ROW_SCHEMA)


def whole_file(table: str, source_file: str, reason: str, detail: str, unit: int | None = None) -> Row:
    """A row for a refused file as such: line 0."""
    return (table, source_file, 0, unit, QUARANTINED, reason, detail, None, None, None, TEXT, None)


def rows_in(table: Table, source_file: str, content: bytes, unit: int | None = None) -> Iterator[Row]:
    """The judged rows of one file of a table; a note when it has a header only."""
    seen = False
    for record in records(content, table.source_names, table.source_name, table.optional_names):
        seen = True
        yield _row(table.name, source_file, unit, record)
    if not seen:
        yield (table.name, source_file, 1, unit, NOTE, None, None, "header_only_file", None, None, TEXT, None)


def _row(table: str, source_file: str, unit: int | None, record: Record) -> Row:
    outcome = QUARANTINED if record.fields is None else ACCEPTED
    verdict = (outcome, record.reason, record.detail, None)
    kept = (record.raw, record.raw_encoding, record.header)
    return (table, source_file, record.line, unit, *verdict, record.fields, *kept)


def rows_with_columns(judged: DataFrame, table: Table) -> DataFrame:
    """The judged rows of one table, their fields as columns."""
    own = [F.col("fields")[i].alias(column) for i, column in enumerate(table.source_names)]
    return judged.where(F.col("table") == table.name).select("*", *own)


def write_bronze(lake: Lake, rows: DataFrame, table: Table, count: TableCount) -> None:
    """Write one table out of the judged rows of all."""
    judged = _with_arrival(lake, rows_with_columns(rows, table))
    lake.replace_judged("bronze", judged, bronze_columns(table), count)


def replayed(lake: Lake, table: Table, unit_of: UnitOf) -> TableCount:
    """Judge again what bronze refused of a table; gives how the table stands then."""
    replay = BronzeReplay(lake, table.name, bronze_schema(table))
    if (refused := replay.quarantined()) is None:
        return replay.untouched()
    rows = by_file(refused, partial(_rows_again, table, unit_of), ROW_SCHEMA)
    judged = _with_arrival(lake, rows_with_columns(rows, table)).cache()
    count = replay.moved(judged, bronze_columns(table))
    judged.unpersist()
    return count


def _rows_again(table: Table, unit_of: UnitOf, source_file: str, refused: Iterable[Refused]) -> Iterator[Row]:
    """The judged rows that one file's refused ones give today."""
    return (_row(table.name, source_file, unit_of(source_file), record) for record in csv_again(table, refused))


def _with_arrival(lake: Lake, judged: DataFrame) -> DataFrame:
    return judged.withColumn("ingested_at", F.lit(lake.run.started_at))
