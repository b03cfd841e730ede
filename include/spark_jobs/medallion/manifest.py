"""The manifest of a layer: what went in, what came out, what was staged (docs/interfaces.md)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date


@dataclass(frozen=True)
class TableCount:
    """How the rows of one table fared; `warnings` counts accepted rows (or whole files) worth a look."""

    table: str
    rows_in: int
    accepted: int
    quarantined: int = 0
    duplicates: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    warnings: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class GoldTable:
    """One staged product, measured by reading the staged file back; `schema` is name -> Spark type."""

    table: str
    path: str
    rows: int
    schema: dict[str, str]
    null_keys: int
    duplicate_keys: int


@dataclass(frozen=True)
class Alerts:
    """What people are to hear of the data: how many alerts there are, the words of the most severe ones (each begins
    with its severity), and what could not be judged, if anything."""

    total: int
    told: Sequence[str]
    unjudged: str | None = None


@dataclass(frozen=True)
class Manifest:
    """What one layer did for one business date; `alerts` only where the layer looks for any."""

    pipeline: str
    layer: str
    business_date: date
    tables: Sequence[TableCount]
    gold: Sequence[GoldTable] = ()
    alerts: Alerts | None = None

    def to_json(self) -> str:
        """The manifest as the other rooms read it."""
        body = {
            "pipeline": self.pipeline,
            "layer": self.layer,
            "business_date": self.business_date.isoformat(),
            "tables": [asdict(table) for table in self.tables],
            "gold": [asdict(table) for table in self.gold],
            **({"alerts": asdict(self.alerts)} if self.alerts else {}),
        }
        return json.dumps(body, ensure_ascii=False, indent=2)

    def told(self) -> Iterator[str]:
        """One line a table, for whoever reads the step's log."""
        for t in self.tables:
            counts = f"{t.accepted} accepted + {t.quarantined} quarantined + {t.duplicates} duplicates"
            yield f"{self.layer} {t.table}: {t.rows_in} in = {counts} {t.reasons or ''}\n"
