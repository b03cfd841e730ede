"""Which business dates a command asks for; days are São Paulo's, as in production."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from embedded.errors import InputRefused

ZONE = "America/Sao_Paulo"
MOST_DAYS = 366


def today(now: datetime | None = None) -> date:
    """The date in São Paulo; `now` is aware."""
    return (now or datetime.now(ZoneInfo(ZONE))).astimezone(ZoneInfo(ZONE)).date()


def parsed(text: str, option: str) -> date:
    """A date given as YYYY-MM-DD, not after today. Raises InputRefused naming the option."""
    try:
        day = datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - a date has no zone
    except ValueError:
        raise InputRefused(f"{option} is {text!r}: expected a date like 2026-01-31.") from None
    if day > today():
        raise InputRefused(f"{option} is {day}, which is after today, {today()}.")
    return day


def between(first: date, last: date) -> list[date]:
    """Every date from first to last. Raises InputRefused when there is none, or more than a year of them."""
    if last < first:
        raise InputRefused(f"--from {first} is after --to {last}: give the earlier date first.")
    count = (last - first).days + 1
    if count > MOST_DAYS:
        raise InputRefused(f"--from {first} --to {last} are {count} nights: at most {MOST_DAYS} at once.")
    return [first + timedelta(days=n) for n in range(count)]
