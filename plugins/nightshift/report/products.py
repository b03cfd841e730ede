"""The products as the index of nights keeps them, from their contracts: a web server may have no contracts. Pure."""

from __future__ import annotations

from typing import Any

from nightshift.pages import products
from nightshift.pipelines import REGISTRY
from nightshift.pipelines.registry import Package
from nightshift_contract.model import Table


def all_of_them() -> dict[str, Any]:
    """{product: {"title", "title_pt", "words_pt", "gold": [its tables]}}; `words_pt` has the Portuguese of the tables'
    texts by the English. This form is stored: a newer web server reads an older index."""
    return {name: _product(package) for name, package in REGISTRY.packages.items()}


def _product(package: Package) -> dict[str, Any]:
    pipeline, known = package.pipeline, package.portuguese
    said = {text for table in pipeline.gold for text in (table.about, *table.notes.values())}
    return {
        "title": pipeline.title,
        "title_pt": products.title(pipeline.name)[0],
        "words_pt": {text: known[text] for text in sorted(said & known.keys())},
        "gold": [*map(_stored, pipeline.gold)],
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
