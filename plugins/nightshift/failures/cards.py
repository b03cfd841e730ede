"""Failure reports (cards): turns any exception into cause, message, place, next action, log tail and links. Pure.

A card is {"task", "cause", "message", "next_action", "traceback": {"file", "line", "function", "error"} | null,
"tail": [at most 40 lines], "tail_of", "input_file", "links": {"cluster", "step_log", "record"}}. The ledger's
"failed" entry and the run record contain it; the task's log and the SNS message show the same text of it.
"""

from __future__ import annotations

import re
import traceback as tb
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePath
from typing import Any

from airflow.sdk.exceptions import AirflowRuntimeError, AirflowTaskTerminated, AirflowTaskTimeout
from botocore.exceptions import BotoCoreError, ClientError, FlexibleChecksumError, HTTPClientError, IncompleteReadError
from botocore.exceptions import ConnectionError as NoConnection

from nightshift.failures import tracebacks
from nightshift.failures.causes import REMEDIES, Cause, advice
from nightshift.failures.errors import ComputeError, NightshiftError, TerraformError
from nightshift.failures.shown import plain
from nightshift.failures.symptoms import AWS, CLUSTER, NO_SPACE, TERRAFORM, cause_in

Card = dict[str, Any]
TAIL_LINES, LONGEST = 40, 1000
LABELS = {"cluster": "Cluster", "step_log": "Step logs", "record": "Record"}
PLACE = re.compile(r"on (?P<file>\S+\.tf) line (?P<line>\d+), in (?P<function>.+):")


def card(error: BaseException, task: str, links: Mapping[str, str] | None = None, again: str = "") -> Card:
    """The card of an exception that ended `task`. `links` are added to those of the error; `again` says how a run is
    tried again (settings.again)."""
    facts = _described(error)
    cause = Cause(facts["cause"])
    return {
        **observed(task, cause, facts["message"], facts.get("next_action"), again=again),
        **{key: value for key, value in facts.items() if key in {"traceback", "tail", "tail_of", "input_file"}},
        "links": {**facts.get("links", {}), **(links or {})},
    }


def observed(
    task: str,
    cause: Cause,
    message: str,
    next_action: str | None = None,
    links: Mapping[str, str] | None = None,
    *,
    again: str = "",
) -> Card:
    """A card without an exception: what the reaper or the report observed about `task`."""
    return {
        "task": task,
        "cause": str(cause),
        "message": " ".join(message.split())[:LONGEST],
        "next_action": advice(next_action or REMEDIES[cause].next_action, again),
        "traceback": None,
        "tail": [],
        "tail_of": None,
        "input_file": None,
        "links": dict(links or {}),
    }


def is_worth_a_retry(card: Mapping[str, Any], error: BaseException) -> bool:
    """Whether a retry of the task may succeed: by the cause's remedy, unless the error is final."""
    return REMEDIES[Cause(card["cause"])].retry and not getattr(error, "final", False)


def lines(card: Mapping[str, Any]) -> Iterator[str]:
    """The card's text without the tail."""
    yield f"FAILED in {card['task']} ({card['cause']}): {card['message']}"
    if place := card.get("traceback"):
        error = "" if place["error"] in card["message"] else f": {place['error']}"
        yield f"  At {place['file']} line {place['line']}, in {place['function']}{error}"
    if card.get("input_file"):
        yield f"  Input: {card['input_file']}"
    yield f"  Next: {card['next_action']}"
    for name, label in LABELS.items():
        if link := (card.get("links") or {}).get(name):
            yield f"  {label}: {link}"


def tail_lines(card: Mapping[str, Any]) -> Iterator[str]:
    """The card's log tail, after a line that names the log."""
    if card.get("tail"):
        yield f"  The end of {card.get('tail_of') or 'the log'}:"
        yield from (f"  | {line}" for line in card["tail"])


def text(card: Mapping[str, Any]) -> str:
    """The whole text of the card, with control characters escaped."""
    return plain("\n".join((*lines(card), *tail_lines(card))))


def _described(error: BaseException) -> dict[str, Any]:
    """The card's keys that an error determines: at least cause and message."""
    for kind, describe in DESCRIBERS.items():
        if isinstance(error, kind):
            return describe(error)
    words = str(error).strip() or repr(error)
    cause = cause_in(words, (NO_SPACE,)) or Cause.CODE
    return {"cause": cause, "message": f"{type(error).__name__}: {words}", "traceback": _place(error)}


def _of_terraform(error: Any) -> dict[str, Any]:
    place = PLACE.search(error.tail)
    where = {**place.groupdict(), "line": int(place["line"]), "error": str(error.args[0])} if place else None
    cause = cause_in(error.tail, TERRAFORM) if error.cause is Cause.TERRAFORM else None
    tail = [line.rstrip() for line in error.tail.splitlines()][-TAIL_LINES:]
    return {**_of_ours(error, cause), "traceback": where, "tail": tail, "tail_of": "terraform"}


def _of_cluster(error: Any) -> dict[str, Any]:
    return _of_ours(error, cause_in(str(error.args[0]), CLUSTER) if error.kind == "other" else None)


def _of_ours(error: Any, cause: Cause | None = None) -> dict[str, Any]:
    facts = {"cause": cause or error.cause, "message": str(error.args[0]), "next_action": error.next_action}
    return {**facts, **error.details}


def _of_aws(error: Any) -> dict[str, Any]:
    """An AWS error response: its code decides the cause, then the HTTP status (403, 5xx), else it is our request."""
    code = str(error.response.get("Error", {}).get("Code", ""))
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    cause = cause_in(code, AWS) or (Cause.IAM if status == 403 else Cause.THROTTLE if status >= 500 else Cause.CODE)
    return {"cause": cause, "message": str(error), "traceback": _place(error)}


def _of_silence(error: Any) -> dict[str, Any]:
    return {"cause": Cause.THROTTLE, "message": f"AWS did not answer: {error}"}


def _of_airflow(error: Any) -> dict[str, Any]:
    """Airflow's own API did not respond; it may be restarting."""
    words = " ".join(str(error).split()) or repr(error)
    return {"cause": Cause.THROTTLE, "message": f"Airflow did not answer: {words}", "traceback": _place(error)}


def _of_botocore(error: Any) -> dict[str, Any]:
    """An error of botocore before the request: mostly credentials, else a parameter of ours."""
    is_identity = re.search(r"Credential|Token|Profile|SSO", type(error).__name__)
    return {"cause": Cause.IAM if is_identity else Cause.CODE, "message": str(error), "traceback": _place(error)}


def _of_time(error: Any) -> dict[str, Any]:
    """An execution_timeout: Airflow's own message is only "Timeout, PID: 7"."""
    return {
        "cause": Cause.TIMEOUT,
        "message": "The task did not end within its execution_timeout and was stopped.",
        "traceback": _place(error),
    }


def _of_a_stop(error: Any) -> dict[str, Any]:
    words = f"The task's process was stopped: {type(error).__name__} {error}".strip()
    return {"cause": Cause.STOPPED, "message": words, "traceback": _place(error)}


def _place(error: BaseException) -> dict[str, Any] | None:
    """The deepest frame of our code in an unexpected exception's traceback, else its last frame."""
    frames = tracebacks.last_of("".join(tb.format_exception(error, chain=False)).splitlines())
    entry = tracebacks.card_entry(frames)
    return {**entry, "file": _short(entry["file"])} if entry else None


def _short(file: str) -> str:
    """The path of an installed package's file, from site-packages on."""
    return file.rpartition("site-packages/")[2] if PurePath(file).is_absolute() else file


# The first matching type decides.
DESCRIBERS: dict[type[BaseException], Callable[[Any], dict[str, Any]]] = {
    TerraformError: _of_terraform,
    ComputeError: _of_cluster,
    NightshiftError: _of_ours,
    ClientError: _of_aws,
    HTTPClientError: _of_silence,
    NoConnection: _of_silence,
    IncompleteReadError: _of_silence,  # a body that was cut short, or came through damaged
    FlexibleChecksumError: _of_silence,
    BotoCoreError: _of_botocore,
    AirflowRuntimeError: _of_airflow,
    ConnectionError: _of_airflow,  # the pipe between a task and its supervisor
    TimeoutError: _of_airflow,
    AirflowTaskTimeout: _of_time,
    AirflowTaskTerminated: _of_a_stop,
    KeyboardInterrupt: _of_a_stop,
    SystemExit: _of_a_stop,
}
