"""Which seconds of a shared cluster are whose. Pure.

A second in which a run's step works is that run's. Any other, of start-up or idleness, is shared equally by the runs
that use the cluster then. So each second belongs to somebody, the shares of all runs are the whole bill, and the share
of a run that has left changes no more (docs/decisions/0058-one-cluster-for-several.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise


@dataclass(frozen=True)
class Span:
    """A time in which a run used the cluster, or in which its step worked; `end` is None while it goes on."""

    run: str
    begin: datetime
    end: datetime | None = None

    def covers(self, moment: datetime) -> bool:
        return self.begin <= moment and (self.end is None or moment < self.end)


def owned(run: str, stays: Sequence[Span], works: Sequence[Span], begin: datetime, end: datetime) -> float:
    """The seconds between `begin` and `end` that are the run's. `stays`: the times in which runs used the cluster, at
    least one; `works`: in which their steps worked."""
    edges = {begin, end, *(edge for span in (*stays, *works) for edge in (span.begin, span.end) if edge)}
    cuts = sorted(edge for edge in edges if begin <= edge <= end)
    shares = ((_owners(stays, works, start), (until - start).total_seconds()) for start, until in pairwise(cuts))
    return sum(seconds / len(owners) for owners, seconds in shares if run in owners)


def _owners(stays: Sequence[Span], works: Sequence[Span], moment: datetime) -> set[str]:
    present = {stay.run for stay in stays if stay.covers(moment)}
    working = {work.run for work in works if work.covers(moment)} & present
    return working or present or {_nearest(stays, moment)}


def _nearest(stays: Sequence[Span], moment: datetime) -> str:
    """Whose a moment without any run is: of the last that left before it, else of the first that came."""
    gone = [stay for stay in stays if stay.end and stay.end <= moment]
    return max(gone, key=lambda stay: stay.end or moment).run if gone else min(stays, key=lambda stay: stay.begin).run
