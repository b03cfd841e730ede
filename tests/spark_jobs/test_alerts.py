"""What alarms and what does not: one unit's window at a time."""

from datetime import date, timedelta
from decimal import Decimal
from random import Random

from mrhealth_sales.jobs.alerts import (
    CRITICAL,
    INFO,
    NOT_JUDGED,
    WARNING,
    Alert,
    Price,
    UnitDay,
    alerts_of,
    is_grave,
    is_judged,
)

TODAY = date(2026, 3, 2)
USUAL = (800, 850, 900, 1000, 1250, 1400, 0)  # by weekday: closed on Sundays


def past(days: int = 56, cancelled: int = 1) -> list[UnitDay]:
    rng = Random(3)
    dates = [TODAY - timedelta(days=n) for n in range(days, 0, -1)]
    return [sold(d, USUAL[d.weekday()] * rng.uniform(0.9, 1.1), cancelled=cancelled) for d in dates]


def sold(day: date, value: float, orders: int = 20, cancelled: int = 1, came: bool = True) -> UnitDay:
    return UnitDay(day, orders, cancelled, Decimal(round(value, 2)), came, came)


def found(today: UnitDay | None, days: list[UnitDay], prices: list[Price] | None = None) -> list[Alert]:
    """The alerts, without the rows that say what was not judged."""
    return [alert for alert in whole(today, days, prices) if alert.kind != NOT_JUDGED]


def whole(today: UnitDay | None, days: list[UnitDay], prices: list[Price] | None = None) -> list[Alert]:
    return list(alerts_of(7, TODAY, [*days, *([today] if today else [])], prices or []))


def test_a_day_like_any_other_alarms_nobody() -> None:
    assert found(sold(TODAY, 810), past()) == []


def test_sales_far_above_or_below_the_units_own_weekday_are_told() -> None:
    for value, expected in ((2400, "gross_value"), (100, "gross_value"), (0, "gross_value")):
        [alert] = found(sold(TODAY, value), past())
        assert (alert.kind, alert.metric, alert.observed) == ("unusual_sales", expected, value)
        assert abs(alert.expected - 800) < 60 and alert.severity == CRITICAL


def test_what_is_usual_on_a_saturday_is_not_usual_on_a_monday() -> None:
    assert [alert.kind for alert in found(sold(TODAY, 1400), past())] == ["unusual_sales"]


def test_a_wild_day_of_the_past_neither_alarms_today_nor_hides_its_like() -> None:
    days = past()
    days[0] = days[0]._replace(gross_value=Decimal(90000))
    assert found(sold(TODAY, 810), days) == []
    assert [alert.kind for alert in found(sold(TODAY, 2400), days)] == ["unusual_sales"]


def test_a_trifle_alarms_nobody_however_regular_the_unit_is() -> None:
    steady = [day._replace(gross_value=Decimal(USUAL[day.day.weekday()])) for day in past()]
    assert found(sold(TODAY, 900), steady) == []
    assert [alert.kind for alert in found(sold(TODAY, 1000), steady)] == ["unusual_sales"]


def test_too_little_history_judges_nothing_and_says_so() -> None:
    young = past(days=27)
    assert not is_judged(TODAY, young) and is_judged(TODAY, past(days=28))
    [row] = whole(sold(TODAY, 9000, cancelled=20), young)
    assert (row.kind, row.metric, row.observed, row.expected, row.severity) == (
        *(NOT_JUDGED, "same_weekdays", 3, 4, INFO),
    )
    assert row.message.endswith("are not judged: 3 earlier days of this weekday are known, 4 are needed")
    assert whole(sold(TODAY, 810), past(days=28)) == []


def test_days_whose_file_did_not_come_are_no_history() -> None:
    lost = [day._replace(orders=0, gross_value=Decimal(0), orders_came=False) for day in past()]
    assert not is_judged(TODAY, lost)
    assert found(sold(TODAY, 9000), lost) == []


def test_a_unit_that_sent_nothing_is_told_and_its_nought_is_not_called_unusual_sales() -> None:
    [alert] = found(None, past())
    assert (alert.kind, alert.observed, alert.expected, alert.severity) == ("missing_file", 0, 2, CRITICAL)
    assert "no pedido.csv and no item_pedido.csv" in alert.message


def test_one_file_of_two_is_told_by_its_name() -> None:
    half = UnitDay(TODAY, 20, 1, Decimal(810), orders_came=True, items_came=False)
    [alert] = found(half, past())
    assert (alert.observed, alert.severity) == (1, WARNING)
    assert "item_pedido.csv" in alert.message and "no pedido.csv" not in alert.message
    assert is_grave(alert.kind)  # the night lacks what the unit sold


def test_orders_that_came_later_than_their_day_are_told_with_the_day() -> None:
    days = past()
    days[-1] = days[-1]._replace(late=3)
    [alert] = found(sold(TODAY, 810), days)
    assert (alert.kind, alert.observed, alert.severity) == ("late_file", 3, INFO)
    assert "3 (2026-03-01)" in alert.message


def test_a_spike_of_cancellations_is_told_and_a_few_are_not() -> None:
    assert found(sold(TODAY, 810, cancelled=3), past()) == []
    [alert] = found(sold(TODAY, 810, cancelled=8), past())
    assert (alert.kind, alert.observed, alert.severity) == ("cancellation_spike", Decimal("0.4"), WARNING)
    assert abs(alert.expected - Decimal("0.05")) < Decimal("0.001")
    assert found(sold(TODAY, 810, cancelled=15), past())[0].severity == CRITICAL


def test_a_unit_that_never_cancelled_is_not_alarmed_by_a_few() -> None:
    assert found(sold(TODAY, 810, cancelled=2), past(cancelled=0)) == []
    assert [a.kind for a in found(sold(TODAY, 810, cancelled=4), past(cancelled=0))] == ["cancellation_spike"]


def price(product: int, days_ago: int, value: str) -> Price:
    return Price(product, TODAY - timedelta(days=days_ago), Decimal(value))


def test_a_price_is_held_to_the_last_one_known_however_long_ago() -> None:
    known = [price(1, 40, "9.90"), price(1, 30, "10.90"), price(2, 1, "5.00"), price(3, 1, "5.00")]
    new = [price(1, 0, "11.90"), price(2, 0, "5.00"), price(4, 0, "7.00")]
    [alert] = found(sold(TODAY, 810), past(), [*new, *known])
    assert (alert.kind, alert.metric) == ("price_change", "price of product 1")
    assert (alert.observed, alert.expected, alert.severity) == (Decimal("11.90"), Decimal("10.90"), INFO)
    assert alert.product_id == 1


def test_a_price_that_halves_or_comes_from_nought_looks_like_a_slip() -> None:
    for before, after in (("10.00", "5.00"), ("0.00", "5.00"), ("1.00", "10.00")):
        [alert] = found(sold(TODAY, 810), past(), [price(1, 3, before), price(1, 0, after)])
        assert alert.severity == WARNING
