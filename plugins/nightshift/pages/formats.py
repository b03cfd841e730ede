"""Numbers, money, dates and times in the two languages of a page. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any
from zoneinfo import ZoneInfo

Both = tuple[str, str]  # Portuguese, English
NONE = "\N{EN DASH}"
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
MINUTE, HOUR = 60, 3600
_SWAPPED = str.maketrans(",.", ".,")
_EXACT = Context(prec=400, rounding=ROUND_HALF_UP, traps=[])  # the digits of any double; of infinity NaN


def both(value: Any, kind: str, zone: str = "UTC") -> Both:
    """The value in Portuguese and in English. `kind` is a key of KINDS; times are shown in `zone`."""
    if value is None:
        return NONE, NONE
    if kind in {"time", "moment"}:
        return KINDS[kind](datetime.fromisoformat(str(value)).astimezone(ZoneInfo(zone)))
    return KINDS[kind](value)


def days(dates: Sequence[Any]) -> list[Both]:
    """The labels of a chart's days: short, with the year where the years differ."""
    kind = "short" if len({str(day)[:4] for day in dates}) < 2 else "short_year"
    return [both(day, kind) for day in dates]


def _decimals(digits: int, before: str = "", after: str = "") -> Callable[[Any], Both]:
    def shown(value: Any) -> Both:
        english = f"{abs(_rounded(value, digits)):,.{digits}f}"
        sign = "-" if value < 0 and english.strip("0.") else ""
        return f"{sign}{before}{english.translate(_SWAPPED)}{after}", f"{sign}{before}{english}{after.strip()}"

    return shown


def _rounded(value: Any, digits: int) -> Decimal:
    """Half away from zero, as a spreadsheet and SQL round what is written: 81.25 is 81.3."""
    return _EXACT.quantize(Decimal(str(value)), Decimal(1).scaleb(-digits))


def _share(digits: int) -> Callable[[Any], Both]:
    shown = _decimals(digits, after="%")
    return lambda value: shown(Decimal(str(value)) * 100)


def _change(value: Any) -> Both:
    pt, en = _share(0)(value)
    return (f"+{pt}", f"+{en}") if value > 0 and en != "0%" else (pt, en)


def _compact(before: str) -> Callable[[Any], Both]:
    """For axes: 12 mil, 1,5 mi; 12k, 1.5M."""

    def shown(value: Any) -> Both:
        for size, (pt, en) in {1e9: (" bi", "bn"), 1e6: (" mi", "M"), 1e3: (" mil", "k")}.items():
            if abs(value) >= size:
                number = f"{_rounded(value / size, 1)}".removesuffix(".0")
                return f"{before}{number.translate(_SWAPPED)}{pt}", f"{before}{number}{en}"
        digits = 0 if abs(value) >= 100 else 2 if abs(value) >= 0.1 else 4
        number = f"{_rounded(value, digits):f}"
        whole, _, fraction = number.partition(".")
        fraction = fraction.rstrip("0")
        number = f"{whole}.{fraction:0<{2 if before else 1}}" if fraction else whole
        return f"{before}{number.translate(_SWAPPED)}", f"{before}{number}"

    return shown


def _day(value: Any) -> Both:
    day = date.fromisoformat(str(value)[:10])
    return f"{day:%d/%m/%Y}", f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def _short_day(value: Any) -> Both:
    day = date.fromisoformat(str(value)[:10])
    return f"{day:%d/%m}", f"{day.day} {MONTHS[day.month - 1]}"


def _short_year(value: Any) -> Both:
    day = date.fromisoformat(str(value)[:10])
    return f"{day:%d/%m/%y}", f"{day.day} {MONTHS[day.month - 1]} \N{RIGHT SINGLE QUOTATION MARK}{day:%y}"


def _time(moment: datetime) -> Both:
    return (f"{moment:%H:%M:%S}",) * 2


def _moment(moment: datetime) -> Both:
    pt, en = _day(moment.date())
    return f"{pt} {moment:%H:%M}", f"{en}, {moment:%H:%M}"


def _duration(seconds: Any) -> Both:
    whole = round(seconds)
    if whole >= HOUR:
        text = f"{whole // HOUR} h {whole % HOUR // MINUTE:02} min"
    elif whole >= MINUTE:
        text = f"{whole // MINUTE} min {whole % MINUTE:02} s"
    else:
        return _decimals(0 if seconds >= 10 else 1, after=" s")(seconds)[
            0
        ], f"{seconds:.{0 if seconds >= 10 else 1}f} s"
    return text, text


KINDS: dict[str, Callable[[Any], Both]] = {
    "int": _decimals(0),
    "n1": _decimals(1),
    "n2": _decimals(2),
    "n4": _decimals(4),
    "brl": _decimals(2, "R$\u00a0"),
    "brl0": _decimals(0, "R$\u00a0"),
    "usd": _decimals(2, "US$\u00a0"),
    "usd4": _decimals(4, "US$\u00a0"),
    "share": _share(1),
    "share0": _share(0),
    "change": _change,
    "compact": _compact(""),
    "compact_brl": _compact("R$\u00a0"),
    "compact_usd": _compact("US$\u00a0"),
    "day": _day,
    "short": _short_day,
    "short_year": _short_year,
    "time": _time,
    "moment": _moment,
    "duration": _duration,
    "raw": lambda value: (str(value), str(value)),
}
