"""Turn the counts into the lake's files: parse the counting output, write gold and quarantine as Parquet, measure
gold."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from itertools import islice
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from flink_wordcount.judging import ACCEPTED, LONG_LINE, NOT_TEXT, UNDECODABLE, WORD
from medallion.manifest import GoldTable
from nightshift_contract.model import Table

Row = Sequence[Any]
ROWS_AT_ONCE = 10_000
TYPES = {"string": pa.string(), "int": pa.int32(), "bigint": pa.int64()}  # Spark's type names, as contracts use them
NAMES = {arrow: name for name, arrow in TYPES.items()}


@dataclass
class Tally:
    """The number of occurrences of each word, and of text lines, undecodable lines and lines that spoil their file, by
    file (its path in HDFS)."""

    words: Counter[str] = field(default_factory=Counter)
    accepted: Counter[str] = field(default_factory=Counter)
    undecodable: Counter[str] = field(default_factory=Counter)
    not_text: Counter[str] = field(default_factory=Counter)
    long_line: Counter[str] = field(default_factory=Counter)

    def add(self, content: str) -> None:
        """Add one file of the counts, CSV of kind, file, word, occurrences."""
        by_file = {
            ACCEPTED: self.accepted,
            UNDECODABLE: self.undecodable,
            NOT_TEXT: self.not_text,
            LONG_LINE: self.long_line,
        }
        places = {WORD: (self.words, 2), **{kind: (counter, 1) for kind, counter in by_file.items()}}
        for row in csv.reader(io.StringIO(content, newline="")):
            counter, column = places[row[0]]
            counter[row[column]] += int(row[3])

    def __add__(self, other: Tally) -> Tally:
        counters = ((getattr(tally, f.name) for tally in (self, other)) for f in fields(Tally))
        return Tally(*(one + another for one, another in counters))

    def ranked(self) -> list[tuple[str, int]]:
        """The words with their counts, most frequent first, ties by code point."""
        return sorted(self.words.items(), key=lambda counted: (-counted[1], counted[0]))


def parquet(schema: str, rows: Iterable[Row]) -> bytes:
    """Rows of a schema (as contracts spell it) as one Parquet file, built batch by batch."""
    columns, sink = _arrow(schema), pa.BufferOutputStream()
    with pq.ParquetWriter(sink, columns, compression="snappy") as writer:
        for batch in _batches(rows):
            values = zip(columns, zip(*batch, strict=True), strict=True)
            arrays = [pa.array(cells, column.type) for column, cells in values]
            writer.write_table(pa.Table.from_arrays(arrays, schema=columns))
    return bytes(sink.getvalue())


def _arrow(schema: str) -> Any:
    pairs = (column.split() for column in schema.split(", "))
    return pa.schema([(name, TYPES[kind]) for name, kind in pairs])


def _batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    left = iter(rows)
    while batch := list(islice(left, ROWS_AT_ONCE)):
        yield batch


def measured(file: bytes, table: Table, uri: str) -> GoldTable:
    """The row counts of a staged file, measured by reading it back; `uri` is its later place."""
    staged = pq.read_table(pa.BufferReader(file))
    keys = list(zip(*(staged.column(name).to_pylist() for name in table.key), strict=True))
    return GoldTable(
        table=table.name,
        path=uri,
        rows=staged.num_rows,
        schema={column.name: NAMES[column.type] for column in staged.schema},
        null_keys=sum(None in key for key in keys),
        duplicate_keys=len(keys) - len(set(keys)),
    )
