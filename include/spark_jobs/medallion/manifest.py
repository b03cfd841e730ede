"""The manifest of a layer: what went in, what came out, what was staged (docs/interfaces.md)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

# Refused, yet nothing of the product is lost: a stray file, a row that another row already stands for, or one that a
# later date's night is there for.
NO_LOSS = frozenset(
    {
        "unknown_file",
        "misplaced_file",
        "hidden_file",
        "repeated_header",
        "superseded",
        "after_business_date",
    }
)


OTHER_FILES = "other_files"  # the pseudo-table of files that are of no table, or lie where theirs do not belong


@dataclass(frozen=True)
class TableCount:
    """How the rows of one table fared; `warnings` counts accepted rows (or whole files) worth a look, `waiting` rows of
    the source that are of a later date and were not taken in."""

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
        """How many rows the product misses; what is of no table is of no product."""
        if self.table == OTHER_FILES:
            return 0
        return self.quarantined - sum(rows for reason, rows in self.reasons.items() if reason in NO_LOSS)

    def told(self) -> dict[str, Any]:
        """As the manifest has it."""
        told = {**asdict(self), "lost": self.lost}
        return told if self.waiting else {word: said for word, said in told.items() if word != "waiting"}


@dataclass(frozen=True)
class GoldTable:
    """One staged product, measured by reading the staged file back; `schema` is name -> Spark type."""

    table: str
    path: str
    rows: int
    schema: dict[str, str]
    null_keys: int
    duplicate_keys: int
    days: Mapping[str, int] = field(default_factory=dict)  # a file each, with its rows; none: one, of the business date


@dataclass(frozen=True)
class Alerts:
    """What people are to hear of the data: how many alerts there are, the words of the most severe ones (each begins
    with its severity), what could not be judged, if anything, and how many say that the product lacks something."""

    total: int
    told: Sequence[str]
    unjudged: str | None = None
    grave: int = 0


@dataclass(frozen=True)
class Restated:
    """A day of a table whose published rows change: how many do, what the figures were, and since when (UTC, when the
    day was last published), and what they are, as text."""

    table: str
    day: str
    since: str
    before: dict[str, str]
    after: dict[str, str]
    rows: int = 0


@dataclass(frozen=True)
class Manifest:
    """What one layer did for one business date; `alerts` only where the layer looks for any, `restated` where it may
    change what was published before, `source` where it read a database whose lake this is from now on."""

    pipeline: str
    layer: str
    business_date: date
    tables: Sequence[TableCount]
    gold: Sequence[GoldTable] = ()
    alerts: Alerts | None = None
    restated: Sequence[Restated] = ()
    source: str = ""

    def to_json(self) -> str:
        """The manifest as the other rooms read it."""
        body = {
            "pipeline": self.pipeline,
            "layer": self.layer,
            "business_date": self.business_date.isoformat(),
            "tables": [table.told() for table in self.tables],
            "gold": [asdict(table) for table in self.gold],
            **({"alerts": asdict(self.alerts)} if self.alerts else {}),
            **({"restated": [asdict(day) for day in self.restated]} if self.restated else {}),
            **({"source": self.source} if self.source else {}),
        }
        return json.dumps(body, ensure_ascii=False, indent=2)

    def told(self) -> Iterator[str]:
        """One line a table, for whoever reads the step's log."""
        for t in self.tables:
            counts = f"{t.accepted} accepted + {t.quarantined} quarantined + {t.duplicates} duplicates"
            waiting = f"; {t.waiting} wait for their date" if t.waiting else ""
            yield f"{self.layer} {t.table}: {t.rows_in} in = {counts} {t.reasons or ''}{waiting}\n"
        for r in self.restated:
            yield f"{self.layer} {r.table}: {r.day} is restated: {r.before} since {r.since}, now {r.after}\n"
