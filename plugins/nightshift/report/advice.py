"""Advice on the machines of a pipeline's nights: what other ones would cost by a simple model. Pure: nothing changes.

The model: the part of the work that tasks did in parallel takes longer with fewer cores, the rest takes as long as
before (Amdahl's law). Prices are On-Demand, so a proposal with Spot costs less than it says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add as plus
from statistics import median
from typing import Any

from nightshift.compute import cost
from nightshift.compute.instances import Table
from nightshift.report.spark_events import Usage

LAST = 30  # nights that are looked at
SLOWER = 1.5  # no proposal makes the work take longer than this many times as long
LEAST_SAVING = 0.05  # of the cost; less is within the model's error
ROOM = 0.5  # a heap below this share of a node's memory could do with half the memory
Record = Mapping[str, Any]


@dataclass(frozen=True)
class Machines:
    """A cluster: one primary node and so many workers of the same type."""

    type: str
    workers: int

    def hourly(self, table: Table) -> float:
        """Dollars per hour, On-Demand."""
        return (table.price(self.type).total + cost.disks(self.type, table)) * (self.workers + 1)

    def cores(self, table: Table) -> int:
        """The workers' virtual CPUs."""
        return table.type(self.type).vcpu * self.workers

    def __str__(self) -> str:
        return f"1 + {self.workers} {self.type}"


@dataclass(frozen=True)
class Proposal:
    """Other machines, with the minutes and dollars that a night would take by the model, the dollars by the same model
    of the present ones, On-Demand, and the share saved."""

    machines: Machines
    minutes: float
    usd: float
    now: float
    saving: float


def nights(records: Iterable[Record], target: str) -> list[Record]:
    """The last nights on a target that were no failure and have a price; oldest first."""
    good = [
        record
        for record in records
        if record["outcome"] != "failed"
        and record["cost"]["measured"] is not None
        and (record.get("compute") or {}).get("target") == target
    ]
    return sorted(good, key=lambda record: str(record["ended_at"]))[-LAST:]


def used(known: Sequence[Record]) -> Usage | None:
    """What Spark used in the newest night that says it of every layer, and was not too short to say anything; None if
    none was."""
    for record in reversed(known):
        layers = [manifest.get("spark") for manifest in record.get("layers") or ()]
        if layers and all(layers) and (whole := reduce(plus, (Usage(**layer) for layer in layers))).tasks:
            return whole
    return None


def shares(known: Sequence[Record]) -> dict[str, float]:
    """The medians of the seconds that were billed, start_up, working and idle; empty if no record says so."""
    seconds = [record["cost"]["seconds"] for record in known if (record["cost"].get("seconds") or {}).get("billed")]
    return {key: median(each[key] for each in seconds) for key in seconds[0]} if seconds else {}


def elsewhere(known: Sequence[Record]) -> Iterator[tuple[str, float, float]]:
    """Each other target on which the median night would have cost less: its dollars and the share saved."""
    paid = median(record["cost"]["measured"] for record in known)
    names = dict.fromkeys(name for record in known for name in record["cost"].get("elsewhere", {}))
    for name in names:
        usd = median(r["cost"]["elsewhere"][name] for r in known if name in r["cost"].get("elsewhere", {}))
        if paid and usd < paid * (1 - LEAST_SAVING):
            yield name, usd, 1 - usd / paid


def machines(now: Machines, used: Usage, seconds: Mapping[str, float], table: Table) -> Proposal | None:
    """The cheapest machines that keep the work within SLOWER of its time, with enough memory; None if none saves
    LEAST_SAVING. `seconds`: of a usual night (shares)."""
    beside, working = seconds["start_up"] + seconds["idle"], seconds["working"]
    paid = now.hourly(table) * (working + beside) / 3600
    options = []
    for other in (Machines(name, n) for name in _types(now, used, table) for n in range(1, 2 * now.workers + 1)):
        slower = _slower(now.cores(table) / other.cores(table), used)
        usd, minutes = other.hourly(table) * (working * slower + beside) / 3600, (working * slower + beside) / 60
        if slower <= SLOWER and 1 - usd / paid >= LEAST_SAVING:
            options.append(Proposal(other, round(minutes, 1), round(usd, 4), round(paid, 4), round(1 - usd / paid, 4)))
    return min(options, key=lambda proposal: (proposal.usd, proposal.minutes), default=None)


def _slower(cores: float, used: Usage) -> float:
    """How many times as long the work takes if there were as many cores before as `cores` times those after."""
    return 1 - used.busy + used.busy * cores


def _types(now: Machines, used: Usage, table: Table) -> list[str]:
    """The types that may replace the present one: of its architecture, with as many CPUs, and with as much memory
    unless the executors' heaps left half of it and nothing was spilled."""
    own = table.type(now.type)
    can_be_less = 0 < used.heap < ROOM * own.gib * 2**30 and not used.spilled
    least = own.gib * (ROOM if can_be_less else 1)
    return [
        kind.name
        for kind in table.types.values()
        if (kind.architecture, kind.vcpu) == (own.architecture, own.vcpu) and kind.gib >= least
        if kind.name in table.prices
    ]
