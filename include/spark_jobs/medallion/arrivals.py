"""Bronze for delivered CSV files: parse files into judged rows, name their columns, write them to the lake."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from medallion.csv_text import BETWEEN, Record, Sound, lines_of
from medallion.lake import Lake
from medallion.manifest import OTHER_FILES, TableCount
from medallion.notation import rewritten, usual_fields
from medallion.packing import FileRefused, over
from medallion.quality import ACCEPTED, NOTE, QUARANTINED
from medallion.raw import SENDER, TEXT
from medallion.replay import BronzeReplay, Refused, by_file, csv_again
from medallion.run import Run
from medallion.storage import FileInfo
from nightshift_contract.charset import UTF_8, as_utf8
from nightshift_contract.model import Table

HEADER_ONLY = "header_only_file"  # the note on a file that arrived without any row
ROW_SCHEMA = (
    f"table string, source_file string, line bigint, {SENDER} int, outcome string, reason string, detail string, "
    "warning string, fields array<string>, raw string, raw_encoding string, header string"
)
Row = tuple[Any, ...]  # of ROW_SCHEMA
LONGEST_BLOCK = 500  # lines
SenderOf = Callable[[str], int | None]  # who sent a file, by its URI; None where nobody in particular does


class Block(NamedTuple):
    """Lines that follow each other, all accepted as they are (csv_text.Sound): the row of each is made by the JVM."""

    table: str
    source_file: str
    line: int
    sender: int | None
    lines: list[str]


def no_sender(_source_file: str) -> None:
    """`SenderOf` for files that come from one place."""


def bronze_columns(table: Table) -> list[str]:
    """The columns of a bronze table: the file's own, then each row's origin, arrival time and original text."""
    return [*table.source_names, "source_file", "line", SENDER, "ingested_at", "raw"]


def bronze_schema(table: Table) -> str:
    """The columns of `bronze_columns` with their types; the file's own are text."""
    types = {"line": "bigint", SENDER: "int", "ingested_at": "timestamp"}
    return ", ".join(f"{column} {types.get(column, 'string')}" for column in bronze_columns(table))


def read_files(run: Run, roots: Sequence[str], rows_of: Callable[[str, bytes], Iterable[Row | Block]]) -> DataFrame:
    """The judged rows of every file below the roots; one task parses one whole file.

    The file of one day is small; the format's own limit is 2 GiB a file. Files beyond the run's bounds are skipped.
    """
    every = run.spark.read.format("binaryFile").option("recursiveFileLookup", "true").load(list(roots))
    files = every.where(F.col("length") <= run.bounds.most_bytes)
    sent = files.select("path", "content").rdd.flatMap(lambda row: map(_sent, rows_of(row.path, bytes(row.content))))
    return _each_line(run.spark.createDataFrame(sent, f"{ROW_SCHEMA}, lines array<string>", verifySchema=False))


def _sent(row: Row | Block) -> Row:
    """A row or a block as it travels from Python to the JVM."""
    if not isinstance(row, Block):
        return (*row, None)
    return (*row[:4], ACCEPTED, *[None] * 5, TEXT, None, row.lines)


def _each_line(sent: DataFrame) -> DataFrame:
    """The rows of ROW_SCHEMA, those of the blocks taken apart."""
    lines = sent.select("*", F.posexplode_outer("lines").alias("_at", "_line")).drop("lines")
    split = lines.withColumn("_parts", F.split("_line", BETWEEN))
    is_row = F.col("_line").isNull()
    return split.withColumns(
        {
            "line": F.col("line") + F.coalesce("_at", F.lit(0)),
            "fields": F.when(is_row, F.col("fields")).otherwise(F.expr("slice(_parts, 2, size(_parts) - 1)")),
            "raw": F.when(is_row, F.col("raw")).otherwise(F.col("_parts")[0]),
        }
    ).drop("_at", "_line", "_parts")


def unread_files(
    run: Run,
    files: Iterable[FileInfo],
    rows_of: Callable[[str, bytes], Iterator[Row | Block]],
    refused: Callable[[str, FileRefused], Row],
    sender_of: SenderOf,
) -> DataFrame:
    """One judged row for each file that `read_files` never opens: hidden, empty and oversized files."""
    detail = "a file or folder whose name starts with _ or a dot is not read"
    rows = []
    for file in files:
        if file.hidden:
            rows.append(whole_file(OTHER_FILES, file.uri, "hidden_file", detail, sender_of(file.uri)))
        elif why := over(file.length, run.bounds):
            rows.append(refused(file.uri, why))
        elif not file.length:
            rows.append(next(rows_of(file.uri, b"")))
    return run.spark.createDataFrame(rows, ROW_SCHEMA)


def whole_file(table: str, source_file: str, reason: str, detail: str, sender: int | None = None) -> Row:
    """The row, with line 0, that stands for a refused file as a whole."""
    return (table, source_file, 0, sender, QUARANTINED, reason, detail, None, None, None, TEXT, None)


def rows_in(table: Table, source_file: str, content: bytes, sender: int | None = None) -> Iterator[Row | Block]:
    """The judged rows of one file, with notes if it has only a header, another encoding or another notation."""
    text, encoding = as_utf8(content)
    lines = list(lines_of(table, text, usual_fields(table, BETWEEN)))
    sound = [line for line in lines if isinstance(line, Sound)]
    doubtful = (line for line in lines if isinstance(line, Record))
    parsed, notations = rewritten(table, doubtful, (line.fields for line in sound))
    yield from (_row(table.name, source_file, sender, record) for record in parsed)
    yield from _blocks(table.name, source_file, sender, sound)
    empty = not parsed and not sound
    notes = {HEADER_ONLY: empty, f"{encoding}_file": encoding != UTF_8, **dict.fromkeys(notations, True)}
    for note in (note for note, holds in notes.items() if holds):
        yield (table.name, source_file, 1, sender, NOTE, None, None, note, None, None, TEXT, None)


def _blocks(table: str, source_file: str, sender: int | None, sound: Iterable[Sound]) -> Iterator[Block]:
    """The lines in blocks without gaps."""
    block = Block(table, source_file, 0, sender, [])
    for number, content in sound:
        if number != block.line + len(block.lines) or len(block.lines) == LONGEST_BLOCK:
            if block.lines:
                yield block
            block = Block(table, source_file, number, sender, [])
        block.lines.append(content)
    if block.lines:
        yield block


def _row(table: str, source_file: str, sender: int | None, record: Record) -> Row:
    outcome = QUARANTINED if record.fields is None else ACCEPTED
    verdict = (outcome, record.reason, record.detail, None)
    kept = (record.raw, record.raw_encoding, record.header if record.fields is None else None)
    return (table, source_file, record.line, sender, *verdict, record.fields, *kept)


def rows_with_columns(judged: DataFrame, table: Table) -> DataFrame:
    """The judged rows of one table, with their fields as columns."""
    own = [F.col("fields")[i].alias(column) for i, column in enumerate(table.source_names)]
    return judged.where(F.col("table") == table.name).select("*", *own)


def write_bronze(lake: Lake, rows: DataFrame, table: Table, count: TableCount) -> None:
    """Write one table, taken from the judged rows of all tables."""
    judged = _with_arrival(lake, rows_with_columns(rows, table))
    lake.replace_judged("bronze", judged, bronze_columns(table), count)


def replayed(lake: Lake, table: Table, sender_of: SenderOf) -> TableCount:
    """Judge a table's quarantined bronze rows again; returns the table's new counts."""
    replay = BronzeReplay(lake, table.name, bronze_schema(table))
    if (refused := replay.quarantined()) is None:
        return replay.untouched()
    rows = by_file(refused, partial(_rows_again, table, sender_of), ROW_SCHEMA)
    judged = _with_arrival(lake, rows_with_columns(rows, table)).cache()
    count = replay.moved(judged, bronze_columns(table))
    judged.unpersist()
    return count


def _rows_again(table: Table, sender_of: SenderOf, source_file: str, refused: Iterable[Refused]) -> Iterator[Row]:
    """The judged rows that the refused rows of one file give under today's rules."""
    parsed, _ = rewritten(table, csv_again(table, refused))
    return (_row(table.name, source_file, sender_of(source_file), record) for record in parsed)


def _with_arrival(lake: Lake, judged: DataFrame) -> DataFrame:
    return judged.withColumn("ingested_at", F.lit(lake.run.started_at))
