"""A command line that is ready to start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class JavaKind:
    """The requirements of an application for its Java process.

    options: flags of the JVM. jars: on its class path after Spark's. stamps: size and time of each of these jars.
    """

    options: tuple[str, ...]
    jars: tuple[str, ...]
    stamps: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class PySpark:
    """A PySpark application, split into what spark-submit would pass to Java and to Python.

    argv: the Python program with its arguments. properties: Spark's. env: on top of the step's environment.
    """

    java: JavaKind
    argv: tuple[str, ...]
    properties: Mapping[str, str]
    env: Mapping[str, str]


@dataclass(frozen=True)
class Launch:
    """argv, variables on top of the step's environment, and notes for the controller log.

    mirrored: whether it accesses S3 as directories (not over the network). pyspark: the same for an already running
    Java, None when the command needs its own.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    mirrored: bool = True
    pyspark: PySpark | None = None
