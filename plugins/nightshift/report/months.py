"""What a month's runs cost, by pipeline: sums of records. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from nightshift.report import expected

Record = Mapping[str, Any]


@dataclass
class Sum:
    """The runs of one DAG in one month. `seconds`: what the billed time was, of the runs that say so."""

    runs: int = 0
    unpriced: int = 0
    usd: float = 0.0
    parts: dict[str, float] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def add(self, cost: Record) -> None:
        """Count one run by its record's cost."""
        self.runs += 1
        self.unpriced += cost["measured"] is None
        self.usd = round(self.usd + (cost["measured"] or 0), 4)
        for mine, more in ((self.parts, cost.get("parts")), (self.seconds, cost.get("seconds"))):
            for key, value in (more or {}).items():
                mine[key] = round(mine.get(key, 0) + value, 4)

    def share(self, key: str) -> float | None:
        """The share of the billed time that was start_up, working or idle; None if no run says so."""
        return self.seconds[key] / self.seconds["billed"] if self.seconds.get("billed") else None


def of(records: Iterable[Record], timezone: str, only: str = "") -> dict[tuple[str, str], Sum]:
    """The sums by month and DAG, in this order; `only` one month, as 2026-01."""
    sums: dict[tuple[str, str], Sum] = {}
    for record in records:
        month = expected.month(datetime.fromisoformat(record["started_at"]), timezone)
        if only in ("", month):
            sums.setdefault((month, record["dag_id"]), Sum()).add(record["cost"])
    return dict(sorted(sums.items()))
