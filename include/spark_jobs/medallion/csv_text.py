"""Tolerant CSV parser: splits one file's bytes into records, each with its line number or the reason of its refusal.

Pure Python, one file at a time; no content of a file raises an error.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from medallion.raw import TEXT, keep
from nightshift_contract import dialect
from nightshift_contract.model import Table, plain_name

# A quoted field may hold line breaks, but an unbalanced quote must not swallow the file.
MAX_LINES_OF_A_RECORD = 64
BETWEEN = "\x1f"  # ASCII's unit separator: between the text of a sound line and its fields
# Fields with and without quotes, all of them whole: what Python's csv and every other reader read in the same way.
_WHOLE_FIELDS = {
    d: re.compile(rf'(?:[^"{d}]*|"[^"]*(?:""[^"]*)*")(?:{d}(?:[^"{d}]*|"[^"]*(?:""[^"]*)*"))*')
    for d in map(re.escape, dialect.DELIMITERS)
}


class Sound(NamedTuple):
    """A line that is a record by itself, whatever stands around it: its number, and its text and the fields in the
    order of the wanted columns, with BETWEEN between them."""

    line: int
    content: str

    @property
    def fields(self) -> list[str]:
        """The fields."""
        return self.content.split(BETWEEN)[1:]


@dataclass(frozen=True)
class Record:
    """One record of a file: its fields in the order of the wanted columns; `fields` is None for a refused one.

    A refused record carries the header of its file, so that it can be judged again without the file; None means that
    the file's header was refused with it.
    """

    line: int
    fields: tuple[str, ...] | None
    raw: str
    raw_encoding: str = TEXT
    reason: str | None = None
    detail: str | None = None
    header: str | None = None


@dataclass(frozen=True)
class Header:
    """A header that was recognised: text, delimiter, number of cells, the wanted columns and the position of each (None
    for an optional one that is absent)."""

    text: str
    delimiter: str
    width: int
    columns: Sequence[str]
    positions: tuple[int | None, ...]
    name_of: Callable[[str], str]
    optional: Collection[str]
    fits: Callable[[Sequence[str]], bool]

    def ordered(self, fields: Sequence[str]) -> tuple[str, ...]:
        """The fields in the order of the wanted columns; '' for a column that the file lacks."""
        return tuple("" if p is None else fields[p] for p in self.positions)

    def stands_in(self, fields: Sequence[str]) -> bool:
        """Whether the fields repeat the header, as in concatenated files and paged exports."""
        places = zip(self.positions, self.columns, strict=True)
        return all(self.name_of(fields[p]) == name for p, name in places if p is not None)

    @cached_property
    def _spelled(self) -> Callable[[bytes], object]:
        """What finds one of this header's cells, or a column's name, in a line in lower case. Few lines have one."""
        cells = (cell.strip().lower() for cell in _cells_of(self.text, self.delimiter))
        names = sorted({name for name in (*self.columns, *cells) if name})
        return re.compile("|".join(map(re.escape, names)).encode()).search

    def _ends(self, cells: Sequence[str]) -> bool:
        """Whether cells end as this header does: it is repeated, maybe behind a row without a line end."""
        own = [*map(self.name_of, _cells_of(self.text, self.delimiter))][1:]
        return [*map(self.name_of, cells)][-len(own) :] == own

    def followed_by(self, line: bytes) -> Header | tuple[str, str] | None:
        """The header that begins here, of a file that another export was appended to: with its columns in another
        order, or others; the reason and detail of its refusal; None if the line is none, or this header again."""
        if not self._spelled(line.lower()):
            return None
        cells = _cells_of(line.decode("utf-8", errors="replace"), self.delimiter)
        names = {self.name_of(cell) for cell in cells}.intersection(self.columns)
        needed = [column for column in self.columns if column not in self.optional]
        if len(names) < max(2, len(needed) / 2) or self._ends(cells):
            return None
        return _header(line, self.columns, self.name_of, self.optional, self.fits)


class _BadRecordError(Exception):
    """Some lines do not form a record; carries the reason."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.fault = (reason, detail)


# How a row of sums begins in its first cell that is not empty.
_TOTAL = re.compile(r"(grand |sub[ -]?)?(total|totais|soma)( geral)?:?", re.IGNORECASE)
_TOTAL_LINES = {
    d: re.compile(rf'[\s"{re.escape(d)}]*{_TOTAL.pattern}(?:[\s"{re.escape(d)}]|$)', re.IGNORECASE)
    for d in dialect.DELIMITERS
}
_UNCLOSED = ("unclosed_quote", "a quote opens here and no later line closes it into a whole record")

_SWALLOWS = ("unclosed_quote", "a quote opens here, and what closes it lies beyond lines that are records themselves")


def records(
    content: bytes,
    columns: Sequence[str],
    name_of: Callable[[str], str],
    optional: Collection[str] = (),
    fits: Callable[[Sequence[str]], bool] = bool,
) -> Iterator[Record]:
    """The data records of a CSV file with a header, in order; lines without any text in a cell are skipped.

    `name_of` maps a header cell to its name in `columns`; the header may lack the `optional` ones. If the header is
    refused, every line of the file is returned, header included, with the reason. `fits` tests whether a line's fields,
    in the order of `columns`, can be a record: a quoted field must not contain a line that is one.
    """
    lines = _parsed(content, columns, name_of, optional, fits, usual=None)
    return (record for record in lines if isinstance(record, Record))


def _parsed(
    content: bytes,
    columns: Sequence[str],
    name_of: Callable[[str], str],
    optional: Collection[str],
    fits: Callable[[Sequence[str]], bool],
    *,
    usual: Callable[[str], object] | None,
) -> Iterator[Record | Sound]:
    """All of a file; with `usual`, the lines that are sound, and whose fields this accepts, as Sound."""
    lines = [line.removeprefix(codecs.BOM_UTF8) for line in content.splitlines()]  # `cat a.csv b.csv` leaves one within
    first = dialect.header_at(lines)
    if first == len(lines):
        return
    header = _header(lines[first], columns, name_of, optional, fits)
    if isinstance(header, Header):
        yield from _body(lines, first + 1, header, usual)
    else:
        yield from _all_refused(lines, first, header)


def records_of(table: Table, content: bytes) -> Iterator[Record]:
    """The records of one CSV file of a table."""
    return records(content, table.source_names, table.source_name, table.optional_names, table.may_be)


def lines_of(table: Table, content: bytes, usual: Callable[[str], object] | None) -> Iterator[Record | Sound]:
    """The same, but the sound lines as Sound: a fifth of the work. `usual` says of a line's fields, with BETWEEN
    between them, that nothing has to look at them; it must not accept a header."""
    return _parsed(content, table.source_names, table.source_name, table.optional_names, table.may_be, usual=usual)


def header_cells(content: bytes) -> dict[str, list[str]]:
    """The cells of the first line that is not blank, by each delimiter; empty where there is no such line."""
    lines = content.removeprefix(codecs.BOM_UTF8).splitlines()
    text = b"".join(lines[(first := dialect.header_at(lines)) : first + 1]).decode("utf-8", errors="replace")
    return dialect.splits(text) if text else {}


def table_of(tables: Iterable[Table], content: bytes) -> Table | None:
    """The table whose required columns are all in a file's header; if several match, the one with most columns in
    it."""
    return max(whole_in(tables, content), key=lambda candidate: candidate[1], default=(None, 0, 0))[0]


def whole_in(tables: Iterable[Table], content: bytes) -> list[tuple[Table, int, int]]:
    """The tables whose required columns are all in a file's header, with how many of the table's columns and how many
    others the header has."""
    headers = [{plain_name(cell) for cell in cells} for cells in header_cells(content).values()]
    spelt = [(table, {table.source_name(cell) for cell in header}) for header in headers for table in tables]
    known = [(table, names, {*table.source_names}) for table, names in spelt]
    return [(t, len(names & own), len(names - own)) for t, names, own in known if names >= own - t.optional_names]


def part_of(table: Table, content: bytes) -> float:
    """The share of a table's columns that a file's header has."""
    headers = [{table.source_name(plain_name(cell)) for cell in cells} for cells in header_cells(content).values()]
    return max((len(names & {*table.source_names}) for names in headers), default=0) / len(table.columns)


def header_of(table: Table, line: bytes) -> Header | tuple[str, str]:
    """The header of a table in a line of CSV, or the reason and detail of its refusal."""
    return _header(line, table.source_names, table.source_name, table.optional_names, table.may_be)


def _header(
    line: bytes,
    columns: Sequence[str],
    name_of: Callable[[str], str],
    optional: Collection[str],
    fits: Callable[[Sequence[str]], bool],
) -> Header | tuple[str, str]:
    """The parsed header, or the reason and detail of its refusal."""
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        return "not_utf8", f"the header: {error}"
    delimiter, cells = dialect.split(text, lambda cell: name_of(cell) in columns)
    names = [name_of(cell) for cell in cells]
    if missing := [c for c in columns if c not in names and c not in optional]:
        return "missing_column", f"the header lacks {', '.join(missing)}"
    if twice := [c for c in columns if names.count(c) > 1]:
        return "duplicate_column", f"the header has {', '.join(twice)} more than once"
    positions = tuple(names.index(c) if c in names else None for c in columns)
    return Header(text, delimiter, len(names), columns, positions, name_of, optional, fits)


def _cells_of(text: str, delimiter: str) -> list[str]:
    try:
        return _fields(text, delimiter)
    except _BadRecordError:
        return []


def _body(
    lines: Sequence[bytes], start: int, header: Header, usual: Callable[[str], object] | None
) -> Iterator[Record | Sound]:
    sound = sound_under(header, usual) if usual else _never
    i = start
    while i < len(lines):
        if (content := sound(lines[i])) is not None:
            yield Sound(i + 1, content)
            i += 1
        elif dialect.is_blank(lines[i], header.delimiter):
            i += 1
        elif (other := header.followed_by(lines[i])) is None:
            record, used = _record(lines, i, header)
            yield record
            i += used
        elif isinstance(other, Header):
            yield _refused(lines[i], i, "repeated_header", "another header begins here", header.text)
            header, sound = other, sound_under(other, usual) if usual else _never
            i += 1
        else:
            yield from _all_refused(lines, i, other)
            return


def _all_refused(lines: Sequence[bytes], start: int, fault: tuple[str, str]) -> Iterator[Record]:
    """All lines from a header that was refused."""
    for i in range(start, len(lines)):
        if lines[i].strip():
            yield _refused(lines[i], i, *fault)


def _never(_line: bytes) -> None:
    """Takes no line for sound."""


def sound_under(header: Header, usual: Callable[[str], object]) -> Callable[[bytes], str | None]:
    """What says of a line that it is sound, and then its text and fields: `_record` would make of it, alone, an
    accepted record."""
    delimiter, width, whole = header.delimiter, header.width, _WHOLE_FIELDS[re.escape(header.delimiter)].fullmatch
    places = [width if p is None else p for p in header.positions]
    empty, is_total = f'{delimiter} \t\r\v\f"'.encode(), _TOTAL_LINES[delimiter].match

    def sound(line: bytes) -> str | None:
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError:
            return None
        if not line.strip(empty) or "\0" in text or BETWEEN in text or is_total(text):
            return None
        if '"' not in text:
            fields = text.split(delimiter)
        elif whole(text):
            fields = next(csv.reader((text,), delimiter=delimiter))
        else:
            return None
        if len(fields) != width:
            return None
        fields.append("")  # of a column that the file lacks
        content = BETWEEN.join([fields[p] for p in places])
        return f"{text}{BETWEEN}{content}" if usual(content) else None

    return sound


def _record(lines: Sequence[bytes], i: int, header: Header) -> tuple[Record, int]:
    """The record that begins at line i, and the number of lines it takes. A refusal takes only the first line: if
    parsing fails after more lines were added, the quote was unbalanced, and the later lines are parsed on their own."""
    reader = csv.reader(_text_from(lines, i), delimiter=header.delimiter, strict=True)
    try:
        fields, used = next(reader), reader.line_num
        record = _whole(b"\n".join(lines[i : i + used]).decode("utf-8"), fields, i, header)
        is_whole = not any(_is_record(line, header) for line in lines[i + 1 : i + used])
        return (record, used) if is_whole else (_refused(lines[i], i, *_SWALLOWS, header.text), 1)
    except UnicodeDecodeError as error:
        fault = ("not_utf8", str(error)) if reader.line_num == 0 else _UNCLOSED
    except csv.Error as error:
        is_open = reader.line_num > 1 or _is_open(error)
        fault = _UNCLOSED if is_open else ("bad_quoting", str(error))
    except _BadRecordError as error:
        fault = error.fault if reader.line_num == 1 else _UNCLOSED
    return _refused(lines[i], i, *fault, header.text), 1


def _text_from(lines: Sequence[bytes], i: int) -> Iterator[str]:
    """The lines that one record may span, as text."""
    for line in lines[i : i + MAX_LINES_OF_A_RECORD]:
        yield f"{line.decode('utf-8')}\n"


def _is_open(error: csv.Error) -> bool:
    return "unexpected end of data" in str(error)


def _whole(text: str, fields: list[str], i: int, header: Header) -> Record:
    if _is_total(fields, header):
        raise _BadRecordError("total_row", "a row of sums: its first cell with text says so, and it can be no record")
    if len(fields) != header.width:
        raise _BadRecordError("wrong_column_count", f"{len(fields)} fields under a header of {header.width}")
    if "\0" in text:
        raise _BadRecordError("nul_byte", "the record has a NUL character")
    if header.stands_in(fields):
        raise _BadRecordError("repeated_header", "the header is repeated here")
    return Record(i + 1, header.ordered(fields), text, header=header.text)


def _is_total(fields: Sequence[str], header: Header) -> bool:
    """Whether fields are a row of sums, and cannot be a record."""
    first = next((text for field in fields if (text := field.strip())), "")
    if not _TOTAL.fullmatch(first):
        return False
    return len(fields) != header.width or not header.fits(header.ordered(fields))


def _is_record(line: bytes, header: Header) -> bool:
    """Whether a line alone is a record."""
    try:
        fields = _fields(line.decode("utf-8"), header.delimiter)
    except (UnicodeDecodeError, _BadRecordError):
        return False
    return len(fields) == header.width and header.fits(header.ordered(fields))


def _fields(text: str, delimiter: str) -> list[str]:
    try:
        # With `strict`, the reader distinguishes an open quote from a closed one.
        return next(csv.reader([text], delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise _BadRecordError("bad_quoting", str(error)) from error


def _refused(line: bytes, i: int, reason: str, detail: str, header: str | None = None) -> Record:
    return Record(i + 1, None, *keep(line), reason, detail, header)
