"""Reaper heartbeat: the lake keeps the reaper's last pass, and the topic is notified when a pass fails.

A dead reaper cannot report itself, so each night checks the heartbeat: preflight and the night's message warn.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from nightshift.aws import clients, clock, topic
from nightshift.config import Settings

LOG = logging.getLogger(__name__)
KEY = "reaper/last_pass.json"
SILENCE = timedelta(hours=2)  # eight passes of the usual schedule


@contextmanager
def watched(settings: Settings, who: str) -> Iterator[list[str]]:
    """Record a pass: the troubles that the body adds to the yielded list, and its exception. Notify of new ones."""
    trouble: list[str] = []
    try:
        yield trouble
    except BaseException as error:
        _passed(settings, who, [*trouble, f"the pass itself failed: {error!r}"])
        raise
    _passed(settings, who, trouble)


def silence(settings: Settings) -> str:
    """A warning if no reaper has passed for SILENCE, or if that cannot be read; '' if one has, without a lake, and
    where none is scheduled (a runner process ends what it started)."""
    if settings.conductor or not settings.reaps_when:
        return ""
    try:
        last, now = _last(settings), clock.now(settings)
    except (BotoCoreError, ClientError) as refused:
        if getattr(refused, "response", {}).get("Error", {}).get("Code") == "NoSuchBucket":
            return ""
        return f"The reaper's last pass could not be read: {refused}"
    if last and now - datetime.fromisoformat(last["at"]) < SILENCE:
        return ""
    when = f"since {last['at']}" if last else "yet"
    return (
        f"The reaper has not run {when}: unpause the DAG reaper, or see why it failed; until it runs, leaks cost money."
    )


def _passed(settings: Settings, who: str, trouble: list[str]) -> None:
    """Write the heartbeat and notify. An error here is only logged, so that it does not hide the pass's own result."""
    try:
        before = (_last(settings) or {}).get("trouble", [])
        now = {"at": clock.now(settings).isoformat(timespec="seconds"), "who": who, "trouble": trouble}
        bucket = settings.bucket("lake")
        clients.client(settings, "s3").put_object(Bucket=bucket, Key=KEY, Body=json.dumps(now).encode())
        if trouble and trouble != before:
            lines = ["The reaper could not clean up; what is named here may still cost money.", *trouble]
            topic.publish(settings, f"reaper: failed [{settings.name}]"[:100], "\n".join(lines))
    except (BotoCoreError, ClientError) as refused:
        LOG.warning("The reaper's pass could not be recorded or notified: %s", refused)


def _last(settings: Settings) -> dict[str, Any] | None:
    """The last recorded pass, {"at", "who", "trouble"}; None before the first."""
    s3 = clients.client(settings, "s3")
    try:
        kept = s3.get_object(Bucket=settings.bucket("lake"), Key=KEY)["Body"].read()
    except s3.exceptions.NoSuchKey:
        return None
    last_pass: dict[str, Any] = json.loads(kept)
    return last_pass
