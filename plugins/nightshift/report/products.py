"""The products as the index of nights keeps them, from their contracts: a web server may have no contracts. Pure."""

from __future__ import annotations

from typing import Any

from nightshift.contracts.pipeline import Pipeline
from nightshift.pages import products
from nightshift.pipelines import PIPELINES
from nightshift_contract.model import Table


def all_of_them() -> dict[str, Any]:
    """{product: {"title", "title_pt", "gold": [its tables]}}. This form is stored: a newer web server reads an older
    index."""
    return {name: {**_titles(pipeline), "gold": [*map(_stored, pipeline.gold)]} for name, pipeline in PIPELINES.items()}


def _titles(pipeline: Pipeline) -> dict[str, str]:
    return {"title": pipeline.title, "title_pt": products.title(pipeline.name)[0]}


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
