"""The source tables of covid_hospitals, and how a file's header identifies its table."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

from medallion import csv_text
from nightshift_contract.model import Table
from nightshift_contract.reading import contract

PIPELINE = "covid_hospitals"
_SOURCES = contract(PIPELINE).sources
OCCUPANCY, STATES, CITIES, OUTCOMES = (_SOURCES[name] for name in ("occupancy", "states", "cities", "outcomes"))
STATE_NAMES, MUNICIPALITIES, POPULATION = (_SOURCES[name] for name in ("state_names", "municipalities", "population"))

SOURCES = tuple(_SOURCES.values())
FACTS = (OCCUPANCY, STATES, CITIES, OUTCOMES)  # facts; the others are reference data on places
_ENDING = re.compile(r"(\.(csv|txt|gz|zip|bz2|xz|zst|7z|xlsx?))+$")
COUNTRY, COUNTRY_CODE = "Brasil", "TOTAL"


def table_of(file_name: str, content: bytes) -> Table | None:
    """The table of a file: by its header, or by its name if the header lacks a column; None for others."""
    stem = _ENDING.sub("", file_name.lower())
    by_name = (table for table in SOURCES if fnmatchcase(stem, table.files))
    return csv_text.table_of(SOURCES, content) or next(by_name, None)
