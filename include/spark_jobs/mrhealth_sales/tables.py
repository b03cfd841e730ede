"""The six source tables of MrHealth: what their files are called and which columns they have."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

_UNIT_FOLDER = re.compile(r"/unit_(\d{1,9})/", re.IGNORECASE)


@dataclass(frozen=True)
class SourceTable:
    """One table as it arrives: its name in the lake, its file's stem, its CSV columns (normalised)."""

    name: str
    stem: str
    columns: tuple[str, ...]


ORDERS = SourceTable(
    "orders",
    "pedido",
    (
        "id_unidade",
        "id_pedido",
        "tipo_pedido",
        "data_pedido",
        "vlr_pedido",
        "endereco_entrega",
        "taxa_entrega",
        "status",
    ),
)
ITEMS = SourceTable(
    "items", "item_pedido", ("id_pedido", "id_item_pedido", "id_produto", "qtd", "vlr_item", "observacao")
)
UNITS = SourceTable("units", "unidade", ("id_unidade", "nome_unidade", "id_estado"))
STATES = SourceTable("states", "estado", ("id_estado", "id_pais", "nome_estado"))
COUNTRIES = SourceTable("countries", "pais", ("id_pais", "nome_pais"))
PRODUCTS = SourceTable("products", "produto", ("id_produto", "nome_produto"))

SOURCES = (ORDERS, ITEMS, UNITS, STATES, COUNTRIES, PRODUCTS)
OF_UNITS = (ORDERS, ITEMS)  # what a unit sends; the others are head office's
OTHER_FILES = "other_files"  # the pseudo-table of files that are none of the six, or lie where theirs do not belong
_BY_STEM = {table.stem: table for table in SOURCES}


def table_of(file_name: str) -> SourceTable | None:
    """The table that a file holds by its name, any case, with or without `Tabela_`; None for any other file."""
    stem, dot, extension = file_name.lower().rpartition(".")
    return _BY_STEM.get(stem.removeprefix("tabela_")) if dot and extension == "csv" else None


def unit_of(uri: str) -> int | None:
    """The unit whose folder (`unit_NNN`) a file came in; None in a drop that names no unit."""
    folders = _UNIT_FOLDER.findall(uri)
    return int(folders[-1]) if folders else None


def column_name(header: str) -> str:
    """A header cell as the tables above spell it: no accents, no mark, lower case, underscores for blanks."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", header) if c != "\ufeff" and not unicodedata.combining(c))
    return "_".join(bare.lower().split())


def bronze_columns(table: SourceTable) -> list[str]:
    """The columns of a bronze table: the file's own, then where and when each row came in, and as what text."""
    return [*table.columns, "source_file", "line", "unit_id", "ingested_at", "raw"]


def bronze_schema(table: SourceTable) -> str:
    """The same columns with their types; the file's own are text."""
    types = {"line": "bigint", "unit_id": "int", "ingested_at": "timestamp"}
    return ", ".join(f"{column} {types.get(column, 'string')}" for column in bronze_columns(table))
