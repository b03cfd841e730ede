"""The six source tables of MrHealth: which file is which, and how their columns are spelt."""

from __future__ import annotations

import re

from medallion.contract import Table, contract

_UNIT_FOLDER = re.compile(r"/unit_(\d{1,9})/", re.IGNORECASE)


_SOURCES = contract("mrhealth_sales").sources
ORDERS, ITEMS = _SOURCES["orders"], _SOURCES["items"]
UNITS, STATES, COUNTRIES, PRODUCTS = (_SOURCES[name] for name in ("units", "states", "countries", "products"))

SOURCES = (ORDERS, ITEMS, UNITS, STATES, COUNTRIES, PRODUCTS)
OF_UNITS = (ORDERS, ITEMS)  # what a unit sends
OF_OFFICE = (UNITS, STATES, COUNTRIES, PRODUCTS)  # what head office keeps
DELIVERIES = "deliveries"  # bronze: which of its files each unit sent
ARRIVALS = "arrivals"  # bronze: when each file came
ARRIVALS_SCHEMA = "source_file string, arrived_at timestamp"
DELIVERIES_SCHEMA = "unit_id int, table string, came boolean"
_BY_STEM = {table.files: table for table in SOURCES}


def table_of(file_name: str) -> Table | None:
    """The table that a file holds by its name, any case, with or without `Tabela_`; None for any other file."""
    stem, dot, extension = file_name.lower().rpartition(".")
    return _BY_STEM.get(stem.removeprefix("tabela_")) if dot and extension == "csv" else None


def unit_of(uri: str) -> int | None:
    """The unit whose folder (`unit_NNN`) a file came in; None in a drop that names no unit."""
    folders = _UNIT_FOLDER.findall(uri)
    return int(folders[-1]) if folders else None
