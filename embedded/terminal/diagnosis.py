"""The answer of ./nightshift diagnose: what failed in a kept run or on a cluster, why, and what to do. Lines out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from embedded.cloud.cluster_logs import FailedPart, Remains
from embedded.terminal.record import Kept, Record
from nightshift.failures import cards, shown, steplog
from nightshift.failures.causes import Cause
from nightshift.failures.symptoms import CLUSTER, cause_in
from tools import paths

AGAIN = "run it again"


def of_run(kept: Kept) -> Iterator[str]:
    """A kept run: what its record says, and where everything of it lies."""
    if kept.record is None:
        yield f"{paths.shown(kept.folder)} has no record: the run ended before it wrote one. See .nightshift/logs/."
        return
    yield from of_record(kept.record)
    there = [name for name in ("logs", "gold", "quarantine") if (kept.folder / name).is_dir()]
    yield f"Files:    {paths.shown(kept.folder)}/: {', '.join(['record.json', *(f'{name}/' for name in there)])}"
    if (page := kept.folder / "index.html").is_file():
        yield f"Page:     {paths.shown(page)}"


def of_record(record: Record) -> Iterator[str]:
    """A run's outcome and warnings and, if it failed, its failure report."""
    yield f"{record['dag_id']}, business date {record['business_date']}, run {record['run_id']}: {record['outcome']}"
    if failure := record["failure"]:
        yield from cards.text(failure).splitlines()
        yield from (f"  Also: {words}" for words in failure.get("also", ()))
    yield from (f"Warning:  {shown.shortened(words)}" for words in record["warnings"])


def of_cluster(remains: Remains) -> Iterator[str]:
    """Each failed step with its cause, our own or somebody's line of code, and what to do next; else the cluster's
    end."""
    state = f" is {remains.state}" if remains.state else ""
    yield f"Cluster {remains.cluster_id}{state}{f': {remains.said}' if remains.said else ''}"
    for part in remains.failed:
        yield from cards.text(_card(part)).splitlines()
    if not remains.failed and (cause := cause_in(remains.said, CLUSTER)):
        yield from cards.lines(cards.observed(f"cluster {remains.cluster_id}", cause, remains.said, again=AGAIN))
    elif not remains.failed:
        yield "No failed step and no failed bootstrap action is known of it."
    yield from (f"Not read: {words}" for words in remains.unread)


def _card(part: FailedPart) -> Mapping[str, Any]:
    message, cause, details = steplog.diagnose(part.logs, part.said)
    if part.name.startswith("bootstrap action"):
        cause = Cause.BOOTSTRAP
    links = {"step_log": part.where} if part.where else {}
    own = cards.observed(part.name, cause, message, details.pop("next_action", None), links, again=AGAIN)
    return {**own, **details}
