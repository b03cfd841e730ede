"""What of a product is personal, so that a terminal shows no more of it than the end of a number."""

from __future__ import annotations

import re
from typing import Any

from nightshift.pipelines import PIPELINES

SHOWN = 4
END = re.compile(rf".[0-9]{{{SHOWN}}}$")


def personal(pipeline: str, table: str) -> frozenset[str]:
    """The columns of a gold table that its contract calls personal."""
    known = PIPELINES[pipeline].gold if pipeline in PIPELINES else ()
    return frozenset(column for gold in known if gold.name == table for column in gold.personal)


def masked(value: Any) -> str:
    """The value as ****, with the last four digits of a number that has more."""
    text = "" if value is None else str(value)
    return text and f"****{text[-SHOWN:] if END.search(text) else ''}"
