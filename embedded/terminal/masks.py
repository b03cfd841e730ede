"""What of a product is personal, so that a terminal shows no more of it than the end of a number."""

from __future__ import annotations

from typing import Any

from nightshift.pipelines import PIPELINES
from nightshift_contract.masks import hidden


def personal(pipeline: str, table: str) -> frozenset[str]:
    """The columns of a gold table that its contract calls personal."""
    known = PIPELINES[pipeline].gold if pipeline in PIPELINES else ()
    return frozenset(column for gold in known if gold.name == table for column in gold.personal)


def masked(value: Any) -> str:
    """The value as nightshift_contract masks it; '' for none."""
    return hidden(value) or ""
