"""Detect per file whether numbers and dates are in Brazilian Excel notation (1.234,56 and 29/12/2025) or plain (1234.56
and 2025-12-29), and convert them.

Most values show their own notation. An ambiguous one (1.506, 05/02/2024) is read like the rest of its file; where the
rest shows neither notation, or both, the value is refused: a wrong guess would go unnoticed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from medallion.csv_text import Record
from nightshift_contract.model import PT_BR, Column, Table

# Notes on a file: it is in this notation; an ambiguous value was left out, in a column that the product does not need.
WARNING, LEFT_OUT = "brazilian_notation", "ambiguous_value_left_out"
BRAZILIAN, PLAIN = "brazilian", "plain"
SHORT = "short"  # plain, with one or two decimal places
MONTHS = 12
# Unambiguous values: a number whose point can only be a decimal point, a date with the year first. A text matches each
# pattern in one way at most: of twenty columns with two ways each, the ways are a million.
_USUAL_NUMBER = re.compile(r"\s*(?:[+-]?(?:[0-9]+(?:\.(?:[0-9]{1,2}|[0-9]{4,}))?|0\.(?:[0-9]{3})?)\s*)?")
_SHORT = re.compile(r"\.[0-9]{1,2}\s*$")  # a writer of 12.50 does not write 1.500
_USUAL_WHOLE = re.compile(r"\s*(?:-?[0-9]+\s*)?")
_USUAL_DATE = re.compile(r"\s*(?:[0-9]{4}-[0-9]{2}-[0-9]{2}\s*)?")
_USUAL_MOMENT = re.compile(r"\s*(?:[0-9]{4}-[0-9]{2}-[0-9]{2}.*)?")
_CURRENCY = re.compile(r"^([+-]?)\s*R\$\s*(?:([+-])\s*)?(?=[0-9])")
# Zero in Excel's accounting format; without a currency also what people write into an empty cell.
_NOUGHT = re.compile(r"(R\$\s*)?-")
_GROUPED = re.compile(r"[+-]?[1-9][0-9]{0,2}(?:\.[0-9]{3})+")  # 1.506, 1.234.567
_WITH_COMMA = re.compile(r"[+-]?(?:[1-9][0-9]{0,2}(?:\.[0-9]{3})+|[0-9]+),[0-9]+")
_COMMA_OR_GROUP = re.compile(r"[+-]?[1-9][0-9]{0,2},[0-9]{3}")  # 1,506: thousands in English, decimals in Portuguese
_WITH_POINT = re.compile(r"[+-]?[0-9]+\.[0-9]+")
_ENGLISH = re.compile(r"[+-]?[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.[0-9]+)?")
_NO_FRACTION = re.compile(r"([+-]?[0-9]+)\.0{1,2}")  # a whole number that a spreadsheet or pandas turned into a decimal
_DAY = re.compile(
    r"([0-9]{1,2})([/.-])([0-9]{1,2})\2([0-9]{4})(?:[ T]+([0-9]{1,2}):([0-9]{2})(:[0-9]{2})?(\.[0-9]+)?)?"
)
_MIDNIGHT = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})[ T]0{1,2}:00(?::00(?:\.0+)?)?")


@dataclass(frozen=True)
class _Reading:
    """A value's notation ('' if ambiguous) and its meaning in each notation (None: no meaning)."""

    written: str
    brazilian: str | None
    plain: str | None

    def settled(self, shown: set[str]) -> tuple[bool, str | None]:
        """Whether the value has one meaning in a file that shows these notations, and that meaning."""
        if self.brazilian == self.plain:
            return True, self.plain
        ways = {self.written} if self.written else shown - {SHORT}
        if ways == {PLAIN} and not self.written and SHORT in shown and (self.plain or "").endswith("0"):
            return False, None
        return len(ways) == 1, self.brazilian if ways == {BRAZILIAN} else self.plain


@dataclass(frozen=True)
class _Look:
    """How to read a typed column: its position in a record, its name, the test for unambiguous values, the parser for
    others."""

    at: int
    name: str
    is_date: bool
    beside: bool
    shape: str
    read: Callable[[str], _Reading | None]

    def usual(self, value: str) -> object:
        """Whether a value is unambiguous."""
        return re.fullmatch(self.shape, value)


def usual_fields(table: Table, between: str) -> Callable[[str], object] | None:
    """What says of a record's fields, with `between` between them, that each has one meaning and is no header; None if
    the table has no column by which a header shows."""
    looks = {at: look for at, c in enumerate(table.columns) if (look := _look(at, c))}
    if all(c.optional or any(map(looks[at].usual, c.names)) for at, c in enumerate(table.columns) if at in looks):
        return None
    anything = f"[^{between}]*"
    blank = rf"[^\S{between}]"  # Python counts separators such as ASCII's among the blanks
    shapes = [looks[at].shape if at in looks else anything for at in range(len(table.columns))]
    return re.compile(between.join(s.replace(".*", anything).replace(r"\s", blank) for s in shapes)).fullmatch


def rewritten(
    table: Table, records: Iterable[Record], others: Iterable[Sequence[str]] = ()
) -> tuple[list[Record], list[str]]:
    """The records of one file with typed values in plain notation, and the notes on the file. A record with an
    ambiguous value is refused; in an optional column only the value is left out. A table without a locale is returned
    unchanged. `others`: the fields of the file's other records, whose values are all unambiguous."""
    rows = list(records)
    looks = [look for at, c in enumerate(table.columns) if (look := _look(at, c))] if table.locale == PT_BR else []
    odd = {
        n: readings for n, row in enumerate(rows) if row.fields is not None and (readings := _odd(looks, row.fields))
    }
    if not odd:
        return rows, []
    shown = _shown(looks, chain((row.fields for row in rows if row.fields is not None), others), odd)
    settled = {n: _settled(rows[n], looks, readings, shown) for n, readings in odd.items()}
    changed = any(row.fields is not None and row.fields != rows[n].fields for n, (row, _) in settled.items())
    left_out = any(empty for _, empty in settled.values())
    notes = [note for note, holds in ((WARNING, changed), (LEFT_OUT, left_out)) if holds]
    return [settled[n][0] if n in settled else row for n, row in enumerate(rows)], notes


def notations_of_numbers(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> set[str]:
    """The notations that a file's typed numbers show, each by values that have no other: BRAZILIAN, PLAIN. `rows` are
    the fields of its records."""
    looks = [look for at, c in enumerate(columns) if (look := _look(at, c))]
    return _shown(looks, rows, {n: _odd(looks, row) for n, row in enumerate(rows)})[False] - {SHORT}


def with_two_readings(values: Iterable[str]) -> str:
    """The first number or date that means two things (1.506, 05/02/2024), if all values are numbers or all are dates;
    '' otherwise."""
    given = [value.strip() for value in values if value.strip()]
    for usual, read in ((_USUAL_NUMBER, _figure), (_USUAL_MOMENT, _moment)):
        readings = [(value, read(value)) for value in given if not usual.fullmatch(value)]
        if all(reading for _, reading in readings):
            return next((v for v, one in readings if one and not one.written and one.brazilian != one.plain), "")
    return ""


def _look(at: int, column: Column) -> _Look | None:
    beside = column.optional and column.default is None
    if column.type in ("int", "bigint"):
        return _Look(at, column.source, False, beside, _USUAL_WHOLE.pattern, _whole)
    if column.type == "double" or column.type.startswith("decimal"):
        return _Look(at, column.source, False, beside, _USUAL_NUMBER.pattern, _figure)
    if column.type == "date":
        return _Look(at, column.source, True, beside, _USUAL_DATE.pattern, _day)
    if column.type == "timestamp":
        return _Look(at, column.source, True, beside, _USUAL_MOMENT.pattern, _moment)
    return None


def _odd(looks: Sequence[_Look], fields: Sequence[str]) -> dict[int, _Reading]:
    """The readings of a record's values that are not unambiguous, by index into `looks`; empty for most records."""
    odd = [(n, look) for n, look in enumerate(looks) if not look.usual(fields[look.at])]
    return {n: reading for n, look in odd if (reading := look.read(fields[look.at].strip()))}


def _shown(
    looks: Sequence[_Look], rows: Iterable[Sequence[str]], odd: Mapping[int, Mapping[int, _Reading]]
) -> dict[bool, set[str]]:
    """The notations of a file's dates (True) and numbers (False), as far as unambiguous values show them."""
    shown: dict[bool, set[str]] = {True: set(), False: set()}
    for readings in odd.values():
        for n, reading in readings.items():
            shown[looks[n].is_date] |= {reading.written} - {""}
    numbers = [look.at for look in looks if look.read is _figure]
    written = (fields[at] for fields in rows for at in numbers if "." in fields[at])
    for value in filter(_USUAL_NUMBER.fullmatch, written):
        shown[False] |= {PLAIN, SHORT} if _SHORT.search(value) else {PLAIN}
        if {PLAIN, SHORT} <= shown[False]:
            break
    if not shown[True] and shown[False] == {BRAZILIAN}:
        shown[True] = {BRAZILIAN}  # a writer of 1,50 does not put the month first
    return shown


def _settled(
    row: Record, looks: Sequence[_Look], readings: Mapping[int, _Reading], shown: Mapping[bool, set[str]]
) -> tuple[Record, bool]:
    """The record in plain notation or refused, and whether a value was left out."""
    fields, left_out = list(row.fields or ()), False
    for n, reading in readings.items():
        look, ways = looks[n], shown[looks[n].is_date]
        sure, value = reading.settled(ways)
        if not sure and not look.beside:
            return replace(row, fields=None, **_doubt(look, fields[look.at], ways - {SHORT})), False
        left_out |= not sure
        fields[look.at] = "" if not sure else fields[look.at] if value is None else value
    return replace(row, fields=tuple(fields)), left_out


def _doubt(look: _Look, value: str, ways: set[str]) -> dict[str, Any]:
    what = ("ambiguous_date", "day or month first") if look.is_date else ("ambiguous_number", "a fraction or thousands")
    notations = " and ".join(sorted(ways)) or "without a clear notation"
    detail = f"{look.name} is '{value}': {what[1]}? The rest of the file is written {notations}"
    return {"reason": what[0], "detail": detail}


def _figure(value: str) -> _Reading | None:
    """A number, possibly with decimals and a currency sign."""
    if match := _NOUGHT.fullmatch(value):
        nought = "0" if match[1] else ""
        return _Reading("", nought, nought)
    bare = _CURRENCY.sub(r"\1\2", value)
    if _GROUPED.fullmatch(bare):
        whole = bare.replace(".", "")
        return _Reading("", whole, bare) if bare.count(".") == 1 else _Reading(BRAZILIAN, whole, None)
    if _WITH_COMMA.fullmatch(bare):
        written = "" if _COMMA_OR_GROUP.fullmatch(bare) else BRAZILIAN
        return _Reading(written, bare.replace(".", "").replace(",", "."), None)
    if _WITH_POINT.fullmatch(bare):
        return _Reading(PLAIN, None, bare)
    if _ENGLISH.fullmatch(bare):
        return _Reading(PLAIN, None, None)
    return _Reading("", bare, bare) if bare != value and _USUAL_WHOLE.fullmatch(bare) else None


def _whole(value: str) -> _Reading | None:
    """A whole number, possibly with thousands separators or a zero fraction."""
    reading = _figure(value)
    return reading and replace(reading, brazilian=_unbroken(reading.brazilian), plain=_unbroken(reading.plain))


def _unbroken(number: str | None) -> str | None:
    return None if number is None else _NO_FRACTION.sub(r"\1", number) if _NO_FRACTION.fullmatch(number) else number


def _day(value: str) -> _Reading | None:
    """A date; a time of midnight beside it is ignored."""
    if match := _MIDNIGHT.fullmatch(value):
        return _Reading("", match[1], match[1])
    reading = _moment(value)
    return reading and replace(reading, brazilian=_dated(reading.brazilian), plain=_dated(reading.plain))


def _dated(moment: str | None) -> str | None:
    match = _MIDNIGHT.fullmatch(moment or "")
    return match[1] if match else moment


def _moment(value: str) -> _Reading | None:
    """A date with the day or the month first, optionally with a time."""
    match = _DAY.fullmatch(value)
    if match is None:
        return None
    first, second = int(match[1]), int(match[3])
    time = f" {int(match[5]):02}:{match[6]}{match[7] or ':00'}{match[8] or ''}" if match[5] else ""
    day_first = f"{match[4]}-{second:02}-{first:02}{time}"
    if first == second:
        return _Reading("", day_first, day_first)
    if first > MONTHS:
        return _Reading(BRAZILIAN, day_first, None)
    return _Reading(PLAIN, None, None) if second > MONTHS else _Reading("", day_first, None)
