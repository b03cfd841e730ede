"""What a cell of a table's CSV file may say, by the column's contract: read here, so that no database guesses at it."""

from __future__ import annotations

import re
from datetime import datetime

from nightshift_contract.model import LOST_CODE, Column

MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)(?:[ T]+(\d\d:\d\d)(:\d\d(?:\.\d{1,6})?)?)?", re.ASCII)
FIRST_YEAR = 1900


class Unreadable(ValueError):
    """A cell is not as its column's contract says; the text is what was expected."""


def value(column: Column, cell: str) -> str | None:
    """What a database is given for a cell; None for an empty one. Raises Unreadable."""
    if not cell.strip():
        return None
    if column.type == "string":
        return _text(column, cell)
    return _READERS[column.type](column, cell.strip())


def _text(column: Column, cell: str) -> str:
    if "\0" in cell:
        raise Unreadable("text without the character NUL")
    if column.code and re.match(LOST_CODE, cell.strip()):
        raise Unreadable("the number itself, which a spreadsheet has replaced here")
    return cell


def _whole(column: Column, cell: str) -> str:
    sign, digits = "-?" if column.signed else "", column.digits
    if not re.fullmatch(rf"{sign}[0-9]{{1,{digits}}}", cell):
        raise Unreadable(f"a whole number of at most {digits} digits")
    return cell


def _amount(column: Column, cell: str) -> str:
    sign = "-?" if column.signed else ""
    if not re.fullmatch(rf"{sign}[0-9]{{1,9}}(\.[0-9]{{1,2}}0*)?", cell):
        raise Unreadable(
            "an amount like 1234.56: digits, a decimal point, at most two decimals, below a thousand million"
        )
    return cell


def _moment(_column: Column, cell: str) -> str:
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
