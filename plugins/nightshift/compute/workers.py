"""Workers of EMR Serverless, Glue and EMR on EKS: what they have and cost, from list prices and hours. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from nightshift.compute.instances import Table

# The names of rates (instances.Table.rate), for EMR Serverless by its unit in billedResourceUtilization.
SERVERLESS = {
    "vCPUHour": "serverless_vcpu",
    "memoryGBHour": "serverless_memory",
    "storageGBHour": "serverless_storage",
}
GLUE, GLUE_FLEX = "glue_dpu", "glue_flex"
EKS = ("eks_vcpu", "eks_memory")


class Shape(NamedTuple):
    """A worker: virtual CPUs, memory in GB, and Glue's data processing units."""

    cpus: int
    memory: int
    dpus: float


SHAPES = {"G.1X": Shape(4, 16, 1), "G.2X": Shape(8, 32, 2), "G.4X": Shape(16, 64, 4)}  # Glue guide, "Worker types"


def source(table: Table, rates: Iterable[str]) -> dict[str, str]:
    """Where these rates come from (ComputeTarget.prices). Raises PreflightError for a region without prices."""
    names = [name for name in rates if table.rate(name)]
    return {
        "prices_as_of": table.oldest(names),
        "prices": "; ".join(dict.fromkeys(table.rates[name].source for name in names)),
    }


def serverless_hours(shape: Shape, workers: int, minutes: float) -> dict[str, float]:
    """What so many workers use in so many minutes; each is billed for one at least."""
    hours = workers * max(minutes, 1) / 60
    return {"vCPUHour": shape.cpus * hours, "memoryGBHour": shape.memory * hours}


def serverless(used: Mapping[str, float], table: Table) -> float:
    """Dollars for what a job used, in the units of EMR Serverless' billedResourceUtilization. Raises PreflightError for
    a region without prices."""
    return round(sum(table.rate(SERVERLESS[unit]) * amount for unit, amount in used.items()), 4)


def glue(dpu_hours: float, table: Table, *, flex: bool = False) -> float:
    """Dollars for data processing units times hours. Raises as `serverless` does."""
    return round(dpu_hours * table.rate(GLUE_FLEX if flex else GLUE), 4)


def eks(cpus: int, memory: int, hours: float, table: Table) -> float:
    """Dollars that EMR on EKS adds for so many hours of pods of that size. Raises as `serverless` does."""
    cpu, gb = map(table.rate, EKS)
    return (cpus * cpu + memory * gb) * hours
