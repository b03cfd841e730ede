"""page.json as a text of bounded size, and where it lies: for every engine that writes one. Pure."""

from __future__ import annotations

import json
from typing import Any

MOST_BYTES = 200_000
FIRST_ROWS = 20
LONGEST_CELL = 120
Record = dict[str, Any]


def address(manifests: str) -> str:
    """The URI of page.json, by that of the manifests: beside the record, or in a folder of its own for a day of a
    backfill."""
    home, _, day = manifests.rpartition("/manifests")
    return f"{home}{day}/page.json"


def fitted(page: Record) -> str:
    """The page as JSON of at most MOST_BYTES: without the tables' rows, or without figures, where these take more."""
    without_rows = {name: {**table, "rows": []} for name, table in page.get("tables", {}).items()}
    smaller = {**page, "tables": without_rows}
    problem = {key: page[key] for key in page.keys() - {"tables", "figures"}} | {"problem": "the figures are too large"}
    texts = (json.dumps(body, ensure_ascii=False, separators=(",", ":")) for body in (page, smaller, problem))
    return next(text for text in texts if len(text.encode()) <= MOST_BYTES)


def cut(value: Any) -> Any:
    """The value; of a long text its beginning."""
    return f"{value[: LONGEST_CELL - 1]}…" if isinstance(value, str) and len(value) > LONGEST_CELL else value
