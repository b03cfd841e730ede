"""Parses Python tracebacks in text: their frames, the error, and the deepest frame in our code. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import dropwhile, takewhile
from typing import Any

START = "Traceback (most recent call last):"
FRAME = re.compile(r'^\s*File "(?P<file>[^"]+)", line (?P<line>\d+)(?:, in (?P<function>\S+))?')
# Our files: a job in its zip (as EMR and localcloud name it) or in the repository, a user's script where a step runs it
# (medallion/script.py), the entry point, or this library.
OURS = re.compile(
    r"(?:spark_jobs\.zip/|include/spark_jobs/|/pipelines/(?=\w+/jobs/)|/nightshift-\w+/(?=scripts/)|plugins/(?=nightshift/))"
    r"(?P<in_tree>.+)$|/(?P<entry>main\.py)$"
)
# Modules that Spark ships to its workers: where it keeps them (SparkFiles, a YARN container, the image's work-dir).
SHIPPED = re.compile(r"/(?:userFiles-[^/]+|container_\w+|work-dir)/(?:\./)?(?P<in_tree>.+)$")
# Files of Python, Spark and installed packages: a frame of somebody's own code is in none of them.
LIBRARIES = re.compile(r"site-packages|dist-packages|/lib(?:64)?/python\d|/(?:pyspark|py4j)(?:/|\.zip|-src\.zip)|^<")
LOG_LINE = re.compile(
    r"^(?:\d{2}/\d{2}/\d{2}|\d{4}-\d{2}-\d{2}[T ])\s?\d{2}:\d{2}"
)  # the start of a log4j line, where the error's text ends


@dataclass(frozen=True)
class Traceback:
    """The frames of one traceback, outermost first, and the lines of its error."""

    frames: tuple[dict[str, Any], ...]
    error: tuple[str, ...]

    @property
    def own(self) -> dict[str, Any] | None:
        """The deepest frame in our code, with its path in the repository; None if there is none."""
        return next((match for frame in reversed(self.frames) if (match := _own(frame))), None)

    @property
    def of_a_user(self) -> dict[str, Any] | None:
        """The deepest frame in somebody's own code, ours or another's; None if there is none."""
        return next((frame for frame in reversed(self.frames) if not LIBRARIES.search(frame["file"])), None)


def last_of(lines: Sequence[str]) -> Traceback | None:
    """The last traceback with a frame in somebody's own code, else the last one; None if there is none.

    Py4J quotes the worker's traceback inside the driver's, and the worker's may have frames of libraries only.
    """
    parsed = [_parsed(lines[number + 1 :]) for number, line in enumerate(lines) if START in line]
    return next((t for t in reversed(parsed) if t.of_a_user), parsed[-1] if parsed else None)


def card_entry(traceback: Traceback | None) -> dict[str, Any] | None:
    """The traceback entry of a failure report: {"file", "line", "function", "error"}; None without a frame."""
    if traceback is None or not traceback.frames:
        return None
    frame = traceback.own or traceback.of_a_user or traceback.frames[-1]
    return {**frame, "error": traceback.error[0] if traceback.error else ""}


def is_jvm_frame(line: str) -> bool:
    """Whether the line is a stack frame of Java or Scala."""
    return bool(re.match(r"^\s+(?:at \S+\(|\.\.\. \d+ more)", line))


def _parsed(lines: Sequence[str]) -> Traceback:
    inside = list(takewhile(lambda line: line[:1].isspace(), lines))
    frames = tuple(_frame(match) for line in inside if (match := FRAME.match(line)))
    after = dropwhile(lambda line: not line.strip(), lines[len(inside) :])
    return Traceback(frames, tuple(_error(after)))


def _error(lines: Iterator[str]) -> Iterator[str]:
    """The lines of an error up to the next log line, without the JVM's frames and those of a quoted traceback."""
    in_quoted = False
    for line in lines:
        if LOG_LINE.match(line):
            return
        in_quoted = START in line or (in_quoted and line[:1].isspace())
        is_frame = is_jvm_frame(line) or (in_quoted and START not in line)
        if not is_frame and line.strip():
            yield line.strip()


def _frame(match: re.Match[str]) -> dict[str, Any]:
    return {"file": match["file"], "line": int(match["line"]), "function": match["function"] or "<module>"}


def _own(frame: dict[str, Any]) -> dict[str, Any] | None:
    if match := OURS.search(frame["file"]):
        return {**frame, "file": match["in_tree"] or match["entry"]}
    shipped = None if LIBRARIES.search(frame["file"]) else SHIPPED.search(frame["file"])
    return {**frame, "file": shipped["in_tree"]} if shipped else None
