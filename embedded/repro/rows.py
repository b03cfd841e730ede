"""A few lines of a text file instead of the whole: the first, which may be a header, and those around one."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from itertools import chain, islice
from typing import Any

LINE = re.compile(r"\bline (\d+)")
QUOTED = re.compile(r"'([^'\n]{2,80})'|\"([^\"\n]{2,80})\"")
PACKED = (".gz", ".zip", ".bz2", ".zst", ".parquet", ".xlsx")
IsIt = Callable[[int, bytes], bool]  # (number from 1, line)


def can_be_cut(key: str) -> bool:
    """Whether an object is text by its name; packed files and Parquet are fetched whole."""
    return not key.lower().endswith(PACKED)


def failing_line(failure: Mapping[str, Any]) -> IsIt:
    """What recognises the failing line: its number, if the failure names a file and a line of it, else a text that the
    error quotes."""
    message = str(failure.get("message", ""))
    number = LINE.search(message) if failure.get("input_file") else None
    quoted = [text.encode() for pair in QUOTED.findall(message) for text in pair if text and "://" not in text]
    if number:
        return lambda at, _line: at == int(number[1])
    return lambda _at, line: any(text in line for text in quoted)


def around(lines: Iterator[bytes], rows: int, is_it: IsIt) -> list[bytes]:
    """The first line and `rows` lines around the one that is recognised; the first `rows` if none is."""
    first, before = list(islice(lines, 1)), deque[bytes](maxlen=rows // 2)
    top: list[bytes] = []
    for number, line in enumerate(chain(first, lines), start=1):
        if is_it(number, line):
            nearby = [*before, line, *islice(lines, rows - len(before) - 1)]
            return nearby if number == 1 else [*first, *nearby]
        if number > 1:
            before.append(line)
            top.extend([line] if len(top) < rows else [])
    return [*first, *top]
