"""The products as the index of nights keeps them, from their contracts: a web server may have no contracts. Pure."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from nightshift.pipelines import PIPELINES


def all_of_them() -> dict[str, Any]:
    """{product: {"title", "gold": [its tables, each as nightshift_contract's Table]}}."""
    return {
        name: {"title": pipeline.title, "gold": [*map(asdict, pipeline.gold)]} for name, pipeline in PIPELINES.items()
    }
