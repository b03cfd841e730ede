"""How a CSV file is written: which line is its header, and by which character that is divided."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Sequence

DELIMITERS = (",", ";", "\t", "|")
_SEP = re.compile(rb'^"?sep=[,;\t|]"?\s*$', re.IGNORECASE)  # Excel's own hint above the header
_OF_EMPTY_CELLS = f'{"".join(DELIMITERS)} \r\v\f"'.encode()
# The csv module rejects fields beyond 128 KiB; a long note is valid.
csv.field_size_limit(2**31 - 1)


def header_at(lines: Sequence[bytes]) -> int:
    """The index of the header: the first line that has any text, after Excel's `sep=;` if there is one; the number of
    lines where there is none."""
    written = (i for i, line in enumerate(lines) if line.strip(_OF_EMPTY_CELLS))
    first = next(written, len(lines))
    return next(written, len(lines)) if first < len(lines) and _SEP.match(lines[first]) else first


def is_blank(line: bytes, delimiter: str) -> bool:
    """Whether a line has no cell with text: spreadsheets write such rows as ;;;; or "";""."""
    return not line.strip() or all(cell.strip() in (b"", b'""') for cell in line.split(delimiter.encode()))


def splits(header: str) -> dict[str, list[str]]:
    """The cells of a header by each delimiter; none where the quotes are wrong."""
    return {delimiter: _cells(header, delimiter) for delimiter in DELIMITERS}


def split(header: str, is_known: Callable[[str], bool] = lambda _cell: False) -> tuple[str, list[str]]:
    """The delimiter of a file and its header's cells: the one that gives most of the known cells, then most cells."""
    return max(splits(header).items(), key=lambda one: (len({*filter(is_known, one[1])}), len(one[1])))


def _cells(text: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([text], delimiter=delimiter, strict=True), [])
    except csv.Error:
        return []
