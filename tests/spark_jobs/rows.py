"""The rows of a file one by one, as the JVM takes the blocks apart (medallion.arrivals)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from medallion.arrivals import Block, Row
from medallion.csv_text import BETWEEN


def singly(rows: Iterable[Row | Block]) -> Iterator[Row]:
    """The rows, those of a block each by itself."""
    for row in rows:
        if not isinstance(row, Block):
            yield row
            continue
        for n, line in enumerate(row.lines):
            raw, *fields = line.split(BETWEEN)
            place = (row.table, row.source_file, row.line + n, row.sender)
            yield (*place, "accepted", None, None, None, tuple(fields), raw, "text", None)
