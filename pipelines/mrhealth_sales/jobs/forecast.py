"""Forecast a unit's sales of a product over the next seven days: a few simple methods, one chosen by a backtest.

Methods forecast the week's total. It is divided over the days by the weekdays' shares in the history (average
historical proportions: Gross and Sohl, Journal of Forecasting 9, 1990). The band around a figure is as wide as the
backtest's own errors: split conformal prediction (Lei et al., Journal of the American Statistical Association 113,
2018), which assumes no distribution, only that next week is like the weeks of the backtest.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from math import ceil
from statistics import mean, median
from typing import NamedTuple

from mrhealth_sales.jobs.robust import theil_sen

WEEK = 7
NEEDED_DAYS = 4 * WEEK  # two weeks to forecast from, and eight origins for the backtest
MOST_ORIGINS = 4 * WEEK
INSUFFICIENT = "insufficient_history"
NAIVE, USUAL = "naive", "smoothed"
# The origins overlap, so their errors cannot show small differences: a challenger must be better by this factor.
CLEARLY_BETTER = 0.8
COVERAGE = 0.8  # the share of weeks whose figure is to lie within its band
Days = Sequence[float]


class Band(NamedTuple):
    """Pieces expected, and the limits within which they are expected to lie COVERAGE of the time."""

    quantity: float
    low: float
    high: float


class Forecast(NamedTuple):
    """Pieces in the next seven days, and the method; `error` is the mean absolute error of its seven-day totals over
    the backtest, `naive_error` that of the naive method; `total` is `quantity` with its band, `path` the same of each
    day. All null (`path` empty) when the history is too short."""

    quantity: float | None
    method: str
    error: float | None
    naive_error: float | None
    total: Band | None = None
    path: tuple[Band, ...] = ()


def forecast(history: Sequence[int | None]) -> Forecast:
    """The forecast from a history of daily quantities, oldest first; None where a day is unknown.

    Every method is backtested at the same origins, each with only the data before it (rolling origin: Tashman,
    International Journal of Forecasting 16, 2000); a week with an unknown day is not used as an outcome.
    """
    if len(history) - history.count(None) < NEEDED_DAYS:
        return Forecast(None, INSUFFICIENT, None, None)
    days = _filled(history)
    origins = [o for o in _origins(len(days)) if None not in history[o : o + WEEK]]
    if not origins:
        return Forecast(None, INSUFFICIENT, None, None)
    errors = {name: _error(method, days, origins) for name, method in METHODS.items()}
    best = _best(errors)
    total, *path = _bands(best, days, origins)
    return Forecast(total.quantity, best, errors[best], errors[NAIVE], total, tuple(path))


def _bands(method: str, days: Days, origins: Sequence[int]) -> Iterator[Band]:
    """The week's total, then each of its days. A day's band comes from the errors on its own weekday: a Saturday's
    sales scatter more than a Monday's."""
    paths = {origin: _path(method, days[:origin]) for origin in origins}
    weeks = [abs(sum(path) - sum(days[o : o + WEEK])) for o, path in paths.items()]
    by_weekday: dict[int, list[float]] = defaultdict(list)
    for origin, path in paths.items():
        for day, quantity in enumerate(path, origin):
            by_weekday[day % WEEK].append(abs(quantity - days[day]))
    yield _band(METHODS[method](days), weeks)
    for day, quantity in enumerate(_path(method, days), len(days)):
        yield _band(quantity, by_weekday[day % WEEK])


def _band(quantity: float, errors: Sequence[float]) -> Band:
    """A band of the errors' conformal quantile on both sides; the largest error if there are too few for it."""
    rank = min(len(errors), ceil((len(errors) + 1) * COVERAGE))
    reach = sorted(errors)[rank - 1]
    return Band(quantity, max(0.0, quantity - reach), quantity + reach)


def _path(method: str, days: Days) -> list[float]:
    """The method's total divided over the next seven days."""
    total, shares = METHODS[method](days), SHARES[method](days)
    whole = sum(shares)
    return [total * share / whole if whole else total / WEEK for share in shares]


def _best(errors: Mapping[str, float]) -> str:
    """The smoothing method, unless the backtest clearly favours another."""
    best = min(errors, key=lambda name: errors[name])
    return best if errors[best] < CLEARLY_BETTER * errors[USUAL] else USUAL


def _origins(length: int) -> range:
    """Each splits the history into the data before an origin and the week after it."""
    last = length - WEEK
    return range(max(2 * WEEK, last - MOST_ORIGINS + 1), last + 1)


def _error(method: Callable[[Days], float], days: Days, origins: Sequence[int]) -> float:
    return mean(abs(method(days[:o]) - sum(days[o : o + WEEK])) for o in origins)


def _filled(history: Sequence[int | None]) -> list[float]:
    """An unknown day takes the value of the last known day of its weekday; before any is known, of the next one."""
    filled: list[float] = []
    for n, quantity in enumerate(history):
        if quantity is None:
            later = (known for known in history[n::WEEK] if known is not None)
            filled.append(filled[n - WEEK] if n >= WEEK else float(next(later, 0)))
        else:
            filled.append(float(quantity))
    return filled


def _weeks(days: Days, most: int) -> list[float]:
    """The totals of the last whole weeks, oldest first: any seven days contain each weekday once."""
    count = min(most, len(days) // WEEK)
    ends = range(len(days) - WEEK * (count - 1), len(days) + 1, WEEK)
    return [sum(days[end - WEEK : end]) for end in ends]


def _weekdays(days: Days, most: int) -> Iterator[Days]:
    """The last quantities of each weekday, tomorrow's first."""
    return (days[-place::-WEEK][:most] for place in range(WEEK, 0, -1))


def naive(days: Days) -> float:
    """Repeat last week."""
    return sum(days[-WEEK:])


def weekday_median(days: Days) -> float:
    """The median of each weekday over four weeks: one outlier changes nothing."""
    return sum(_medians(days))


def _medians(days: Days) -> Days:
    return [median(same) for same in _weekdays(days, 4)]


def _means(days: Days) -> Days:
    return [sum(same) / len(same) for same in _weekdays(days, 8)]


def _last_week(days: Days) -> Days:
    return days[-WEEK:]


def smoothed(days: Days) -> float:
    """Simple exponential smoothing (Brown, 1959) of eight weekly totals, with alpha 0.3."""
    weeks = _weeks(days, 8)
    level = median(weeks[:2])
    for total in weeks:
        level += 0.3 * (total - level)
    return level


def damped_trend(days: Days) -> float:
    """The median of eight weeks extrapolated along their Theil-Sen line, with the slope damped to 0.8."""
    weeks = _weeks(days, 8)
    return max(0.0, median(weeks) + 0.8 * theil_sen(weeks) * (len(weeks) + 1) / 2)


METHODS: dict[str, Callable[[Days], float]] = {
    USUAL: smoothed,
    NAIVE: naive,
    "weekday_median": weekday_median,
    "damped_trend": damped_trend,
}
# What each method makes of the weekdays, tomorrow's first.
SHARES: dict[str, Callable[[Days], Days]] = {
    USUAL: _means,
    NAIVE: _last_week,
    "weekday_median": _medians,
    "damped_trend": _means,
}
