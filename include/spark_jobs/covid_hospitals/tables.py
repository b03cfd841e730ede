"""The source tables of covid_hospitals, and which of them a file holds by its header."""

from __future__ import annotations

import re
from collections.abc import Collection
from fnmatch import fnmatchcase

from medallion.contract import Table, contract, plain_name
from medallion.csv_text import header_cells

PIPELINE = "covid_hospitals"
_SOURCES = contract(PIPELINE).sources
OCCUPANCY, STATES, CITIES, OUTCOMES = (_SOURCES[name] for name in ("occupancy", "states", "cities", "outcomes"))
STATE_NAMES, MUNICIPALITIES, POPULATION = (_SOURCES[name] for name in ("state_names", "municipalities", "population"))

SOURCES = tuple(_SOURCES.values())
FACTS = (OCCUPANCY, STATES, CITIES, OUTCOMES)  # what happened; the others say what places are called
_ENDING = re.compile(r"(\.(csv|txt|gz|zip|bz2|xz|zst|7z|xlsx?))+$")
COUNTRY, COUNTRY_CODE = "Brasil", "TOTAL"


def table_of(file_name: str, content: bytes) -> Table | None:
    """The table that a file holds: by its header, else (a header that lacks a column) by its name; None for others."""
    headers = [{plain_name(cell) for cell in cells} for cells in header_cells(content)]
    whole = [(_width(table, header), table) for header in headers for table in SOURCES if _is_whole(table, header)]
    if whole:
        return max(whole, key=lambda found: found[0])[1]
    stem = _ENDING.sub("", file_name.lower())
    return next((table for table in SOURCES if fnmatchcase(stem, table.files)), None)


def _is_whole(table: Table, header: Collection[str]) -> bool:
    """Whether a header has every column of a table that is not optional."""
    spelt = {table.source_name(cell) for cell in header}
    return spelt >= set(table.source_names) - table.optional_names


def _width(table: Table, header: Collection[str]) -> int:
    return len({table.source_name(cell) for cell in header} & set(table.source_names))
