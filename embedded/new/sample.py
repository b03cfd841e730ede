"""The rows of a sample, read as a night reads its input: of a file of text here, of Parquet in parquet_sample.py, of a
database's table in table_sample.py."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from medallion import csv_text
from medallion.csv_text import Record
from medallion.packing import FileRefused, unpacked
from nightshift_contract.charset import as_utf8, marked_encoding
from nightshift_contract.json_lines import as_csv, is_json_lines
from nightshift_contract.model import Column, Table, plain_name
from tools.errors import InputRefused

MOST_BYTES = 8 * 1024 * 1024
MOST_ROWS = 1000
# Columns that the lake adds to a table's own, and partitions.
TAKEN = {"source_file", "line", "unit_id", "ingested_at", "raw", "raw_encoding", "header", "fields", "table"}
TAKEN |= {"outcome", "reason", "detail", "warning", "unreadable", "rows", "day", "business_date"}
SHOWN = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
OTHER_JSON = (  # what it is, how it begins, jq's filter that makes lines of it
    ("a JSON array", re.compile(rb"(\xef\xbb\xbf)?\s*\[\s*[{\[\]]"), ".[]"),
    ("JSON whose objects have several lines", re.compile(rb"(\xef\xbb\xbf)?\s*\{[ \t]*\r?\n"), "."),
)


@dataclass(frozen=True)
class Sample:
    """A sample: where it is, what it says of its table, its first rows as text, which are refused ones too, and how it
    is written.

    The table has no key unless the source declares one, and columns of text unless it is `typed`: then the source says
    their types. left_out: what it has that no job can read, in words.
    """

    where: str
    table: Table
    records: tuple[Record, ...]
    written: str
    typed: bool = False
    left_out: tuple[str, ...] = ()


def read(path: Path) -> Sample:
    """Read the beginning of a CSV or JSON-lines file, gzipped or not. Raises InputRefused when it is none, or has no
    row that a night could read."""
    content = _beginning(path)
    _refuse_other_json(path, content)
    json_lines = is_json_lines(content)
    text, encoding = as_utf8(as_csv(content) if json_lines else content)
    headers = csv_text.header_cells(text)
    delimiter, header = max(headers.items(), key=lambda one: len(one[1]), default=("", []))
    if not any(cell.strip() for cell in header):
        raise InputRefused(f"{path} has no header: its first line must name the columns.")
    name = name_of(path)
    table = Table(name, columns_of(str(path), header), (), files=files_of(name))
    records = tuple(csv_text.records_of(table, text))[:MOST_ROWS]
    if all(record.fields is None for record in records):
        why = next((f"{record.reason}: {record.detail}" for record in records), "it has a header only")
        raise InputRefused(f"{path} has no row that can be read ({why}): give a file with some rows.")
    written = "JSON lines" if json_lines else f"CSV, {SHOWN[delimiter]} between fields"
    return Sample(str(path), table, records, f"{written}, {_marked(path) or encoding}")


def name_of(path: Path) -> str:
    """A file's name without its endings, its dates and its numbers, as a name of the lake."""
    return lake_name(re.sub(r"[0-9]+", " ", path.name.partition(".")[0]), "rows")


def files_of(name: str) -> str:
    """The pattern of the names of files of a table."""
    return f"*{name.replace('_', '*')}*"


def _refuse_other_json(path: Path, content: bytes) -> None:
    """Raise InputRefused for JSON that a night cannot read: an array, or an object over several lines."""
    for kind, begins, lines in OTHER_JSON:
        if begins.match(content):
            raise InputRefused(f"{path} is {kind}: write one object a line, as `jq -c '{lines}' {path}` does.")


def lake_name(spelt: str, fallback: str) -> str:
    """A column's or table's name in the lake: a-z, 0-9 and _, beginning with a letter."""
    name = re.sub(r"[^a-z0-9]+", "_", plain_name(spelt)).strip("_")
    return name if name[:1].isalpha() else f"{fallback}_{name}".strip("_")


def _beginning(path: Path) -> bytes:
    """The text of the beginning of a file, to its last whole line."""
    try:
        content = path.read_bytes()
    except OSError as refused:
        raise InputRefused(f"{path} cannot be read ({refused.strerror}): name a file that can.") from None
    try:
        text = unpacked(content)
    except FileRefused as why:
        raise InputRefused(f"{path} is not read ({why.detail}): give CSV or JSON lines.") from None
    return text if len(text) <= MOST_BYTES else text[: text.rfind(b"\n", 0, MOST_BYTES) + 1]


def columns_of(where: str, header: Sequence[str]) -> tuple[Column, ...]:
    """A text column for each named cell of a header. Raises InputRefused when two have the same name."""
    columns = []
    for cell in header:
        if not (plain := plain_name(cell)):
            continue
        name = lake_name(plain, "column")
        name = f"{name}_given" if name in TAKEN else name
        columns.append(Column(name, "string", tuple(dict.fromkeys((name, plain, cell.strip())))))
    names = [column.name for column in columns]
    if twice := {name for name in names if names.count(name) > 1}:
        raise InputRefused(f"{where} names {', '.join(sorted(twice))} more than once: give each column a name.")
    return tuple(columns)


def _marked(path: Path) -> str:
    """The encoding that a byte order mark names; '' without one."""
    with path.open("rb") as file:
        marked = marked_encoding(file.read(4))
    return marked[1] if marked else ""
