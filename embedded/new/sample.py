"""The rows of a sample, read as a night reads its input: of a file of text here, of Parquet in parquet_sample.py, of a
database's table in table_sample.py."""

from __future__ import annotations

import codecs
import gzip
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from embedded.new import personal
from medallion import csv_text
from medallion.csv_text import Record
from medallion.packing import GZIP, FileRefused, over, unpacked
from nightshift_contract import json_lines
from nightshift_contract.charset import as_utf8, marked_encoding
from nightshift_contract.model import Column, Table, plain_name
from tools.errors import InputRefused

MOST_BYTES = 8 * 1024 * 1024
MOST_ROWS = 1000
# Columns that the lake adds to a table's own, and partitions.
TAKEN = {"source_file", "line", "unit_id", "ingested_at", "raw", "raw_encoding", "header", "fields", "table"}
TAKEN |= {"outcome", "reason", "detail", "warning", "unreadable", "rows", "day", "business_date"}
SHOWN = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
# Cells that are data and no names: numbers, amounts, dates. A year may name a column beside others that are names.
_DATA = re.compile(r"[+-]?(R\$ ?)?-?[0-9][0-9.,]*%?|[0-9]{1,4}([-/.])[0-9]{1,2}\2[0-9]{1,4}([ T].*)?")
_YEAR = re.compile(r"(19|20)[0-9]{2}")
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
    nested = json_lines.nested(content) if (is_json := json_lines.is_json_lines(content)) else {}
    text, encoding = as_utf8(json_lines.as_csv(content) if is_json else content)
    headers = csv_text.header_cells(text)
    delimiter, header = max(headers.items(), key=lambda one: len(one[1]), default=("", []))
    if is_json and not any(headers.values()):
        raise InputRefused(f"{path} has no values: the first object of JSON lines has no names.")
    _refuse_no_names(path, headers, header)
    name = name_of(path)
    columns = columns_of(str(path), [cell for cell in header if cell not in nested])
    if not columns:
        raise InputRefused(f"{path} has nested values only ({', '.join(nested)}): write them flat.")
    table = Table(name, columns, (), files=files_of(name))
    records = tuple(islice(csv_text.records_of(table, text), MOST_ROWS))
    if all(record.fields is None for record in records):
        why = next((f"{record.reason}: {record.detail}" for record in records), "it has a header only")
        raise InputRefused(f"{path} has no row that can be read ({why}): give a file with some rows.")
    written = "JSON lines" if is_json else f"CSV, {SHOWN[delimiter]} between fields"
    left_out = [f"{key} (a JSON {kind}, which is no plain value)" for key, kind in nested.items()]
    left_out += [f"column {n} (no name in the header)" for n, cell in enumerate(header, 1) if not plain_name(cell)]
    return Sample(str(path), table, records, f"{written}, {_marked(path) or encoding}", left_out=tuple(left_out))


def _refuse_no_names(path: Path, headers: dict[str, list[str]], header: Sequence[str]) -> None:
    """Raise InputRefused for a first line that does not name the columns."""
    if headers and not header:
        raise InputRefused(
            f"{path} has a header whose quotes are not closed in its first line, as of a name with a line break: write"
            " the names of all columns in one line."
        )
    if not (named := [cell.strip() for cell in header if cell.strip()]):
        raise InputRefused(f"{path} has no header: its first line must name the columns.")
    data = [cell for cell in named if _DATA.fullmatch(cell) or personal.kind_of("", [cell])]
    if len(data) == len(named) or 2 * sum(not _YEAR.fullmatch(cell) for cell in data) >= len(named):
        raise InputRefused(
            f"{path} has no header, it seems: {len(data)} of the {len(named)} cells of its first line are numbers,"
            " dates or personal data. Put a line with the names of the columns above it."
        )


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
    """The text of the beginning of a file, to its last whole line; no more of it is read."""
    try:
        if too_large := over(path.stat().st_size):
            raise too_large
        content = first_bytes(path)
        return unpacked(content if len(content) <= MOST_BYTES else _whole_lines(content[:MOST_BYTES]))
    except OSError as refused:
        raise InputRefused(f"{path} cannot be read ({refused.strerror}): name a file that can.") from None
    except FileRefused as why:
        raise InputRefused(f"{path} is not read ({why.detail}): give CSV or JSON lines.") from None


def first_bytes(path: Path) -> bytes:
    """The first MOST_BYTES of a file, gunzipped, and one more if it is longer. Raises FileRefused."""
    with path.open("rb") as file:
        is_packed = file.read(len(GZIP)) == GZIP
        file.seek(0)
        if not is_packed:
            return file.read(MOST_BYTES + 1)
        try:
            with gzip.GzipFile(fileobj=file) as members:
                content = members.read(MOST_BYTES + 1)
        except (gzip.BadGzipFile, EOFError, zlib.error) as damaged:
            raise FileRefused("bad_gzip", f"damaged gzip: {damaged}") from None
    if content.startswith(GZIP):
        raise FileRefused("packed_twice", "gzip that contains gzip again; unpack it once")
    return content


def _whole_lines(content: bytes) -> bytes:
    """The lines of a text that was cut, without the last one; in UTF-8 if a mark says that it is UTF-16 or UTF-32."""
    if marked := marked_encoding(content):
        mark, encoding = marked
        content = codecs.getincrementaldecoder(encoding)("replace").decode(content[len(mark) :]).encode()
    return content[: content.rfind(b"\n") + 1] or content


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
        raise InputRefused(
            f"{where} names {', '.join(sorted(twice))} more than once: give each column a name of its own, in letters"
            " a to z and digits (others, but for accents, are left out of a name)."
        )
    return tuple(columns)


def _marked(path: Path) -> str:
    """The encoding that a byte order mark names; '' without one."""
    with path.open("rb") as file:
        marked = marked_encoding(file.read(4))
    return marked[1] if marked else ""
