"""How busy a Spark application was, from its event log, JSON lines as Spark's EventLoggingListener writes. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

MS, NS = 1000.0, 1e9


@dataclass(frozen=True)
class Usage:
    """Of one or several applications that ran one after the other: seconds of the applications, seconds that tasks ran
    and used a CPU, cores of the executors, bytes that were shuffled and spilled, and the largest Java heap of an
    executor (0 if the log does not have it)."""

    wall: float
    tasks: float
    cpu: float
    cores: int
    shuffled: int
    spilled: int
    heap: int

    @property
    def busy(self) -> float:
        """The share of the cores' time that tasks ran."""
        return min(1.0, self.tasks / (self.wall * self.cores)) if self.wall and self.cores else 0.0

    def __add__(self, other: Usage) -> Usage:
        """Both, one after the other; the cores and the heap are those of the larger."""
        return Usage(
            self.wall + other.wall,
            self.tasks + other.tasks,
            self.cpu + other.cpu,
            max(self.cores, other.cores),
            self.shuffled + other.shuffled,
            self.spilled + other.spilled,
            max(self.heap, other.heap),
        )


def usage(lines: Iterable[str]) -> Usage | None:
    """What the log of one application says; None if it has no task. The last line of a log may be cut off."""
    events = [*_parsed(lines)]
    moments = [e["Timestamp"] / MS for e in events if e["Event"].startswith("SparkListenerApplication")]
    ended = [e for e in events if e["Event"] == "SparkListenerTaskEnd" and e.get("Task Metrics")]
    if not ended or not moments:
        return None
    moments += [e["Task Info"]["Finish Time"] / MS for e in ended]
    metrics = [e["Task Metrics"] for e in ended]
    added = [e["Executor Info"]["Total Cores"] for e in events if e["Event"] == "SparkListenerExecutorAdded"]
    return Usage(
        wall=max(moments) - min(moments),
        tasks=sum(m["Executor Run Time"] for m in metrics) / MS,
        cpu=sum(m["Executor CPU Time"] for m in metrics) / NS,
        cores=sum(added),
        shuffled=sum(m.get("Shuffle Write Metrics", {}).get("Shuffle Bytes Written", 0) for m in metrics),
        spilled=sum(m.get("Disk Bytes Spilled", 0) for m in metrics),
        heap=max((e.get("Task Executor Metrics") or {}).get("JVMHeapMemory", 0) for e in ended),
    )


def _parsed(lines: Iterable[str]) -> Iterator[Any]:
    for line in lines:
        with suppress(ValueError):
            event = json.loads(line)
            if isinstance(event, dict) and "Event" in event:
                yield event
