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
NOT_STATED = "(not stated)"
Place = tuple[str, ...]  # a state; or a state and a city; or these and a hospital


@dataclass
class CovidTruth(Fates):
    """The truth about one business date's drop."""

    cases: dict[str, dict[str, int]] = field(default_factory=dict)
    series: dict[tuple[date, str], dict[str, int]] = field(default_factory=dict)
    cities: dict[str, int] = field(default_factory=dict)
    beds: defaultdict[tuple[Place, str, str], Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    hospitals: defaultdict[Place, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    places: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    notifications: set[tuple[str, date]] = field(default_factory=set)

    def hospital(self, notified: Notification, snapshot: date) -> None:
        """Count a hospital of the newest snapshot."""
        state, city = notified.uf.upper(), notified.city.name if notified.city else NOT_STATED
        self.notifications.add(notified.key)
        for place in ((state,), (state, city), (state, city, notified.key[0])):
            self.hospitals[place].update(
                {"hospitals": 1, "stale_hospitals": (snapshot - notified.notified_at).days > STALE_DAYS}
            )
            for pool, bed in BEDS:
                for of in (pool, "total"):
                    counts = self.beds[place, bed, of]
                    counts["occupied"] += notified.occupied[pool, bed]  # type: ignore[assignment]
                    counts["offered"] += notified.offered[pool, bed] or 0.0  # type: ignore[assignment]

    def as_dict(self) -> dict[str, Any]:
        """This day as the truth file holds it."""
        gold = {
            "cases_by_state": [{"state": uf, **self.cases[uf]} for uf in sorted(self.cases)],
            "bed_occupancy": self._beds("state"),
            "bed_occupancy_by_city": self._beds("state", "city"),
            "bed_occupancy_by_hospital": self._beds("state", "city", "hospital_id"),
            "suspected_confirmed": self._places("suspected", "confirmed"),
            "deaths_by_status": self._places("deaths_suspected", "deaths_confirmed"),
            "most_least_affected": self._ends(),
        }
        return {**self.layers(TABLES), "gold": gold}

    def _beds(self, *names: str) -> list[dict[str, Any]]:
        keys = [key for key in sorted(self.beds) if len(key[0]) == len(names)]
        return [self._bed(dict(zip(names, place, strict=True)), *key) for key in keys for place in key[:1]]

    def _bed(self, named: dict[str, str], place: Place, bed: str, pool: str) -> dict[str, Any]:
        counts = {of: self.beds[place, bed, pool][of] for of in ("occupied", "offered")}
        stale = self.hospitals[place]["stale_hospitals"]
        of_place = {"hospitals": self.hospitals[place]["hospitals"], "stale_hospitals": stale}
        hospitals = {"is_stale": bool(stale)} if "hospital_id" in named else of_place
        return {**named, "bed_type": bed, "pool": pool, **counts, **hospitals}

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
