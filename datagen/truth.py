"""The counts that the layers must reach for generated data, counted while it is written and without any Spark."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

from datagen.shop import Item, Order

TABLES = ("orders", "items", "units", "states", "countries", "products")
_BY_STATUS = {"Finalizado": "revenue", "Pendente": "pending_value", "Cancelado": "cancelled_value"}


@dataclass(frozen=True)
class Fate:
    """Where a row must end: the layer that refuses it (None: it reaches gold) and its reason, or as a duplicate."""

    layer: str | None = None
    reason: str | None = None

    @property
    def outcome(self) -> str:
        """The manifest's word for it."""
        if self.layer is None:
            return "accepted"
        return "duplicates" if self.reason is None else "quarantined"


SOUND = Fate()
DUPLICATE = Fate("silver")


@dataclass
class Fates:
    """How the rows of one business date's drop must end, counted; `row` counts them."""

    outcomes: defaultdict[tuple[str, str], Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    reasons: defaultdict[tuple[str, str], Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def row(self, table: str, fate: Fate) -> None:
        """Count one row of a table."""
        if fate.layer != "bronze":
            self.outcomes["bronze", table]["accepted"] += 1
        layer = fate.layer or "silver"
        self.outcomes[layer, table][fate.outcome] += 1
        if fate.reason:
            self.reasons[layer, table][fate.reason] += 1

    def layers(self, tables: Iterable[str]) -> dict[str, Any]:
        """The counts of bronze and silver by table: of `tables` and of any other that has rows."""
        known = tuple(tables)
        return {layer: self._layer(layer, known) for layer in ("bronze", "silver")}

    def _layer(self, layer: str, known: tuple[str, ...]) -> dict[str, Any]:
        tables = [*known, *(t for (of, t) in self.outcomes if of == layer and t not in known)]
        return {table: self._table(layer, table) for table in tables}

    def _table(self, layer: str, table: str) -> dict[str, Any]:
        outcomes = self.outcomes[layer, table]
        counts = {outcome: outcomes[outcome] for outcome in ("accepted", "quarantined", "duplicates")}
        reasons = dict(sorted(self.reasons[layer, table].items()))
        return {"rows_in": sum(counts.values()), **counts, "reasons": reasons}


@dataclass
class DayTruth(Fates):
    """The truth about one business date: its delivery of sales, and what was sold on it, in whichever delivery."""

    branches: dict[tuple[str, int], Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    products: dict[int, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def sale(self, order: Order) -> None:
        """Count an order that reaches gold; amounts are kept in cents."""
        totals = self.branches[order.day.isoformat(), order.unit_id]
        value, fee = int(order.value * 100), int(order.fee * 100)
        totals.update({"orders": 1, "gross_value": value, _BY_STATUS[order.status]: value, "delivery_fees": fee})

    def piece(self, item: Item, status: str) -> None:
        """Count an item that reaches gold, of an order with this status."""
        value, done = int(item.quantity * item.price * 100), status == "Finalizado"
        finished = {"finished_quantity": item.quantity, "revenue": value} if done else {}
        self.products[item.product_id].update({"quantity": item.quantity, "gross_value": value, **finished})

    def as_dict(self) -> dict[str, Any]:
        """This day as the truth file holds it; money as text with two decimals."""
        gold = {"sales_by_branch_day": self._branch_rows(), "product_sales": self._product_rows()}
        return {**self.layers(TABLES), "gold": gold}

    def _branch_rows(self) -> list[dict[str, Any]]:
        return [
            {"order_date": day, "unit_id": unit, "orders": totals["orders"]}
            | {name: _money(totals[name]) for name in ("gross_value", *_BY_STATUS.values(), "delivery_fees")}
            for (day, unit), totals in sorted(self.branches.items())
        ]

    def _product_rows(self) -> list[dict[str, Any]]:
        return [
            {
                "product_id": product,
                "quantity": t["quantity"],
                "gross_value": _money(t["gross_value"]),
                "finished_quantity": t["finished_quantity"],
                "revenue": _money(t["revenue"]),
            }
            for product, t in sorted(self.products.items())
        ]


class Truth(Protocol):
    """The truth about one business date."""

    def as_dict(self) -> dict[str, Any]:
        """The day as the truth file holds it."""


def _money(amount: int) -> str:
    return f"{Decimal(amount) / 100:.2f}"


def write_truth(path: Path, seed: int, days: Mapping[date, Truth]) -> None:
    """Write the truth about some days as JSON; it holds when the days go through the layers in their order."""
    body = {"seed": seed, "business_dates": {day.isoformat(): truth.as_dict() for day, truth in days.items()}}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(body, ensure_ascii=False, indent=1), encoding="utf-8")
