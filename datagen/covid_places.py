"""States, cities and hospitals of the made-up epidemic; the UFs are real, for contracts know no others."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

UFS = (("SP", 35, "São Paulo"), ("AC", 12, "Acre"), ("MG", 31, "Minas Gerais"), ("PE", 26, "Pernambuco"))
CITIES_A_STATE = 5
FULL, FULL_OVER = (0.4, 0.98), (1.0, 1.2)  # the share of a hospital's beds that is occupied
OVER = 0.08  # of the hospitals have more patients than beds
STALE = timedelta(days=20)
BEDS = tuple((pool, bed) for pool in ("covid", "other") for bed in ("clinical", "icu"))


@dataclass(frozen=True)
class City:
    """A city with its people; `quiet` ones have no case."""

    uf: str
    code: int
    name: str
    people: int
    quiet: bool


@dataclass(frozen=True)
class Notification:
    """The figures that a hospital reported for one day; beds by (pool, bed type). `code` is as the source spells it;
    `city` is None where it names none."""

    code: str
    uf: str
    notified_at: date
    city: City | None
    offered: dict[tuple[str, str], float | None]
    occupied: dict[tuple[str, str], float]

    @property
    def key(self) -> tuple[str, date]:
        """The key of a notification: the hospital's own code and the day (each hospital reports once a day)."""
        return self.code.strip(), self.notified_at


@cache
def cities(seed: int) -> list[City]:
    """Every city; in each state the last two are quiet."""
    rng = random.Random(f"{seed} cities")
    return [
        City(uf, number * 100_000 + 11 * n, f"Vila {uf} {n}", rng.randrange(2_000, 900_000), n > CITIES_A_STATE - 2)
        for uf, number, _ in UFS
        for n in range(1, CITIES_A_STATE + 1)
    ]


def notification(seed: int, number: int, snapshot: date) -> Notification:
    """A hospital's newest notification in a snapshot; most report every other day, every seventh not at all."""
    uf = UFS[number % len(UFS)][0]
    notified_at = snapshot - timedelta(days=(snapshot.toordinal() + number) % 2)
    if number % 7 == 3:
        notified_at = date.fromordinal(snapshot.toordinal() // 400 * 400) - STALE
    rng = random.Random(f"{seed} {number} {notified_at}")
    empty = number % 6 == 5  # hospitals that come with their UF in lower case and offer nothing
    offered = {bed: None if empty else float(rng.randrange(0, 60)) for bed in BEDS}
    full = FULL_OVER if rng.random() < OVER else FULL
    occupied = {bed: float(round((offered[bed] or 3 * empty) * rng.uniform(*full))) for bed in BEDS}
    if number % 9 == 4:
        occupied["covid", "icu"] = 2.5
    if number % 11 == 6:
        occupied["other", "clinical"] = -2.0
    code = f"{2_000_000 + number}" + (" " if number % 8 == 1 else "")
    own = [city for city in cities(seed) if city.uf == uf]
    city = None if empty else own[number // len(UFS) % CITIES_A_STATE]
    return Notification(code, uf.lower() if empty else uf, notified_at, city, offered, occupied)
