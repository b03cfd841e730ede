"""Bronze of mrhealth_sales: the rows of every file of a drop as they arrived, or why a row (a file) is none."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from medallion.contract import Table
from medallion.csv_text import Record, records
from medallion.quality import ACCEPTED, NOTE, QUARANTINED
from medallion.raw import TEXT
from medallion.replay import Refused, csv_again
from medallion.storage import FileInfo
from mrhealth_sales.tables import OF_UNITS, OTHER_FILES, SOURCES, table_of, unit_of

TABLES = (*(table.name for table in SOURCES), OTHER_FILES)
ROW_SCHEMA = (
    "table string, source_file string, line bigint, unit_id int, outcome string, reason string, detail string, "
    "warning string, fields array<string>, raw string, raw_encoding string, header string"
)
Row = tuple[Any, ...]  # of ROW_SCHEMA


def read_drop(spark: SparkSession, roots: Sequence[str], office: str) -> DataFrame:
    """The judged rows of every file below the roots; each file is parsed whole, by one task. `office`: see rows_of.

    A unit's file of one day is small; the format's own limit is 2 GiB a file.
    """
    files = spark.read.format("binaryFile").option("recursiveFileLookup", "true").load(list(roots))
    rows = files.select("path", "content").rdd.flatMap(lambda row: rows_of(row.path, bytes(row.content), office))
    return spark.createDataFrame(rows, ROW_SCHEMA, verifySchema=False)


def unread_files(spark: SparkSession, files: Iterable[FileInfo], office: str) -> DataFrame:
    """One judged row for each file that Spark's readers never open: the empty and the hidden ones."""
    unread = [f for f in files if f.hidden or not f.length]
    return spark.createDataFrame([_unread(f, office) for f in unread], ROW_SCHEMA)


def _unread(file: FileInfo, office: str) -> Row:
    if file.hidden:
        told = "a file or folder whose name starts with _ or a dot is not read"
        return _whole_file(OTHER_FILES, file.uri, "hidden_file", told)
    return next(rows_of(file.uri, b"", office))


def rows_of(source_file: str, content: bytes, office: str = "") -> Iterator[Row]:
    """The judged rows of one file, told by its name. `office`: the folder of head office's tables, ending in /, or ''
    where they lie in the drop itself.
    """
    table = table_of(source_file.rsplit("/", 1)[-1])
    if table is None:
        yield _whole_file(OTHER_FILES, source_file, "unknown_file", f"{len(content)} bytes in a file of no known name")
    elif told := _misplaced(table, source_file, office):
        yield _whole_file(OTHER_FILES, source_file, "misplaced_file", told)
    elif not content.removeprefix(codecs.BOM_UTF8).strip():
        yield _whole_file(table.name, source_file, "empty_file", f"{len(content)} bytes, not even a header")
    else:
        yield from _rows(table, source_file, content)


def _misplaced(table: Table, source_file: str, office: str) -> str | None:
    """Why a file does not belong where it lies: one unit may not rename the products and branches of all, and what
    lies at head office would count on every date."""
    if table not in OF_UNITS and unit_of(source_file) is not None:
        return f"{table.files} is head office's, and this one came in the drop of a unit"
    if table in OF_UNITS and office and source_file.startswith(office):
        return f"{table.files} is a unit's, and this one lies among head office's tables"
    return None


def _rows(table: Table, source_file: str, content: bytes) -> Iterator[Row]:
    unit, seen = unit_of(source_file), False
    for record in records(content, table.source_names, table.source_name):
        seen = True
        yield _row(table.name, source_file, unit, record)
    if not seen:
        yield (table.name, source_file, 1, unit, NOTE, None, None, "header_only_file", None, None, TEXT, None)


def _row(table: str, source_file: str, unit: int | None, record: Record) -> Row:
    outcome = QUARANTINED if record.fields is None else ACCEPTED
    verdict = (outcome, record.reason, record.detail, None)
    kept = (record.raw, record.raw_encoding, record.header)
    return (table, source_file, record.line, unit, *verdict, record.fields, *kept)


def _whole_file(table: str, source_file: str, reason: str, detail: str) -> Row:
    """A row for a file as such: line 0."""
    return (table, source_file, 0, unit_of(source_file), QUARANTINED, reason, detail, None, None, None, TEXT, None)


def rows_again(table: Table, source_file: str, refused: Iterable[Refused]) -> Iterator[Row]:
    """The judged rows that one file's refused ones give today."""
    return (_row(table.name, source_file, unit_of(source_file), record) for record in csv_again(table, refused))


def rows_with_columns(judged: DataFrame, table: Table) -> DataFrame:
    """The judged rows of one table, their fields as columns."""
    own = [F.col("fields")[i].alias(column) for i, column in enumerate(table.source_names)]
    return judged.where(F.col("table") == table.name).select("*", *own)
