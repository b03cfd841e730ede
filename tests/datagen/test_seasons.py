"""Generated seasons: the same for the same seed, with the pattern, the trend and the incidents that they promise."""

import json
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

from datagen.__main__ import main
from datagen.seasons import (
    CANCELLATIONS,
    LATE,
    MISSING,
    PRICE,
    SLUMP,
    SURGE,
    Incident,
    Seasons,
    drop_of,
    orders_of,
    sold,
    with_incidents,
)

DAY = date(2025, 12, 3)


def orders(seasons: Seasons, day: date = DAY, unit: int = 1) -> int:
    return len(orders_of(seasons, unit, day))


def struck(kind: str, product: int | None = None) -> Seasons:
    return Seasons(incidents=(Incident(DAY, 1, kind, product),))


def test_the_same_seed_gives_the_same_orders_and_another_gives_others() -> None:
    assert orders_of(Seasons(), 1, DAY) == orders_of(Seasons(), 1, DAY) != orders_of(Seasons(seed=2), 1, DAY)


def test_a_saturday_sells_twice_a_monday_and_the_last_week_more_than_the_first() -> None:
    seasons = Seasons(days=70, trend=0.05, noise=0.01, orders=200)
    by_weekday: Counter[int] = Counter()
    for day in seasons.dates():
        by_weekday[day.weekday()] += orders(seasons, day)
    assert 1.8 < by_weekday[5] / by_weekday[0] < 2.2
    first, last = seasons.dates()[:7], seasons.dates()[-7:]
    assert 1.3 < sum(orders(seasons, d) for d in last) / sum(orders(seasons, d) for d in first) < 1.6


def test_a_surge_and_a_slump_are_the_units_own_and_last_a_day() -> None:
    usual = orders(Seasons())
    assert orders(struck(SURGE)) > 2.5 * usual and orders(struck(SLUMP)) < 0.3 * usual
    assert orders(struck(SURGE), unit=2) == orders(Seasons(), unit=2)
    assert orders(struck(SURGE), DAY + timedelta(1)) == orders(Seasons(), DAY + timedelta(1))


def test_a_missing_file_never_comes_and_a_late_one_comes_a_day_later() -> None:
    after = DAY + timedelta(1)
    assert drop_of(struck(MISSING), 1, DAY) is drop_of(struck(LATE), 1, DAY) is None
    assert {order.day for order in drop_of(struck(MISSING), 1, after) or ()} == {after}
    assert {order.day for order in drop_of(struck(LATE), 1, after) or ()} == {DAY, after}
    history = sold(struck(MISSING), 1)
    assert all(days[(DAY - Seasons().first_day).days] is None and days.count(None) == 1 for days in history.values())


def test_a_price_rises_once_and_stays() -> None:
    seasons = struck(PRICE, product=3)
    prices = [seasons.price(1, 3, DAY + timedelta(n)) for n in (-1, 0, 1)]
    assert prices[0] < prices[1] == prices[2]
    assert seasons.price(2, 3, DAY) == seasons.price(1, 3, DAY - timedelta(1))


def test_a_spike_of_cancellations_cancels_most_orders() -> None:
    statuses = Counter(order.status for order in orders_of(struck(CANCELLATIONS), 1, DAY))
    assert statuses["Cancelado"] > statuses.total() / 3
    assert Counter(order.status for order in orders_of(Seasons(), 1, DAY))["Cancelado"] < statuses.total() / 5


def test_the_command_writes_drops_and_tells_the_incidents_elsewhere(tmp_path: Path) -> None:
    words = [
        "seasons",
        "--out",
        str(tmp_path / "d"),
        "--truth",
        str(tmp_path / "t.json"),
        "--days",
        "40",
        "--units",
        "3",
    ]
    main(words)
    told = json.loads((tmp_path / "t.json").read_text())["incidents"]
    shape = with_incidents(Seasons(units=3, days=40))
    assert [incident["day"] for incident in told] == [incident.day.isoformat() for incident in shape.incidents]
    folders = {f.parent for f in (tmp_path / "d" / "csv_sales").rglob("*.csv")}
    lost = sum(incident["kind"] in (MISSING, LATE) for incident in told)
    assert len(folders) == 3 * 40 - lost and lost
