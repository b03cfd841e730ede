"""What is worth a look in a unit's day: files that did not come; sales, cancellations, prices unlike its own past."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from math import sqrt
from statistics import median
from typing import NamedTuple

from mrhealth_sales.robust import OUTLIER, chance_of_at_least, modified_z

UNREADABLE, MISSING = "unreadable_delivery", "missing_file"
CRITICAL, WARNING, INFO = SEVERITIES = ("critical", "warning", "info")
WEEK = 7
SAME_WEEKDAYS = 4  # fewer say too little about a weekday
LEAST_DEVIATION = Decimal("0.2")  # of what is usual: a very regular unit is not to alarm anyone over a trifle
SPIKE, WILD_SPIKE = 1e-3, 1e-6  # the chance of as many cancellations, below which they are told
LEAST_CANCELLED = 3
WILD_PRICE = Decimal("0.5")
UNIT = Decimal("0.0001")


class UnitDay(NamedTuple):
    """What is known of a unit's day: its orders and their value, and whether its files came in that day's drop;
    `late` of its orders came in the drop that is judged, though that is of a later day."""

    day: date
    orders: int
    cancelled: int
    gross_value: Decimal
    orders_came: bool
    items_came: bool
    late: int = 0


class Price(NamedTuple):
    """What a product cost in a unit on a day."""

    product_id: int
    day: date
    price: Decimal


class Refusals(NamedTuple):
    """What of a unit's delivery the product misses: of `rows` those refused, of the money in its orders what stands in
    refused ones, and the names of files that could not be read at all."""

    rows: int
    refused: int
    value: Decimal
    refused_value: Decimal
    unread: Sequence[str]


class Alert(NamedTuple):
    """One row of the alerts table, without its unit."""

    kind: str
    metric: str
    observed: Decimal
    expected: Decimal
    severity: str
    message: str


def alerts_of(unit_id: int, today: date, days: Sequence[UnitDay], prices: Sequence[Price]) -> Iterator[Alert]:
    """The alerts of one unit: `days` and `prices` are those of the window, today's among them if there was anything."""
    own = next((day for day in days if day.day == today), UnitDay(today, 0, 0, Decimal(0), False, False))
    past = [day for day in days if day.day < today and day.orders_came]
    yield from _missing(unit_id, own)
    yield from _late(unit_id, days)
    if own.orders_came:
        yield from _unusual(unit_id, own, past)
        yield from _cancelled(unit_id, own, past)
    yield from _repriced(unit_id, today, prices)


def unreadable(unit_id: int, today: date, refusals: Refusals, most: float) -> Iterator[Alert]:
    """The alerts of a unit that sent what cannot be read: a file, or more than a share (`most`) of rows or money."""
    if refusals.unread:
        told = f"unit {unit_id}: {', '.join(refusals.unread)} of {today} could not be read"
        yield Alert(UNREADABLE, "unread_files", _figure(len(refusals.unread)), _figure(0), CRITICAL, told)
    if refusals.refused > refusals.rows * most:
        share = Decimal(refusals.refused) / refusals.rows
        told = f"unit {unit_id}: {refusals.refused} of {refusals.rows} rows of {today} were refused; see the quarantine"
        yield Alert(UNREADABLE, "refused_share", _figure(share), _figure(Decimal(most)), CRITICAL, told)
    if refusals.refused_value > refusals.value * Decimal(most):
        share = refusals.refused_value / refusals.value
        told = f"unit {unit_id}: orders of {refusals.refused_value} of {refusals.value} of {today} were refused"
        yield Alert(UNREADABLE, "refused_value_share", _figure(share), _figure(Decimal(most)), CRITICAL, told)


def is_grave(kind: str, severity: str) -> bool:
    """Whether an alert says that the product lacks what a unit had to send: such a night is no plain success."""
    return severity == CRITICAL and kind in (UNREADABLE, MISSING)


def is_judged(today: date, days: Iterable[UnitDay]) -> bool:
    """Whether a unit has past enough that its sales and cancellations of today can be called unusual."""
    return len(_same_weekday(today, [day for day in days if day.orders_came])) >= SAME_WEEKDAYS


def _missing(unit_id: int, own: UnitDay) -> Iterator[Alert]:
    lost = [n for n, came in (("pedido.csv", own.orders_came), ("item_pedido.csv", own.items_came)) if not came]
    if lost:
        severity = CRITICAL if len(lost) == 2 else WARNING
        told = f"unit {unit_id}: no {' and no '.join(lost)} that can be read came for {own.day}"
        yield Alert(MISSING, "files", _figure(2 - len(lost)), _figure(2), severity, told)


def _late(unit_id: int, days: Sequence[UnitDay]) -> Iterator[Alert]:
    late = [day for day in days if day.late]
    if late:
        told = ", ".join(f"{day.late} of {day.day}" for day in late)
        orders = sum(day.late for day in late)
        words = f"unit {unit_id}: orders that came later than their day: {told}"
        yield Alert("late_file", "late_orders", _figure(orders), _figure(0), INFO, words)


def _unusual(unit_id: int, own: UnitDay, past: Sequence[UnitDay]) -> Iterator[Alert]:
    """Sales far from the unit's own weekday: by the modified z-score of today's deviation among those of the window's
    days, for a weekday alone has too few days to tell how much they scatter."""
    expected = _usual(own, past, SAME_WEEKDAYS)
    if not expected:
        return
    scatter = [_deviation(day, usual) for day in past if (usual := _usual(day, past, SAME_WEEKDAYS - 1))]
    z = modified_z(_deviation(own, expected), scatter)
    if abs(z) > OUTLIER and abs(own.gross_value - expected) >= LEAST_DEVIATION * expected:
        severity = CRITICAL if abs(z) > 2 * OUTLIER else WARNING
        told = f"unit {unit_id}: sales of {own.gross_value:.2f} on {own.day}, {expected:.2f} are usual on that weekday"
        yield Alert("unusual_sales", "gross_value", _figure(own.gross_value), _figure(expected), severity, told)


def _usual(day: UnitDay, past: Iterable[UnitDay], least: int) -> Decimal | None:
    """The median sales of the other days of its weekday; None if they are fewer than `least`, or it is nothing."""
    same = [other.gross_value for other in _same_weekday(day.day, past)]
    return (median(same) or None) if len(same) >= least else None


def _deviation(day: UnitDay, usual: Decimal) -> float:
    """Of square roots, for the scatter of sums of orders grows with their mean (Bartlett, Biometrics 3, 1947)."""
    return sqrt(day.gross_value / usual)


def _same_weekday(today: date, days: Iterable[UnitDay]) -> list[UnitDay]:
    """The days of the same weekday, other than the day itself."""
    return [day for day in days if day.day != today and day.day.weekday() == today.weekday()]


def _cancelled(unit_id: int, own: UnitDay, past: Sequence[UnitDay]) -> Iterator[Alert]:
    """More cancelled orders than the unit's own share of the window makes believable."""
    if not is_judged(own.day, past) or own.cancelled < LEAST_CANCELLED:
        return
    # Half a cancellation more than there were, so that a unit without any does not make the first three impossible.
    share = (sum(day.cancelled for day in past) + 0.5) / (sum(day.orders for day in past) + 1)
    chance = chance_of_at_least(own.cancelled, own.orders, share)
    if chance < SPIKE:
        severity = CRITICAL if chance < WILD_SPIKE else WARNING
        told = f"unit {unit_id}: {own.cancelled} of {own.orders} orders of {own.day} cancelled, {share:.1%} are usual"
        figures = _figure(Decimal(own.cancelled) / own.orders), _figure(Decimal(share))
        yield Alert("cancellation_spike", "cancelled_share", *figures, severity, told)


def _repriced(unit_id: int, today: date, prices: Sequence[Price]) -> Iterator[Alert]:
    """Each product whose price is another than the last one known in this unit."""
    by_day = sorted(prices, key=lambda price: (price.product_id, price.day))
    before = {price.product_id: price.price for price in by_day if price.day < today}
    for product_id, _, price in (seen for seen in by_day if seen.day == today):
        known = before.get(product_id, price)
        if price != known:
            wild = not known or abs(price - known) / known >= WILD_PRICE
            told = f"unit {unit_id}: product {product_id} costs {price} since {today}, before {known}"
            metric, severity = f"price of product {product_id}", WARNING if wild else INFO
            yield Alert("price_change", metric, _figure(price), _figure(known), severity, told)


def _figure(value: Decimal | int) -> Decimal:
    return Decimal(value).quantize(UNIT)
