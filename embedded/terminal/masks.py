"""What of a product is personal, so that a terminal shows its end only."""

from __future__ import annotations

import tomllib
from typing import Any

from tools import paths

SHOWN = 4
CONTRACTS = paths.ROOT / "include" / "spark_jobs" / "contracts"


def personal(pipeline: str, table: str) -> frozenset[str]:
    """The columns of a gold table that its contract calls personal."""
    path = CONTRACTS / f"{pipeline}.toml"
    contract = tomllib.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    columns = contract.get("gold", {}).get(table, {}).get("columns", {})
    return frozenset(name for name, spec in columns.items() if spec.get("personal"))


def masked(value: Any) -> str:
    """The value with * in place of all but its last four characters; of one that is no longer than that, all."""
    text = "" if value is None else str(value)
    return text and f"****{text[-SHOWN:] if len(text) > SHOWN else ''}"
