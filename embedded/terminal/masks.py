"""What of a product is personal, so that a terminal shows its end only."""

from __future__ import annotations

from typing import Any

from nightshift.pipelines import PIPELINES

SHOWN = 4


def personal(pipeline: str, table: str) -> frozenset[str]:
    """The columns of a gold table that its contract calls personal."""
    known = PIPELINES[pipeline].gold if pipeline in PIPELINES else ()
    return frozenset(column for gold in known if gold.name == table for column in gold.personal)


def masked(value: Any) -> str:
    """The value with * in place of all but its last four characters; of one that is no longer than that, all."""
    text = "" if value is None else str(value)
    return text and f"****{text[-SHOWN:] if len(text) > SHOWN else ''}"
