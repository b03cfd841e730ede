"""The six source tables of MrHealth: which file is which, and how their columns are spelt."""

from __future__ import annotations

import re

from medallion import csv_text
from medallion.contract import Table, contract, plain_name

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
_TEXT = re.compile(r"\.(csv|txt)(\.gz)?$")


def table_of(file_name: str, content: bytes = b"") -> Table | None:
    """The table that a file holds: by its header or, where that lacks a column, by its name (`Tabela_Produto.csv`,
    `PEDIDO (1).txt`, `pedidos-corrigido.csv`); None for any other file."""
    return csv_text.table_of(SOURCES, content) or _named(plain_name(file_name))


def _named(name: str) -> Table | None:
    """The table whose name stands in that of a text file: the longest, for PEDIDO stands in ITEM_PEDIDO as well."""
    words = [table for table in SOURCES if re.search(rf"(^|[^a-z]){table.files}s?($|[^a-z])", name)]
    return max(words, key=lambda table: len(table.files)) if words and _TEXT.search(name) else None


def unit_of(uri: str) -> int | None:
    """The unit whose folder (`unit_NNN`) a file came in; None in a drop that names no unit."""
    folders = _UNIT_FOLDER.findall(uri)
    return int(folders[-1]) if folders else None
