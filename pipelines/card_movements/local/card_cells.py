"""What a cell of a table's CSV file may say, by the column's contract: read here, so that no database guesses at it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)(?:[ T]+(\d\d:\d\d)(:\d\d(?:\.\d{1,6})?)?)?", re.ASCII)
FIRST_YEAR = 1900
POWER_OF_TEN = re.compile(r"\d([.,]\d+[eE]\+?|[eE]\+)\d{1,3}", re.ASCII)  # a spreadsheet's word for a long number


class Unreadable(ValueError):
    """A cell is not as its column's contract says; the text is what was expected."""


def value(spec: Mapping[str, Any], cell: str) -> str | None:
    """What a database is given for a cell; None for an empty one. Raises Unreadable."""
    if not cell.strip():
        return None
    kind = spec.get("type", "string")
    if kind == "string":
        return _text(spec, cell)
    return _READERS[kind](spec, cell.strip())


def _text(spec: Mapping[str, Any], cell: str) -> str:
    if "\0" in cell:
        raise Unreadable("text without the character NUL")
    if spec.get("code") and POWER_OF_TEN.fullmatch(cell.strip()):
        raise Unreadable("all digits of a number, which a spreadsheet has left out here")
    return cell


def _whole(spec: Mapping[str, Any], cell: str) -> str:
    sign, digits = "-?" if spec.get("signed") else "", spec.get("digits", 9)
    if not re.fullmatch(rf"{sign}[0-9]{{1,{digits}}}", cell):
        raise Unreadable(f"a whole number of at most {digits} digits")
    return cell


def _amount(spec: Mapping[str, Any], cell: str) -> str:
    sign = "-?" if spec.get("signed") else ""
    if not re.fullmatch(rf"{sign}[0-9]{{1,9}}(\.[0-9]{{1,2}}0*)?", cell):
        raise Unreadable(
            "an amount like 1234.56: digits, a decimal point, at most two decimals, below a thousand million"
        )
    return cell


def _moment(_spec: Mapping[str, Any], cell: str) -> str:
    """A day, or a day and a time of it, in one way of writing."""
    expected = f"a day like 2024-01-31, from {FIRST_YEAR} on, or a day and a time like 2024-01-31 22:30:00"
    if not (match := MOMENT.fullmatch(cell)):
        raise Unreadable(expected)
    day, minute, second = match.groups()
    text = f"{day} {minute}{second or ':00'}" if minute else day
    try:
        moment = datetime.fromisoformat(text)  # without a zone: what a bank's file says is its local time
    except ValueError:
        raise Unreadable(f"{expected}, that is in the calendar") from None
    if moment.year < FIRST_YEAR:
        raise Unreadable(expected)
    return text


_READERS = {"bigint": _whole, "int": _whole, "decimal(18,2)": _amount, "timestamp": _moment}
