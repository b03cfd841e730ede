"""The four source tables of card_movements and the product, from their contract."""

from __future__ import annotations

from nightshift_contract.model import Table
from nightshift_contract.reading import contract

_CONTRACT = contract("card_movements")
MOVEMENTS, CARDS, ACCOUNTS, MEMBERS = (
    _CONTRACT.sources[name] for name in ("movements", "cards", "accounts", "members")
)
PARENTS = (CARDS, ACCOUNTS, MEMBERS)  # the tables that a movement refers to, directly or through its card
SOURCES = (MOVEMENTS, *PARENTS)
FLAT = _CONTRACT.gold["movimento_flat"]
KEY = FLAT.key[0]
CSV_COLUMNS = tuple(column.name for column in FLAT.columns if column.name not in FLAT.key)

# Bronze: known movements that were not read, each with why. Silver: movements that are refused after a run.
ASIDE, REFUSED = "movements_aside", "movements_refused"
REFUSED_SCHEMA = f"{KEY} decimal(38,0), data_movimento timestamp"
ASIDE_SCHEMA = f"{REFUSED_SCHEMA}, why string"

LINEAGE = "source_file string, line bigint, ingested_at timestamp"


def bronze_schema(table: Table) -> str:
    """The columns of a bronze table with their types: the source's own as text, then their lineage."""
    return f"{', '.join(f'{column} string' for column in table.source_names)}, {LINEAGE}"
