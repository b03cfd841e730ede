"""The manifest of a layer: input counts, output counts, staged files (docs/interfaces.md)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from nightshift_contract.reading import contract

# Refused without loss to the product: an unrecognised file, a row that another row replaces, one of a later date's run,
# or one that is no record: a repeated header, a sum of other rows.
NO_LOSS = frozenset(
    {
        "unknown_file",
        "misplaced_file",
        "hidden_file",
        "repeated_header",
        "total_row",
        "superseded",
        "after_business_date",
    }
)


OTHER_FILES = "other_files"  # the pseudo-table of files that belong to no table, or lie in the wrong place


@dataclass(frozen=True)
class TableCount:
    """Row counts of one table. `warnings` counts accepted rows (or whole files) with a warning; `waiting` counts source
    rows of a later date that were not read."""

    table: str
    rows_in: int
    accepted: int
    quarantined: int = 0
    duplicates: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    warnings: dict[str, int] = field(default_factory=dict)
    waiting: int = 0

    @property
    def lost(self) -> int:
        """How many rows the product lacks; 0 for files that belong to no table."""
        if self.table == OTHER_FILES:
            return 0
        return self.quarantined - sum(rows for reason, rows in self.reasons.items() if reason in NO_LOSS)

    def as_json(self) -> dict[str, Any]:
        """The counts as the manifest's JSON has them."""
        as_json = {**asdict(self), "lost": self.lost}
        return as_json if self.waiting else {word: said for word, said in as_json.items() if word != "waiting"}


@dataclass(frozen=True)
class GoldTable:
    """One staged product, measured by reading the staged file back; `schema` is name -> Spark type."""

    table: str
    path: str
    rows: int
    schema: dict[str, str]
    null_keys: int
    duplicate_keys: int
    days: Mapping[str, int] = field(default_factory=dict)  # rows by day, a file each; empty: one file of the run's date


@dataclass(frozen=True)
class Alerts:
    """Summary of the data alerts: their number, the text of the most severe ones (each begins with its severity), what
    could not be judged, if anything, and how many say that the product lacks something."""

    total: int
    told: Sequence[str]
    unjudged: str | None = None
    grave: int = 0


@dataclass(frozen=True)
class Restated:
    """A day of a table whose published rows change: how many, when the day was last published (UTC), and its figures
    before and after, as text."""

    table: str
    day: str
    since: str
    before: dict[str, str]
    after: dict[str, str]
    rows: int = 0


@dataclass(frozen=True)
class Manifest:
    """What one layer did for one business date. `alerts` only where the layer computes alerts, `restated` where it may
    change published days, `source` where it read a database, to which the lake is bound from then on. `spark` is what
    the layer used of Spark (usage.Meter)."""

    pipeline: str
    layer: str
    business_date: date
    tables: Sequence[TableCount]
    gold: Sequence[GoldTable] = ()
    alerts: Alerts | None = None
    restated: Sequence[Restated] = ()
    source: str = ""
    spark: Mapping[str, float] = field(default_factory=dict)

    def to_json(self) -> str:
        """The manifest as JSON, for the other components."""
        body = {
            "pipeline": self.pipeline,
            "layer": self.layer,
            "business_date": self.business_date.isoformat(),
            "tables": [table.as_json() for table in self.tables],
            "gold": [asdict(table) for table in self.gold],
            **({"contract": contract(self.pipeline).digest} if self.gold else {}),
            **({"alerts": asdict(self.alerts)} if self.alerts else {}),
            **({"restated": [asdict(day) for day in self.restated]} if self.restated else {}),
            **({"source": self.source} if self.source else {}),
            **({"spark": self.spark} if self.spark else {}),
        }
        return json.dumps(body, ensure_ascii=False, indent=2)

    def log_lines(self) -> Iterator[str]:
        """One line for each table, for the step's log."""
        for t in self.tables:
            counts = f"{t.accepted} accepted + {t.quarantined} quarantined + {t.duplicates} duplicates"
            waiting = f"; {t.waiting} wait for their date" if t.waiting else ""
            yield f"{self.layer} {t.table}: {t.rows_in} in = {counts} {t.reasons or ''}{waiting}\n"
        for r in self.restated:
            yield f"{self.layer} {r.table}: {r.day} is restated: {r.before} since {r.since}, now {r.after}\n"
