"""The sound orders of one unit on one day, the same on every call."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from random import Random

from datagen.vocabulary import (
    NOTES,
    PLAIN_TYPES,
    PRODUCTS,
    STATUS_WEIGHTS,
    STATUSES,
    STREETS,
    TOWNS,
    TYPES,
)

UNKNOWN_PRODUCT = 9999


def cents(amount: int) -> Decimal:
    """An amount in cents as money."""
    return Decimal(amount) / 100


@dataclass(frozen=True)
class Item:
    """One row of ITEM_PEDIDO; `price` is of one piece."""

    order_id: str
    item_id: str
    product_id: int
    quantity: int
    price: Decimal
    note: str

    def cells(self) -> list[str]:
        """The row as it is written."""
        return [
            self.order_id,
            self.item_id,
            str(self.product_id),
            str(self.quantity),
            f"{self.price:.2f}",
            self.note,
        ]


@dataclass(frozen=True)
class Order:
    """One row of PEDIDO with its items; its value is that of the items and the fee."""

    unit_id: int
    order_id: str
    order_type: str
    day: date
    value: Decimal
    address: str
    fee: Decimal
    status: str
    items: tuple[Item, ...]

    def cells(self) -> list[str]:
        """The row as it is written."""
        return [
            str(self.unit_id),
            self.order_id,
            self.order_type,
            self.day.isoformat(),
            f"{self.value:.2f}",
            self.address,
            f"{self.fee:.2f}",
            self.status,
        ]


def orders_of(seed: int, unit_id: int, day: date, count: int, first_number: int) -> Iterator[Order]:
    """The orders of one unit and day; numbers run from `first_number` in every unit, so they repeat across units."""
    # Seeding by a string is stable across Python versions and processes.
    rng = Random(f"{seed}:{unit_id}:{day}")
    with_uuids = unit_id % 3 == 0
    for number in range(first_number, first_number + count):
        key = str(uuid.UUID(int=rng.getrandbits(128), version=4)) if with_uuids else str(number)
        yield _order(rng, unit_id, day, key)


def _order(rng: Random, unit_id: int, day: date, order_id: str) -> Order:
    online = rng.random() < 0.6
    types = PLAIN_TYPES if unit_id % 4 == 0 else TYPES
    items = tuple(_item(rng, order_id, n) for n in range(1, rng.randint(1, 4) + 1))
    fee = cents(rng.randint(500, 2500)) if online else cents(0)
    return Order(
        unit_id=unit_id,
        order_id=order_id,
        order_type=types[0] if online else types[1],
        day=day,
        value=sum((i.quantity * i.price for i in items), fee),
        address=f"{rng.choice(STREETS)}, {rng.randint(1, 999)}, {rng.choice(TOWNS)}" if online else "--",
        fee=fee,
        status=rng.choices(STATUSES, STATUS_WEIGHTS)[0],
        items=items,
    )


def _item(rng: Random, order_id: str, number: int) -> Item:
    product = rng.randrange(len(PRODUCTS))
    return Item(order_id, str(number), product + 1, rng.randint(1, 5), cents(PRODUCTS[product][1]), rng.choice(NOTES))
