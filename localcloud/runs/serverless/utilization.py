"""What a run used: its workers' vCPU, memory and storage, from its Spark properties. Pure.

Defaults are the guide's ("Spark job properties"): driver and executors of 4 vCPU and 14 GB, three executors, 20 GB of
storage each. No worker is added or removed here, as dynamic allocation would.
"""

from __future__ import annotations

import math
import re
import shlex
from dataclasses import dataclass

from localcloud.runs.model import Json
from localcloud.steps.commands.spark import parse

_LEAST_BILLED_SECONDS = 60.0  # pricing page: a minute for each worker
_FREE_STORAGE_GB = 20.0
_OVERHEAD = 1.1  # spark.…memoryOverheadFactor: a worker has a tenth more than its heap
_UNITS = {"k": 2**-20, "m": 2**-10, "g": 1.0, "t": 2**10}  # GB
_SIZE = re.compile(r"(\d+)\s*([kmgt]?)b?", re.IGNORECASE)


@dataclass(frozen=True)
class Worker:
    """A worker's virtual CPUs, memory and storage in GB."""

    cpus: float
    memory: float
    storage: float


def used(spec: Json, seconds: float) -> dict[str, float]:
    """totalResourceUtilization of a run of some seconds. spec: StartJobRun's parameters."""
    return _hours(_workers(spec), seconds, free_storage=0.0)


def billed(spec: Json, seconds: float) -> dict[str, float]:
    """billedResourceUtilization: at least a minute, and only the storage above 20 GB."""
    return _hours(_workers(spec), max(seconds, _LEAST_BILLED_SECONDS), free_storage=_FREE_STORAGE_GB)


def _hours(workers: list[Worker], seconds: float, free_storage: float) -> dict[str, float]:
    hours = seconds / 3600
    storage = sum(max(0.0, worker.storage - free_storage) for worker in workers)
    cpus, memory = sum(worker.cpus for worker in workers), sum(worker.memory for worker in workers)
    amounts = {"vCPUHour": cpus, "memoryGBHour": memory, "storageGBHour": storage}
    return {name: round(amount * hours, 3) for name, amount in amounts.items()}


def _workers(spec: Json) -> list[Worker]:
    conf = parse(shlex.split(spec["jobDriver"]["sparkSubmit"].get("sparkSubmitParameters") or "")).conf
    first = "spark.dynamicAllocation.initialExecutors"
    executors = int(conf.get("spark.executor.instances") or conf.get(first) or 3)
    return [_worker(conf, "driver"), *[_worker(conf, "executor")] * executors]


def _worker(conf: dict[str, str], role: str) -> Worker:
    disk = conf.get(f"spark.emr-serverless.{role}.disk", "20G")
    memory = math.ceil(_gigabytes(conf.get(f"spark.{role}.memory", "14g")) * _OVERHEAD)
    return Worker(float(conf.get(f"spark.{role}.cores", 4)), memory, _gigabytes(disk))


def _gigabytes(text: str) -> float:
    found = _SIZE.fullmatch(text.strip())
    return int(found[1]) * _UNITS[found[2].lower() or "g"] if found else 0.0
