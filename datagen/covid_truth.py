"""The counts that the layers must reach for a delivery of the epidemic, counted while it is written, without Spark."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from datagen.covid_places import BEDS, Notification
from datagen.truth import Fates

TABLES = ("occupancy", "states", "cities", "outcomes", "state_names", "municipalities", "population")
STALE_DAYS = 14


@dataclass
class CovidTruth(Fates):
    """The truth about one business date's drop."""

    cases: dict[str, dict[str, int]] = field(default_factory=dict)
    cities: dict[str, int] = field(default_factory=dict)
    beds: defaultdict[tuple[str, str, str], Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    hospitals: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    places: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    notifications: set[tuple[str, date]] = field(default_factory=set)

    def hospital(self, notified: Notification, snapshot: date) -> None:
        """Count a hospital of the newest snapshot."""
        state = notified.uf.upper()
        self.notifications.add(notified.key)
        self.hospitals[state].update(
            {"hospitals": 1, "stale_hospitals": (snapshot - notified.notified_at).days > STALE_DAYS}
        )
        for pool, bed in BEDS:
            for of in (pool, "total"):
                self.beds[state, bed, of]["occupied"] += notified.occupied[pool, bed]  # type: ignore[assignment]
                self.beds[state, bed, of]["offered"] += notified.offered[pool, bed] or 0.0  # type: ignore[assignment]

    def as_dict(self) -> dict[str, Any]:
        """This day as the truth file holds it."""
        gold = {
            "cases_by_state": [{"state": uf, **self.cases[uf]} for uf in sorted(self.cases)],
            "bed_occupancy": [self._bed(*key) for key in sorted(self.beds)],
            "suspected_confirmed": self._places("suspected", "confirmed"),
            "deaths_by_status": self._places("deaths_suspected", "deaths_confirmed"),
            "most_least_affected": self._ends(),
        }
        return {**self.layers(TABLES), "gold": gold}

    def _bed(self, state: str, bed: str, pool: str) -> dict[str, Any]:
        counts = {of: self.beds[state, bed, pool][of] for of in ("occupied", "offered")}
        hospitals = {of: self.hospitals[state][of] for of in ("hospitals", "stale_hospitals")}
        return {"state": state, "bed_type": bed, "pool": pool, **counts, **hospitals}

    def _places(self, *figures: str) -> list[dict[str, Any]]:
        return [{"place": place, **{f: self.places[place][f] for f in figures}} for place in sorted(self.places)]

    def _ends(self) -> list[dict[str, Any]]:
        places = {"city": self.cities, "state": {uf: totals["cases"] for uf, totals in self.cases.items()}}
        return [
            _end(kind, extreme, values, wanted(values.values()))
            for kind, values in places.items()
            for extreme, wanted in (("least", min), ("most", max))
        ]


def _end(kind: str, extreme: str, values: dict[str, int], value: int) -> dict[str, Any]:
    tied = sorted(place for place, own in values.items() if own == value)
    named = {"place_kind": kind, "metric": "cases", "extreme": extreme}
    return {**named, "place": tied[0], "value": value, "ties": len(tied)}
