"""What a night is expected to cost and take: by its own last nights where there are enough, else by the plan. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from statistics import median, quantiles
from typing import Any
from zoneinfo import ZoneInfo

from nightshift.contracts.pipeline import BACKFILL
from nightshift.run.tasks import Task

LEAST, MOST = 5, 30  # nights that are looked at
NIGHTS, PLAN = "nights", "plan"


@dataclass(frozen=True)
class Expected:
    """Dollars, and minutes of the compute with its start: the median and what nine of ten nights stay within. A plan
    has one figure for both."""

    basis: str
    nights: int
    usd: float
    usd_p90: float
    minutes: float
    minutes_p90: float

    @property
    def words(self) -> str:
        """The figures and where they are from, for a plan."""
        if self.basis == PLAN:
            few = f"fewer than {LEAST} nights like it are known"
            return f"costs about ${self.usd:.2f} and takes {self.minutes:.0f} minutes by the plan ({few})"
        most = f"nine of ten under ${self.usd_p90:.2f} and {self.minutes_p90:.0f} minutes"
        return (
            f"costs about ${self.usd:.2f} and takes {self.minutes:.0f} minutes (median of {self.nights} nights; {most})"
        )

    @property
    def facts(self) -> dict[str, Any]:
        """The figures as JSON."""
        return asdict(self)


def planned(usd: float, minutes: float) -> Expected:
    """The expectation of a plan."""
    return Expected(PLAN, 0, usd, usd, minutes, minutes)


def of(nights: Iterable[Mapping[str, Any]], target: str, shape: str, plan: Expected) -> Expected:
    """The expectation of a night on `target` with machines of this `shape`, from the pipeline's nights in the index,
    oldest first; `plan` if fewer than LEAST of the last are like it. Failed nights ended early and do not count."""
    like = [
        night
        for night in nights
        if (night.get("target"), night.get("shape")) == (target, shape)
        and night["outcome"] != "failed"
        and night["usd"] is not None
        and night.get("minutes")
    ][-MOST:]
    if len(like) < LEAST:
        return plan
    usd, minutes = [night["usd"] for night in like], [night["minutes"] for night in like]
    return Expected(NIGHTS, len(like), *_figures(usd, 4), *_figures(minutes, 1))


def month(moment: datetime, timezone: str) -> str:
    """The month that a night of this moment counts to, as 2026-01."""
    return f"{moment.astimezone(ZoneInfo(timezone)):%Y-%m}"


def spent(money: Mapping[str, Any], product: str, of_month: str) -> float:
    """Dollars that a product's nights and backfills cost in a month, as far as their reports are in the index."""
    paid = money.get(of_month, {})
    return float(round(sum(paid.get(dag, {}).get("usd", 0) for dag in (product, f"{BACKFILL}{product}")), 4))


def checked(entries: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """What preflight last checked, by the run's ledger; empty if it never ended."""
    ended = [e for e in entries if (e["task"], e["phase"]) == (Task.PREFLIGHT, "end")]
    return ended[-1] if ended else {}


def reserved(entries: Sequence[Mapping[str, Any]], otherwise: float) -> float:
    """The dollars that nine of ten runs like the one of this ledger stay within, as its preflight expected;
    `otherwise` while that has not ended."""
    known = checked(entries)
    return float((known.get("expected") or {}).get("usd_p90", known.get("estimate_usd", otherwise)))


def _figures(values: Sequence[float], digits: int) -> tuple[float, float]:
    """Median and 90th percentile, between the two nearest values."""
    return round(median(values), digits), round(quantiles(values, n=10, method="inclusive")[-1], digits)
