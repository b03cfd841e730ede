"""Workers of EMR Serverless, Glue and EMR on EKS: what they have and cost, from dated list prices and hours. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from nightshift.compute.instances import YARDSTICK, Table

AS_OF = "2026-11-28"  # of these prices, us-east-1; sources: docs/decisions/0005-prices.md
SERVERLESS = {"vCPUHour": 0.052624, "memoryGBHour": 0.0057785, "storageGBHour": 0.000111}  # $; x86, storage above 20 GB
DPU, DPU_FLEX = 0.44, 0.29  # $ per hour of a data processing unit of Glue
EKS_CPU, EKS_GB = 0.01012, 0.00111125  # $ per hour that EMR on EKS adds to a pod, by what it asks for


class Shape(NamedTuple):
    """A worker: virtual CPUs, memory in GB, and Glue's data processing units."""

    cpus: int
    memory: int
    dpus: float


SHAPES = {"G.1X": Shape(4, 16, 1), "G.2X": Shape(8, 32, 2), "G.4X": Shape(16, 64, 4)}  # Glue guide, "Worker types"


def source(table: Table) -> dict[str, str]:
    """Where the prices come from (ComputeTarget.prices)."""
    scaled = "" if _dearer(table) == 1 else f", as much dearer as {YARDSTICK} is in {table.region}"
    return {"prices_as_of": AS_OF, "prices": f"prices of us-east-1, {AS_OF}{scaled}"}


def serverless_hours(shape: Shape, workers: int, minutes: float) -> dict[str, float]:
    """What so many workers use in so many minutes; each is billed for one at least."""
    hours = workers * max(minutes, 1) / 60
    return {"vCPUHour": shape.cpus * hours, "memoryGBHour": shape.memory * hours}


def serverless(used: Mapping[str, float], table: Table) -> float:
    """Dollars for what a job used, in the units of EMR Serverless' billedResourceUtilization. Raises PreflightError for
    a region without prices."""
    return round(sum(SERVERLESS[unit] * amount for unit, amount in used.items()) * _dearer(table), 4)


def glue(dpu_hours: float, table: Table, *, flex: bool = False) -> float:
    """Dollars for data processing units times hours. Raises as `serverless` does."""
    return round(dpu_hours * (DPU_FLEX if flex else DPU) * _dearer(table), 4)


def eks(cpus: int, memory: int, hours: float, table: Table) -> float:
    """Dollars that EMR on EKS adds for so many hours of pods of that size. Raises as `serverless` does."""
    return (cpus * EKS_CPU + memory * EKS_GB) * hours * _dearer(table)


def _dearer(table: Table) -> float:
    """How much more the yardstick costs in the region than in us-east-1: other regions' prices are not known here."""
    return table.price(YARDSTICK).ec2 / table.at_home.ec2
