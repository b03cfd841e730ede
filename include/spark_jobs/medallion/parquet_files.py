"""Bronze of Parquet files: Spark reads them, and each value becomes the text that a CSV file would have for it.

So the rules of a contract judge them like any other rows. A file is refused as a whole if Spark cannot read its schema,
if it is of no source or lacks a column of its own, or if such a column is nested or bytes, which have no text form.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial, reduce
from typing import NamedTuple

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, BinaryType, DecimalType, MapType, StructField, StructType

from medallion import csv_text
from medallion.arrivals import ROW_SCHEMA, Row, whole_file
from medallion.jdbc_text import as_said
from medallion.leftovers import refuse_leftover
from medallion.manifest import OTHER_FILES
from medallion.masks import as_json
from medallion.packing import FileRefused
from medallion.quality import ACCEPTED
from medallion.raw import SENDER, TEXT
from medallion.run import Run
from medallion.storage import FileInfo, Storage
from nightshift_contract.model import PARQUET_MAGIC, Table

AT_ONCE = 8  # files whose schema is read
WITHOUT_TEXT = (ArrayType, BinaryType, MapType, StructType)
# What Spark and parquet-mr say of a file with a type that Spark does not have, such as a time in nanoseconds, of one
# that is no whole Parquet file and of one whose footer is damaged. Any other error is the storage's.
UNREADABLE = re.compile(
    r"(Illegal|Unrecognized) Parquet type: [^\n]+?[.)]|Parquet type not (yet )?supported: [^\n]+"
    r"|is not a Parquet file|corrupted file|T(Protocol|Transport)Exception"
)
_GLOB = re.compile(r"([\[\]{}*?\\])")  # what a path of Spark's readers may have as a pattern
Named = Callable[[Sequence[Table], str], Table | None]


class _Placed(NamedTuple):
    """A file of a source: its URI, its schema, and where in it each column of the source is; None for an absent one."""

    uri: str
    table: Table
    schema: StructType
    positions: tuple[int | None, ...]


def among(storage: Storage, files: Iterable[FileInfo]) -> list[FileInfo]:
    """Those of the files that begin as Parquet files do, whatever their names."""
    read = [file for file in files if file.length and not file.hidden]
    beginnings = storage.parts([(file.uri, 0) for file in read], len(PARQUET_MAGIC))
    return [file for file, beginning in zip(read, beginnings, strict=True) if beginning == PARQUET_MAGIC]


def as_path(uri: str) -> str:
    """A URI as Spark's readers take it for one file, also where its name has a bracket."""
    return _GLOB.sub(r"\\\1", uri)


def judged(run: Run, sources: Sequence[Table], files: Sequence[FileInfo], named: Named) -> DataFrame:
    """The rows of Parquet files, of ROW_SCHEMA; a refused file is one row with line 0. `named` gives the source that a
    file's name suggests."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        opened = list(pool.map(partial(_opened, run.spark, sources, named), [file.uri for file in files]))
    refused = [row for row in opened if not isinstance(row, _Placed)]
    alike: dict[tuple[str, str], list[_Placed]] = {}
    for placed in (one for one in opened if isinstance(one, _Placed)):
        alike.setdefault((placed.table.name, placed.schema.json()), []).append(placed)
    frames = [_rows(run, group) for group in alike.values()]
    return reduce(DataFrame.unionByName, frames, run.spark.createDataFrame(refused, ROW_SCHEMA))


def _opened(spark: SparkSession, sources: Sequence[Table], named: Named, uri: str) -> _Placed | Row:
    """The file, or the row that stands for it because it is refused."""
    suggested = named(sources, uri)
    where = suggested.name if suggested else OTHER_FILES
    try:
        refuse_leftover(uri, sources)
        schema = spark.read.parquet(as_path(uri)).schema
    except FileRefused as leftover:
        return whole_file(where, uri, leftover.reason, leftover.detail)
    except Exception as problem:
        if not (why := UNREADABLE.search(str(problem))):
            raise
        return whole_file(where, uri, "unreadable_file", f"Spark cannot read it as Parquet: {why[0]}")
    header = _csv_line(schema.names)
    if (table := csv_text.table_of(sources, header) or suggested) is None:
        return whole_file(OTHER_FILES, uri, "unknown_file", f"a Parquet file with {', '.join(schema.names)}")
    matched = csv_text.header_of(table, header)
    if not isinstance(matched, csv_text.Header):
        return whole_file(table.name, uri, *matched)
    fields = [schema[p] for p in matched.positions if p is not None]
    if odd := [f"{f.name} is {f.dataType.typeName()}" for f in fields if isinstance(f.dataType, WITHOUT_TEXT)]:
        return whole_file(table.name, uri, "no_text_form", f"{', '.join(odd)}: a source has plain values only")
    return _Placed(uri, table, schema, matched.positions)


def _rows(run: Run, group: Sequence[_Placed]) -> DataFrame:
    """The rows of files of one source with the same schema. Their line is their number in the file."""
    table, schema, positions = group[0].table, group[0].schema, group[0].positions
    frame = run.spark.read.schema(schema).parquet(*[as_path(placed.uri) for placed in group])
    places = list(zip(table.columns, positions, strict=True))
    texts = [(F.lit("") if p is None else _text(schema[p])).alias(column.source) for column, p in places]
    said = [
        as_said(column.source, column.type, "" if p is None else schema[p].dataType.simpleString(), run.timezone, False)
        for column, p in places
    ]
    line = (F.col("_metadata.row_index") + 1).alias("_line")
    rows = frame.select(*texts, F.col("_metadata.file_path").alias("_file"), line).select(*said, "_file", "_line")
    nothing = F.lit(None).cast("string")
    return rows.select(
        F.lit(table.name).alias("table"),
        F.col("_file").alias("source_file"),
        F.col("_line").alias("line"),
        F.lit(None).cast("int").alias(SENDER),
        F.lit(ACCEPTED).alias("outcome"),
        *[nothing.alias(name) for name in ("reason", "detail", "warning")],
        F.array(*table.source_names).alias("fields"),
        as_json(table).alias("raw"),
        F.lit(TEXT).alias("raw_encoding"),
        nothing.alias("header"),
    )


def _text(field: StructField) -> Column:
    """A value as text. Spark writes a zero with many decimal places as 0E-18."""
    value = F.col(f"`{field.name.replace('`', '``')}`")
    text = value.cast("string")
    return F.when(value == 0, F.lit("0")).otherwise(text) if isinstance(field.dataType, DecimalType) else text


def _csv_line(names: Sequence[str]) -> bytes:
    written = io.StringIO()
    csv.writer(written, lineterminator="").writerow(names)
    return written.getvalue().encode()
