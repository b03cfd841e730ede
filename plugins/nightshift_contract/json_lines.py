"""JSON lines as the CSV text that they stand for, which is then judged like any other. Pure, one file at a time."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

KINDS: dict[type[Any], str] = {dict: "object", list: "array"}


def is_json_lines(text: bytes) -> bool:
    """Whether a file's text begins like JSON lines: with an object."""
    return text[:4096].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")


def as_csv(text: bytes) -> bytes:
    """CSV with a header of all names in the file; rows and their line numbers are those of this CSV. A line that is no
    object becomes a record of another width, which bronze refuses. Numbers keep their digits, null is empty, nested
    values are JSON with their numbers quoted."""
    lines = _lines(text)
    objects = [_object(line) for line in lines]
    names = list(dict.fromkeys(name for parsed in objects if parsed is not None for name in parsed))
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerow(names)
    records = csv.writer(written, lineterminator="\n", quoting=csv.QUOTE_ALL)
    for line, parsed in zip(lines, objects, strict=True):
        cells = [line] * (len(names) + 1) if parsed is None else [_text(parsed.get(name)) for name in names]
        records.writerow(cells)
    return written.getvalue().encode("utf-8", errors="surrogateescape")


def nested(text: bytes) -> dict[str, str]:
    """The names in the file under which any object has no plain value, with what it has: object or array."""
    values = ((name, value) for line in _lines(text) for name, value in (_object(line) or {}).items())
    kinds = ((name, KINDS.get(type(value))) for name, value in values)
    return {name: kind for name, kind in kinds if kind}


def _lines(text: bytes) -> list[str]:
    return [line for line in text.decode("utf-8-sig", errors="surrogateescape").split("\n") if line.strip()]


def _object(line: str) -> dict[str, Any] | None:
    try:
        parsed = json.loads(line, parse_float=str, parse_int=str)
    except (ValueError, RecursionError):
        return None
    return parsed if isinstance(parsed, dict) else None


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
