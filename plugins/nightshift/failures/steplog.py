"""Step log diagnosis: finds in the logs of a failed Spark step the error line, its cause and our file and line. Pure.

In client mode EMR's spark-submit writes the Python driver's output, with its traceback, to the step's stdout and the
JVM's to its stderr; localcloud writes both to stderr. So both are read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from nightshift.failures import tracebacks
from nightshift.failures.causes import Cause
from nightshift.failures.symptoms import DENIED, NO_MEMORY, STEP, THROTTLED, cause_in
from nightshift.failures.tracebacks import Traceback

STREAMS = ("stdout", "stderr")
TAIL_LINES, LONGEST_LINE = 40, 500
MARK = "nightshift-failure: "  # a failed job states cause and message in JSON (include/spark_jobs/medallion/errors.py)
USAGE = re.compile(r"^main\.py: error: .+")  # argparse
# Errors that end the driver's JVM; the Python traceback then only says that the connection to it is lost.
FATAL = re.compile(r"OutOfMemoryError|[Ee]xit(?:ed|ing)?(?: status| code| with ret)?\W{0,5}137|^Exception in thread")
JVM_GONE = re.compile(r"Py4JNetworkError|ConnectionRefusedError|Connection refused|Answer from Java side is empty")
KILLED = "The driver's Java was killed, or ended without an error of its own"  # what Python says then is the connection
MORE_MEMORY = (
    "Give the job more memory (larger types in NIGHTSHIFT_*_TYPES, or NIGHTSHIFT_WORKER_TYPE) or less input at once,"
    " then clear the task with downstream."
)
# Lines that only wrap the actual error.
WRAPPER = re.compile(
    r"An error occurred while calling|Job aborted\.?$|SparkUserAppException|An exception was thrown from the Python"
    r"|^Driver stacktrace|^JVM stacktrace|PythonException: *(?:Traceback.*)?$|^Traceback|Task failed while writing rows"
)
LOST_TASK = re.compile(r"^.*most recent failure: Lost task [^:]*?(?:\([^)]*\) ?)*: ")
PACKAGE = re.compile(r"^(?::? ?)?(?:[A-Za-z_][\w$]*\.)+(?=[A-Z])")
S3_URI = re.compile(r"s3[an]?://[^\s'\"<>,;)\]}]+")


def diagnose(logs: Mapping[str, Sequence[str]], said: str) -> tuple[str, Cause, dict[str, Any]]:
    """(error line, cause, details of the failure report) of a failed step.

    `logs` has the last lines of "stdout" and "stderr", as far as they exist; `said` is EMR's own reason, the only
    source if the logs were lost.
    """
    stream, traceback = _traceback(logs)
    cause, word = _stated(logs)
    candidates = (
        [word] if word else _blame(logs, traceback) or [said or "neither EMR nor the step's logs give a reason"]
    )
    message = candidates[0][:LONGEST_LINE]
    text = "\n".join([*candidates, said])
    details: dict[str, Any] = {
        "traceback": None if word else tracebacks.card_entry(traceback),
        "input_file": _input_file(candidates),
        **tail_of(logs, stream if stream and not word else None),
    }
    if cause is None and cause_in(text, (NO_MEMORY,)):
        details["next_action"] = MORE_MEMORY
    return message, cause or cause_in(text, STEP) or Cause.CODE, details


def tail_of(logs: Mapping[str, Sequence[str]], stream: str | None = None) -> dict[str, Any]:
    """The end of a log, as details of the failure report: of `stream`, else of the last that there is."""
    shown = stream or next((s for s in reversed(STREAMS) if logs.get(s)), None)
    return {"tail": tail(logs.get(shown or "", ())), "tail_of": shown}


def tail(lines: Sequence[str], most: int = TAIL_LINES) -> list[str]:
    """The last lines without the JVM's stack frames: one exception has more of them than `most`."""
    spoken = [
        line[:LONGEST_LINE]
        for line in lines
        if line.strip() and not line.startswith(MARK) and not tracebacks.is_jvm_frame(line)
    ]
    return spoken[-most:]


def _traceback(logs: Mapping[str, Sequence[str]]) -> tuple[str | None, Traceback | None]:
    parsed = [(stream, traceback) for stream in STREAMS if (traceback := tracebacks.last_of(logs.get(stream, ())))]
    return next(
        (pair for pair in parsed if pair[1].of_a_user),
        parsed[0] if parsed else (None, None),
    )


def _stated(logs: Mapping[str, Sequence[str]]) -> tuple[Cause | None, str | None]:
    """Cause and message that a job stated when it ended with a JobError, or argparse's error line; else (None, None).

    A missing right or a throttled call behind an upstream error is the cause that a person can act on.
    """
    lines = [line.strip() for stream in STREAMS for line in logs.get(stream, ())]
    for line in reversed(lines):
        if USAGE.match(line):
            return Cause.CODE, line
        if line.startswith(MARK):
            with suppress(ValueError):  # the log was cut off in this line
                failure = json.loads(line.removeprefix(MARK))
                cause = Cause(failure["cause"])
                behind = cause_in(failure["message"], (DENIED, THROTTLED)) if cause is Cause.UPSTREAM else None
                return behind or cause, failure["message"]
    return None, None


def _blame(logs: Mapping[str, Sequence[str]], traceback: Traceback | None) -> list[str]:
    """The candidate error lines, best first."""
    stderr = [line.strip() for line in logs.get("stderr", ()) if line.strip()]
    fatal = [_plain(line) for line in reversed(stderr) if FATAL.search(line) and not WRAPPER.search(line)]
    error = list(_reasons(traceback.error)) if traceback else []
    is_gone = bool(error and JVM_GONE.search(" ".join(error)) and traceback and _lost_java(traceback))
    if is_gone and not fatal:
        return [f"{KILLED}: {error[0]}"]
    if error and not (fatal and JVM_GONE.search(" ".join(error))):
        return error
    spoken = [_plain(line) for line in reversed(stderr) if not tracebacks.LOG_LINE.match(line)]
    return [*fatal, *error, *spoken[:1]]


def _lost_java(traceback: Traceback) -> bool:
    """Whether the error is one of Py4J's own calls: the connection to the driver's Java, not to a database."""
    return any("py4j" in frame["file"] for frame in traceback.frames) or "Py4JNetworkError" in " ".join(traceback.error)


def _reasons(error: Sequence[str]) -> Iterator[str]:
    """An error's lines without wrapper lines, the deepest "Caused by" first."""
    causes = [line.removeprefix("Caused by: ") for line in error if line.startswith("Caused by: ")]
    rest = [line for line in error if not line.startswith("Caused by: ")]
    plain = [_plain(line) for line in (*reversed(causes), *rest) if not WRAPPER.search(line)]
    yield from plain or [_plain(line) for line in error[:1]]


def _plain(line: str) -> str:
    """The line without the exception's package name and without Spark's prefix about the lost task."""
    return PACKAGE.sub("", LOST_TASK.sub("", line).removeprefix(": ")).strip()


def _input_file(lines: Sequence[str]) -> str | None:
    match = next((uri for line in lines if (uri := S3_URI.search(line))), None)
    return match[0].rstrip(".:") if match else None
