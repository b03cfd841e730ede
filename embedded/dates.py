"""Which business dates a command requests; days are São Paulo's, as in production."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from tools.errors import InputRefused

ZONE = "America/Sao_Paulo"
MOST_DAYS = 366
FIRST_YEAR = 1900  # as the DAG's form has it


def today(now: datetime | None = None) -> date:
    """The date in São Paulo; `now` is aware."""
    return (now or datetime.now(ZoneInfo(ZONE))).astimezone(ZoneInfo(ZONE)).date()


def parsed(text: str, option: str) -> date:
    """A date given as YYYY-MM-DD, from 1900 to today. Raises InputRefused naming the option."""
    if (day := known(text)) is None:
        raise InputRefused(f"{option} is {text!r}: expected a date like 2026-01-31.")
    if day.year < FIRST_YEAR:
        raise InputRefused(f"{option} is {day}, which is before {FIRST_YEAR}: expected a date like 2026-01-31.")
    if day > today():
        raise InputRefused(f"{option} is {day}, which is after today, {today()}.")
    return day


def known(text: str) -> date | None:
    """The date that a text written YYYY-MM-DD is; None where it is none."""
    try:
        return date.fromisoformat(text if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) else "")
    except ValueError:
        return None


def between(first: date, last: date) -> list[date]:
    """Every date from first to last. Raises InputRefused when there is none, or more than a year of them."""
    if last < first:
        raise InputRefused(f"--from {first} is after --to {last}: give the earlier date first.")
    count = (last - first).days + 1
    if count > MOST_DAYS:
        raise InputRefused(f"--from {first} --to {last} are {count} nights: at most {MOST_DAYS} at once.")
    return [first + timedelta(days=n) for n in range(count)]
