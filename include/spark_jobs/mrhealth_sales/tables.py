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
_TEXT = re.compile(r"\.(csv|txt|tsv)(\.gz)?$")
_STEMS = "|".join(table.files for table in SOURCES)
# Nothing but the table's name, and what a copy of a file is called.
_EXACT = re.compile(rf"^(tabela_)?({_STEMS})s?([ _-]*(\(\d+\)|copia|copy))*(\.(csv|txt|tsv))+(\.gz)?$")
LEAST_PART = 0.5


def table_of(file_name: str, content: bytes = b"") -> Table | None:
    """The table that a file holds, by its name and its header (its text in UTF-8); None for any other file.

    A name that people make of a table's (`PEDIDO (1).txt`, `pedidos-corrigido.csv`) tells it where the header agrees in
    half of its columns. Where the name tells nothing the header must be that of one table, and have no other column: a
    report of returns has the columns of items as well.
    """
    name = plain_name(file_name)
    whole, named = csv_text.whole_in(SOURCES, content), _named(name)
    if any(table is named for table, _, _ in whole):
        return named
    if len(whole) == 1 and (named is not None or not whole[0][2]):
        return whole[0][0]
    if named and (_EXACT.search(name) or not content.strip() or csv_text.part_of(named, content) >= LEAST_PART):
        return named
    return None


def _named(name: str) -> Table | None:
    """The table whose name stands in that of a text file: the longest, for PEDIDO stands in ITEM_PEDIDO as well."""
    words = [table for table in SOURCES if re.search(rf"(^|[^a-z]){table.files}s?($|[^a-z])", name)]
    return max(words, key=lambda table: len(table.files)) if words and _TEXT.search(name) else None


def unit_of(uri: str) -> int | None:
    """The unit whose folder (`unit_NNN`) a file came in; None in a drop that names no unit."""
    folders = _UNIT_FOLDER.findall(uri)
    return int(folders[-1]) if folders else None
