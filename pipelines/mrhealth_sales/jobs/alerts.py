"""Alerts on a unit's day: missing and late files; sales, cancellations and prices that deviate from the unit's
history."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from math import sqrt
from statistics import median
from typing import NamedTuple

from mrhealth_sales.jobs.robust import OUTLIER, chance_of_at_least, modified_z

UNREADABLE, MISSING, NOT_JUDGED = "unreadable_delivery", "missing_file", "not_judged"
CRITICAL, WARNING, INFO = SEVERITIES = ("critical", "warning", "info")
WEEK = 7
SAME_WEEKDAYS = 4  # fewer days are too small a sample for a weekday
LEAST_DEVIATION = Decimal("0.2")  # share of the usual value: a very regular unit must not alert on a trifle
SPIKE, WILD_SPIKE = 1e-3, 1e-6  # an alert is raised when so many cancellations are less likely
LEAST_CANCELLED = 3
WILD_PRICE = Decimal("0.5")
UNIT = Decimal("0.0001")


class UnitDay(NamedTuple):
    """A unit's day: its orders and their value, and whether its files arrived in that day's delivery; `late` of its
    orders arrived in the delivery being judged, which is of a later day."""

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
    """What the product lacks of a unit's delivery: refused rows out of `rows`, refused value out of its orders'
    `value`, and the names of files that could not be read at all."""

    rows: int
    refused: int
    value: Decimal
    refused_value: Decimal
    unread: Sequence[str]


class Alert(NamedTuple):
    """One row of the alerts table, without its unit and without names."""

    kind: str
    metric: str
    observed: Decimal
    expected: Decimal
    severity: str
    message: str
    product_id: int | None = None


def alerts_of(unit_id: int, today: date, days: Sequence[UnitDay], prices: Sequence[Price]) -> Iterator[Alert]:
    """The alerts of one unit: `days` and `prices` are those of the window, including today's if there are any. Without
    enough history one of them, NOT_JUDGED, says what was not evaluated."""
    own = next((day for day in days if day.day == today), UnitDay(today, 0, 0, Decimal(0), False, False))
    past = [day for day in days if day.day < today and day.orders_came]
    yield from _missing(unit_id, own)
    yield from _late(unit_id, days)
    yield from _young(unit_id, today, past)
    if own.orders_came:
        yield from _unusual(unit_id, own, past)
        yield from _cancelled(unit_id, own, past)
    yield from _repriced(unit_id, today, prices)


def unreadable(unit_id: int, today: date, refusals: Refusals, most: float) -> Iterator[Alert]:
    """The alerts of a unit with an unreadable file, or with more than a share (`most`) of its rows or money refused."""
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


def is_grave(kind: str) -> bool:
    """Whether an alert means that data which a unit had to send is missing: such a run is no plain success."""
    return kind in (UNREADABLE, MISSING)


def is_judged(today: date, days: Iterable[UnitDay]) -> bool:
    """Whether a unit has enough history to judge today's sales and cancellations."""
    return len(_same_weekday(today, [day for day in days if day.orders_came])) >= SAME_WEEKDAYS


def _young(unit_id: int, today: date, past: Sequence[UnitDay]) -> Iterator[Alert]:
    known = len(_same_weekday(today, past))
    if known < SAME_WEEKDAYS:
        why = f"{known} earlier days of this weekday are known, {SAME_WEEKDAYS} are needed"
        words = f"unit {unit_id}: sales and cancellations of {today} are not judged: {why}"
        yield Alert(NOT_JUDGED, "same_weekdays", _figure(known), _figure(SAME_WEEKDAYS), INFO, words)


def _missing(unit_id: int, own: UnitDay) -> Iterator[Alert]:
    lost = [n for n, came in (("pedido.csv", own.orders_came), ("item_pedido.csv", own.items_came)) if not came]
    if lost:
        severity = CRITICAL if len(lost) == 2 else WARNING
        told = f"unit {unit_id}: no {' and no '.join(lost)} that can be read came for {own.day}"
        yield Alert(MISSING, "files", _figure(2 - len(lost)), _figure(2), severity, told)


def _late(unit_id: int, days: Sequence[UnitDay]) -> Iterator[Alert]:
    late = [day for day in days if day.late]
    if late:
        told = ", ".join(f"{day.late} ({day.day})" for day in late)
        orders = sum(day.late for day in late)
        words = f"unit {unit_id}: orders that came later than their day: {told}"
        yield Alert("late_file", "late_orders", _figure(orders), _figure(0), INFO, words)


def _unusual(unit_id: int, own: UnitDay, past: Sequence[UnitDay]) -> Iterator[Alert]:
    """Sales that deviate from the unit's same weekdays: the modified z-score of today's deviation among those of the
    window's days, as one weekday alone has too few days to estimate the scatter."""
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
    """The median sales of the other days of its weekday; None if there are fewer than `least`, or the median is 0."""
    same = [other.gross_value for other in _same_weekday(day.day, past)]
    return (median(same) or None) if len(same) >= least else None


def _deviation(day: UnitDay, usual: Decimal) -> float:
    """The difference of square roots, as the scatter of sums of orders grows with their mean (Bartlett, Biometrics 3,
    1947)."""
    return sqrt(day.gross_value / usual)


def _same_weekday(today: date, days: Iterable[UnitDay]) -> list[UnitDay]:
    """The days of the same weekday, other than the day itself."""
    return [day for day in days if day.day != today and day.day.weekday() == today.weekday()]


def _cancelled(unit_id: int, own: UnitDay, past: Sequence[UnitDay]) -> Iterator[Alert]:
    """An alert when cancellations exceed what the unit's own share in the window makes plausible."""
    if not is_judged(own.day, past) or own.cancelled < LEAST_CANCELLED:
        return
    # Add half a cancellation, so that in a unit without any the first three are not judged impossible.
    share = (sum(day.cancelled for day in past) + 0.5) / (sum(day.orders for day in past) + 1)
    chance = chance_of_at_least(own.cancelled, own.orders, share)
    if chance < SPIKE:
        severity = CRITICAL if chance < WILD_SPIKE else WARNING
        told = f"unit {unit_id}: {own.cancelled} of {own.orders} orders of {own.day} cancelled, {share:.1%} are usual"
        figures = _figure(Decimal(own.cancelled) / own.orders), _figure(Decimal(share))
        yield Alert("cancellation_spike", "cancelled_share", *figures, severity, told)


def _repriced(unit_id: int, today: date, prices: Sequence[Price]) -> Iterator[Alert]:
    """An alert for each product whose price differs from the last known one in this unit."""
    by_day = sorted(prices, key=lambda price: (price.product_id, price.day))
    before = {price.product_id: price.price for price in by_day if price.day < today}
    for product_id, _, price in (seen for seen in by_day if seen.day == today):
        known = before.get(product_id, price)
        if price != known:
            wild = not known or abs(price - known) / known >= WILD_PRICE
            told = f"unit {unit_id}: product {product_id} costs {price} since {today}, before {known}"
            metric, severity = f"price of product {product_id}", WARNING if wild else INFO
            yield Alert("price_change", metric, _figure(price), _figure(known), severity, told, product_id)


def _figure(value: Decimal | int) -> Decimal:
    return Decimal(value).quantize(UNIT)
