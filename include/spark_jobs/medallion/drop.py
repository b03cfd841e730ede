"""Locate the input files of one business date below the URI that the step was given."""

from __future__ import annotations

import re
from datetime import date

from medallion.errors import NoInputError
from medallion.storage import Storage

_YEAR = re.compile(r"^[0-9]{4}$")


def drop_root(storage: Storage, given: str, business_date: date) -> str:
    """The folder of one day's delivery: `given`, or the day's folder YYYY/MM/DD below it.

    Raises NoInputError when `given` holds folders by year but none for this day: reading all of them instead would
    count other days.
    """
    dated = f"{given}/{business_date:%Y/%m/%d}"
    if storage.exists(dated):
        return dated
    if any(_YEAR.match(name) for name in storage.names(given)):
        raise NoInputError(
            f"reading the delivery of {business_date}: there are dated folders at {given}, but no {dated}"
        )
    return given


def input_roots(storage: Storage, drop: str, reference: str | None) -> list[str]:
    """The folders that bronze reads: the delivery, and the head office reference data if it exists outside of it."""
    if reference is None or f"{reference}/".startswith(f"{drop}/") or not storage.exists(reference):
        return [drop]
    return [drop, reference]
