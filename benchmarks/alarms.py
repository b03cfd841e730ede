"""Whether the alerts are worth reading: how many incidents they find, and how often they cry wolf.

    PYTHONPATH=plugins:include/spark_jobs:pipelines .venv/bin/python -m benchmarks.alarms [--seeds N]

Every unit-day of datagen's seasons that has four weeks before it is judged; what happened on it is known.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from datagen.seasons import CANCELLATIONS, LATE, MISSING, SLUMP, SURGE, Seasons, orders_of, with_incidents
from mrhealth_sales.jobs.alerts import UnitDay, alerts_of, is_judged
from mrhealth_sales.jobs.look_back import WINDOW_DAYS

FOUND_BY = {SURGE: "unusual_sales", SLUMP: "unusual_sales", CANCELLATIONS: "cancellation_spike"}


def main() -> None:
    """Print a Markdown table, a row a size of unit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5, help="chains made up of each size (default 5)")
    seeds = range(1, parser.parse_args().seeds + 1)
    print("| orders a day | unit-days | false: sales | false: cancellations | found: surges | slumps | cancellations |")
    print("|---:|---:|---:|---:|---:|---:|---:|")
    for orders in (12, 30, 100):
        counts: Counter[str] = Counter()
        for seed in seeds:
            counts.update(judged(with_incidents(Seasons(seed=seed, orders=orders, days=WINDOW_DAYS + 35))))
        print(row(orders, counts), flush=True)


def judged(seasons: Seasons) -> Iterator[str]:
    """A word for each unit-day: sound, or its incident; one for each alarm, true or false."""
    for unit_id in range(1, seasons.units + 1):
        days = [unit_day(seasons, unit_id, day) for day in seasons.dates()]
        for n, own in enumerate(days):
            window = days[max(0, n - WINDOW_DAYS) : n + 1]
            if own.orders_came and is_judged(own.day, window):
                kinds = {alert.kind for alert in alerts_of(unit_id, own.day, window, [])}
                yield from told(seasons.incident(unit_id, own.day), kinds)


def told(incident: str | None, kinds: set[str]) -> Iterator[str]:
    """What one judged unit-day counts for."""
    happened = FOUND_BY.get(incident or "")
    yield incident or "sound"
    yield from (f"false {kind}" for kind in kinds - {happened})
    if happened in kinds:
        yield f"found {incident}"


def unit_day(seasons: Seasons, unit_id: int, day: date) -> UnitDay:
    """What silver would know of a unit's day when it is over."""
    came = seasons.incident(unit_id, day) not in (MISSING, LATE)
    orders = orders_of(seasons, unit_id, day) if came else []
    cancelled = sum(order.status == "Cancelado" for order in orders)
    return UnitDay(day, len(orders), cancelled, sum((order.value for order in orders), Decimal(0)), came, came)


def row(orders: int, counts: Counter[str]) -> str:
    """One line of the table."""
    days = sum(n for word, n in counts.items() if " " not in word)
    false = [f"{counts[f'false {kind}'] / days:.1%}" for kind in ("unusual_sales", "cancellation_spike")]
    found = [f"{counts[f'found {kind}']} of {counts[kind]}" for kind in (SURGE, SLUMP, CANCELLATIONS)]
    return f"| {orders} | {days} | {' | '.join(false)} | {' | '.join(found)} |"


if __name__ == "__main__":
    main()
