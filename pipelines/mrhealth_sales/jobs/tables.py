"""The six source tables of MrHealth: how files are assigned to them, and how their columns are spelt."""

from __future__ import annotations

import re

from medallion import csv_text
from nightshift_contract.model import Table, plain_name
from nightshift_contract.reading import contract

_UNIT_FOLDER = re.compile(r"/(?:unit|unidade)[ _-]?(\d{1,9})/", re.IGNORECASE)


_SOURCES = contract("mrhealth_sales").sources
ORDERS, ITEMS = _SOURCES["orders"], _SOURCES["items"]
UNITS, STATES, COUNTRIES, PRODUCTS = (_SOURCES[name] for name in ("units", "states", "countries", "products"))

SOURCES = (ORDERS, ITEMS, UNITS, STATES, COUNTRIES, PRODUCTS)
OF_UNITS = (ORDERS, ITEMS)  # what a unit sends
OF_OFFICE = (UNITS, STATES, COUNTRIES, PRODUCTS)  # what head office keeps
DELIVERIES = "deliveries"  # bronze: which of its files each unit sent
ARRIVALS = "arrivals"  # bronze: each file's arrival time
ARRIVALS_SCHEMA = "source_file string, arrived_at timestamp"
DELIVERIES_SCHEMA = "unit_id int, table string, came boolean"
_TEXT = re.compile(r"\.(csv|txt|tsv)(\.gz)?$")
_STEMS = "|".join(table.files for table in SOURCES)
# A file name of only the table's name, with or without a copy suffix.
_EXACT = re.compile(rf"^(tabela_)?({_STEMS})s?([ _-]*(\(\d+\)|copia|copy))*(\.(csv|txt|tsv))+(\.gz)?$")
LEAST_PART = 0.5


def table_of(file_name: str, content: bytes = b"") -> Table | None:
    """The table of a file, by its name and its header (its text in UTF-8); None for any other file.

    A variant of a table's name (`PEDIDO (1).txt`, `pedidos-corrigido.csv`) counts if the header has half of the table's
    columns. If the name matches nothing, the header must match one table and have no other column: a report of returns
    has the columns of items as well.
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
    """The table whose name occurs in a text file's name: the longest match, as PEDIDO also occurs in ITEM_PEDIDO."""
    words = [table for table in SOURCES if re.search(rf"(^|[^a-z]){table.files}s?($|[^a-z])", name)]
    return max(words, key=lambda table: len(table.files)) if words and _TEXT.search(name) else None


def unit_of(uri: str) -> int | None:
    """The unit whose folder (`unit_NNN`, `Unidade 13`) a file is in; None in a delivery that names no unit."""
    folders = _UNIT_FOLDER.findall(uri)
    return int(folders[-1]) if folders else None
