"""Whether the stock forecast is worth its trouble: its errors against those of the naive one, on weeks it never saw.

    PYTHONPATH=plugins:include/spark_jobs:pipelines .venv/bin/python -m benchmarks.forecast [--seeds N]

Each series is one product of one unit out of datagen's seasons, without and with incidents. The forecast sees 56 days;
the seven after them are the truth. A ratio below 1 beats "the same weekday last week" in the same run.
"In band" is the share of weeks, and of days, whose truth lies in the forecast's band, which is made for four of five.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from datagen.seasons import Seasons, sold, with_incidents
from mrhealth_sales.jobs.forecast import WEEK, forecast, naive
from mrhealth_sales.jobs.look_back import WINDOW_DAYS

TRENDS = {"falling 2 % a week": -0.02, "level": 0.0, "rising 1 % a week": 0.01, "rising 5 % a week": 0.05}


class Series(NamedTuple):
    """One series held to the truth: pieces off by our method, by the naive one, and what the backtest promised,
    and whether the truth is in its band."""

    method: str
    off: float
    naive_off: float
    promised: float
    naive_promised: float
    week_in_band: bool
    days_in_band: int


def main() -> None:
    """Print a Markdown table, a row a trend."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5, help="chains made up of each kind (default 5)")
    seeds = range(1, parser.parse_args().seeds + 1)
    measures = "error / naive error | promised by the backtest | worse than naive | weeks in band | days in band"
    print(f"| season | series | {measures} | methods chosen |")
    print("|---|---:|---:|---:|---:|---:|---:|---|")
    for name, trend in TRENDS.items():
        shapes = [Seasons(seed=seed, days=WINDOW_DAYS + WEEK, trend=trend) for seed in seeds]
        struck = [with_incidents(shape) for shape in shapes]
        for told, chains in ((name, shapes), (f"{name}, incidents", struck)):
            print(row(told, [series for chain in chains for series in judged(chain)]), flush=True)


def judged(seasons: Seasons) -> Iterator[Series]:
    """Every series of a chain whose last week is known."""
    for unit_id in range(1, seasons.units + 1):
        for history in sold(seasons, unit_id).values():
            truth = [quantity for quantity in history[WINDOW_DAYS:] if quantity is not None]
            told = forecast(history[:WINDOW_DAYS])
            if len(truth) == WEEK and told.quantity is not None and told.total is not None:
                off, naive_off = told.quantity - sum(truth), last_week(history[:WINDOW_DAYS]) - sum(truth)
                errors = (told.error or 0, told.naive_error or 0)
                inside = told.total.low <= sum(truth) <= told.total.high
                days = sum(band.low <= pieces <= band.high for band, pieces in zip(told.path, truth, strict=True))
                yield Series(told.method, abs(off), abs(naive_off), *errors, inside, days)


def last_week(history: list[int | None]) -> float:
    """The naive forecast; a day that is not known is taken from the week before, as the forecast's own does."""
    week = [now if now is not None else before or 0 for before, now in zip(history[-14:-7], history[-7:], strict=True)]
    return naive([float(quantity) for quantity in week])


def row(name: str, found: list[Series]) -> str:
    """One line of the table."""
    ratio = sum(s.off for s in found) / sum(s.naive_off for s in found)
    promised = sum(s.promised for s in found) / sum(s.naive_promised for s in found)
    worse = sum(s.off > s.naive_off for s in found) / len(found)
    chosen = ", ".join(f"{method} {n}" for method, n in Counter(s.method for s in found).most_common())
    bands = (sum(s.week_in_band for s in found), sum(s.days_in_band for s in found) / WEEK)
    covered = " | ".join(f"{n / len(found):.0%}" for n in bands)
    return f"| {name} | {len(found)} | {ratio:.2f} | {promised:.2f} | {worse:.0%} | {covered} | {chosen} |"


if __name__ == "__main__":
    main()
