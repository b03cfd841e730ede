"""The products as the index of nights keeps them, from their contracts: a web server may have no contracts. Pure."""

from __future__ import annotations

from typing import Any

from nightshift.pipelines import PIPELINES
from nightshift_contract.model import Table


def all_of_them() -> dict[str, Any]:
    """{product: {"title", "gold": [its tables]}}. This form is stored: a newer web server reads an older index."""
    return {
        name: {"title": pipeline.title, "gold": [*map(_stored, pipeline.gold)]} for name, pipeline in PIPELINES.items()
    }


def _stored(table: Table) -> dict[str, Any]:
    return {
        "name": table.name,
        "about": table.about,
        "keys": table.key,
        "columns": table.types,
        "notes": table.notes,
        "personal": table.personal,
        "fresh_hours": table.fresh_hours,
    }
