"""Months of a chain with a weekday pattern, a trend and noise, and with incidents on days that are known."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from random import Random

from datagen.dialect import ITEM_HEADER, ORDER_HEADER, Dialect, dialect_of
from datagen.mrhealth import Shape, write_reference
from datagen.shop import Item, Order, cents
from datagen.vocabulary import PRODUCTS, TYPES

WEEKDAYS = (0.75, 0.8, 0.9, 1.0, 1.3, 1.5, 0.75)
CANCELLED_SHARE = 0.05
MISSING, LATE, SURGE, SLUMP, CANCELLATIONS, PRICE = (
    "missing_file",
    "late_file",
    "surge",
    "slump",
    "cancellation_spike",
    "price_change",
)
FACTORS = {SURGE: 3.5, SLUMP: 0.1}
REPRICED = Decimal("1.10")


@dataclass(frozen=True)
class Incident:
    """Something that happened in one unit: on the one day, but for a price, which stays. A `late_file` came with the
    drop of the day after."""

    day: date
    unit_id: int
    kind: str
    product_id: int | None = None


@dataclass(frozen=True)
class Seasons:
    """What to make up: `orders` a unit and usual day; `trend` is the growth a week, `noise` the spread of a day's level
    as a share of it. The same values give the same orders."""

    seed: int = 1
    units: int = 6
    products: int = 8
    first_day: date = date(2025, 11, 3)
    days: int = 63
    orders: int = 30
    trend: float = 0.01
    noise: float = 0.12
    incidents: tuple[Incident, ...] = ()

    def dates(self) -> list[date]:
        """The business dates in order."""
        return [self.first_day + timedelta(days=n) for n in range(self.days)]

    @cached_property
    def _by_unit_day(self) -> dict[tuple[int, date], Incident]:
        return {(incident.unit_id, incident.day): incident for incident in self.incidents}

    def incident(self, unit_id: int, day: date) -> str | None:
        """The kind of what happened in a unit on a day."""
        incident = self._by_unit_day.get((unit_id, day))
        return incident.kind if incident else None

    def price(self, unit_id: int, product_id: int, day: date) -> Decimal:
        """What a product costs in a unit on a day."""
        changes = [i for i in self.incidents if i.kind == PRICE and i.unit_id == unit_id and i.day <= day]
        price = cents(PRODUCTS[product_id - 1][1])
        for _ in (change for change in changes if change.product_id == product_id):
            price = (price * REPRICED).quantize(Decimal("0.01"))
        return price


def orders_of(seasons: Seasons, unit_id: int, day: date) -> list[Order]:
    """The orders that a unit took on a day, whether or not its files came."""
    rng = Random(f"{seasons.seed}:{unit_id}:{day}")
    age = (day - seasons.first_day).days
    level = seasons.orders * WEEKDAYS[day.weekday()] * (1 + seasons.trend * age / 7) * (0.6 + 0.2 * (unit_id % 5))
    level *= rng.lognormvariate(0, seasons.noise) * FACTORS.get(seasons.incident(unit_id, day) or "", 1)
    count = max(1, round(rng.gauss(level, level**0.5)))
    return [_order(seasons, rng, unit_id, day, f"{age}-{number}") for number in range(count)]


def _order(seasons: Seasons, rng: Random, unit_id: int, day: date, order_id: str) -> Order:
    share = 0.6 if seasons.incident(unit_id, day) == CANCELLATIONS else CANCELLED_SHARE
    liked = [1 + (product * unit_id) % 5 for product in range(1, seasons.products + 1)]
    chosen = rng.choices(range(1, seasons.products + 1), liked, k=rng.randint(1, 3))
    items = tuple(
        Item(order_id, str(n), product, rng.randint(1, 3), seasons.price(unit_id, product, day), "")
        for n, product in enumerate(chosen, start=1)
    )
    return Order(
        unit_id,
        order_id,
        TYPES[1],
        day,
        sum((i.quantity * i.price for i in items), Decimal(0)),
        "--",
        Decimal(0),
        "Cancelado" if rng.random() < share else "Finalizado",
        items,
    )


def sold(seasons: Seasons, unit_id: int) -> dict[int, list[int | None]]:
    """The pieces that a unit sold of each product, day by day; None where its files did not come that day."""
    days = [
        None if seasons.incident(unit_id, day) in (MISSING, LATE) else _pieces(orders_of(seasons, unit_id, day))
        for day in seasons.dates()
    ]
    return {p: [None if day is None else day[p] for day in days] for p in range(1, seasons.products + 1)}


def _pieces(orders: list[Order]) -> Counter[int]:
    pieces: Counter[int] = Counter()
    for item in (item for order in orders for item in order.items):
        pieces[item.product_id] += item.quantity
    return pieces


def drop_of(seasons: Seasons, unit_id: int, day: date) -> list[Order] | None:
    """The orders in the files that a unit sent on a day, late ones of the day before among them; None if none came."""
    if seasons.incident(unit_id, day) in (MISSING, LATE):
        return None
    before = day - timedelta(days=1)
    late = orders_of(seasons, unit_id, before) if seasons.incident(unit_id, before) == LATE else []
    return [*orders_of(seasons, unit_id, day), *late]


def generate_seasons(out: Path, truth_file: Path, seasons: Seasons) -> None:
    """Write the drops and head office's tables below `out`, as generate_mrhealth does, and the incidents."""
    write_reference(out / "reference_data", Shape(units=seasons.units, faults=False))
    for day in seasons.dates():
        write_drops(out, seasons, day)
    incidents = [{**asdict(incident), "day": incident.day.isoformat()} for incident in seasons.incidents]
    truth_file.parent.mkdir(parents=True, exist_ok=True)
    truth_file.write_text(json.dumps({"seed": seasons.seed, "incidents": incidents}, indent=1), encoding="utf-8")


def write_drops(out: Path, seasons: Seasons, day: date) -> None:
    """Write what came on one day."""
    for unit_id in range(1, seasons.units + 1):
        orders = drop_of(seasons, unit_id, day)
        if orders is not None:
            folder = out / "csv_sales" / f"{day:%Y/%m/%d}" / f"unit_{unit_id:03d}"
            folder.mkdir(parents=True, exist_ok=True)
            _write(folder, dialect_of(unit_id), orders)


def _write(folder: Path, dialect: Dialect, orders: list[Order]) -> None:
    items = [item for order in orders for item in order.items]
    for stem, header, rows in (("pedido", ORDER_HEADER, orders), ("item_pedido", ITEM_HEADER, items)):
        lines = [dialect.header(header), *(dialect.line(row.cells()) for row in rows)]
        (folder / dialect.file_name(stem)).write_bytes(b"".join(lines))


def with_incidents(seasons: Seasons) -> Seasons:
    """The same seasons with an incident of each kind every other week once there is history, on units in turn."""
    return replace(seasons, incidents=tuple(_dealt(seasons)))


def _dealt(seasons: Seasons) -> Iterator[Incident]:
    kinds = (MISSING, LATE, SURGE, SLUMP, CANCELLATIONS, PRICE)
    for turn, day in enumerate(seasons.dates()[35::2]):
        kind, unit_id = kinds[turn % len(kinds)], 1 + turn % seasons.units
        yield Incident(day, unit_id, kind, 1 + turn % seasons.products if kind == PRICE else None)
