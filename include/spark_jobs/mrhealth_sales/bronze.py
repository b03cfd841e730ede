"""Bronze of mrhealth_sales: the rows of every file of a drop as they arrived, or why a row (a file) is none."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator, Sequence

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from medallion.csv_text import Record, records
from medallion.quality import ACCEPTED, NOTE, QUARANTINED
from medallion.raw import TEXT
from medallion.storage import FileInfo
from mrhealth_sales.tables import OTHER_FILES, SOURCES, SourceTable, column_name, table_of, unit_of

TABLES = (*(table.name for table in SOURCES), OTHER_FILES)
ROW_SCHEMA = (
    "table string, source_file string, line bigint, unit_id int, outcome string, reason string, detail string, "
    "warning string, fields array<string>, raw string, raw_encoding string"
)
Row = tuple[str, str, int, int | None, str, str | None, str | None, str | None, tuple[str, ...] | None, str | None, str]


def read_drop(spark: SparkSession, roots: Sequence[str]) -> DataFrame:
    """The judged rows of every file below the roots; each file is parsed whole, by one task.

    A unit's file of one day is small; the format's own limit is 2 GiB a file.
    """
    files = spark.read.format("binaryFile").option("recursiveFileLookup", "true").load(list(roots))
    rows = files.select("path", "content").rdd.flatMap(lambda row: rows_of(row.path, bytes(row.content)))
    return spark.createDataFrame(rows, ROW_SCHEMA, verifySchema=False)


def unread_files(spark: SparkSession, files: Iterable[FileInfo]) -> DataFrame:
    """One judged row for each file that Spark's readers never open: the empty and the hidden ones."""
    unread = [f for f in files if f.hidden or not f.length]
    return spark.createDataFrame([_unread(f) for f in unread], ROW_SCHEMA)


def _unread(file: FileInfo) -> Row:
    if file.hidden:
        told = "a file or folder whose name starts with _ or a dot is not read"
        return _whole_file(OTHER_FILES, file.uri, "hidden_file", told)
    return next(rows_of(file.uri, b""))


def rows_of(source_file: str, content: bytes) -> Iterator[Row]:
    """The judged rows of one file, told by its name."""
    table = table_of(source_file.rsplit("/", 1)[-1])
    if table is None:
        yield _whole_file(OTHER_FILES, source_file, "unknown_file", f"{len(content)} bytes in a file of no known name")
    elif not content.removeprefix(codecs.BOM_UTF8).strip():
        yield _whole_file(table.name, source_file, "empty_file", f"{len(content)} bytes, not even a header")
    else:
        yield from _rows(table, source_file, content)


def _rows(table: SourceTable, source_file: str, content: bytes) -> Iterator[Row]:
    unit, seen = unit_of(source_file), False
    for record in records(content, table.columns, column_name):
        seen = True
        yield _row(table.name, source_file, unit, record)
    if not seen:
        yield (table.name, source_file, 1, unit, NOTE, None, None, "header_only_file", None, None, TEXT)


def _row(table: str, source_file: str, unit: int | None, record: Record) -> Row:
    outcome = QUARANTINED if record.fields is None else ACCEPTED
    verdict = (outcome, record.reason, record.detail, None)
    return (table, source_file, record.line, unit, *verdict, record.fields, record.raw, record.raw_encoding)


def _whole_file(table: str, source_file: str, reason: str, detail: str) -> Row:
    """A row for a file as such: line 0."""
    return (table, source_file, 0, unit_of(source_file), QUARANTINED, reason, detail, None, None, None, TEXT)


def rows_with_columns(judged: DataFrame, table: SourceTable) -> DataFrame:
    """The judged rows of one table, their fields as columns."""
    own = [F.col("fields")[i].alias(column) for i, column in enumerate(table.columns)]
    return judged.where(F.col("table") == table.name).select("*", *own)
