"""How a sample of text is written, for the generator of a script's package: a script may read nothing else."""

from __future__ import annotations

import json
from pathlib import Path

from datagen.tables import Form
from embedded.new.sample import first_bytes
from medallion import csv_text
from medallion.packing import GZIP
from nightshift_contract.charset import as_utf8, marked_encoding
from nightshift_contract.json_lines import is_json_lines

MOST_LINES = 1000


def of(path: Path) -> Form:
    """The form of a file that sample.read reads: CSV or JSON lines."""
    with path.open("rb") as file:
        is_packed = file.read(len(GZIP)) == GZIP
    content = first_bytes(path)
    mark, encoding = marked_encoding(content) or (b"", "")
    if mark:
        text = content[len(mark) :].decode(encoding, errors="replace").encode()
    else:
        text, encoding = as_utf8(content)
    is_json = is_json_lines(text)
    headers = {} if is_json else csv_text.header_cells(text)
    delimiter = max(headers, key=lambda one: len(headers[one]), default=",")
    strings = _strings(text) if is_json else frozenset[str]()
    return Form(path.name, delimiter, is_json, strings, encoding, mark=bool(mark), gzip=is_packed)


def _strings(text: bytes) -> frozenset[str]:
    """The names in JSON lines that have a string in the first lines."""
    names: set[str] = set()
    for line in text.decode(errors="replace").splitlines()[:MOST_LINES]:
        try:
            parsed = dict(json.loads(line))
        except (ValueError, TypeError):
            continue
        names |= {name for name, value in parsed.items() if isinstance(value, str)}
    return frozenset(names)
