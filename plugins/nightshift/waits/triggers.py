"""ProbeTrigger: polls a probe until it returns a result or the deadline passes. All waits use it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from nightshift import config
from nightshift.config import Settings
from nightshift.waits.probes import PROBES

OVERDUE = {"overdue": True}


class ProbeTrigger(BaseTrigger):
    """Fires with the probe's result, or with {"overdue": True} at `deadline` (epoch seconds).

    A failure is a result too, so a failed step fails its task with the step's error, not as "Trigger failure". boto3
    runs in a thread: a night has few waits, and aiobotocore would pin botocore for the whole MWAA environment.
    """

    def __init__(self, probe: str, arguments: dict[str, Any], poll_seconds: float, deadline: float) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.probe, self.arguments = probe, arguments
        self.poll_seconds, self.deadline = poll_seconds, deadline

    def serialize(self) -> tuple[str, dict[str, Any]]:
        names = ("probe", "arguments", "poll_seconds", "deadline")
        return "nightshift.waits.triggers.ProbeTrigger", {name: getattr(self, name) for name in names}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        settings = await asyncio.to_thread(config.load)  # an Airflow Variable is read over the network
        while (answer := await asyncio.to_thread(self.poll, settings)) is None:
            await asyncio.sleep(self.poll_seconds)
        yield TriggerEvent(answer)

    def block(self, settings: Settings) -> dict[str, Any]:
        """The same wait in the task's own process, for an Airflow without a triggerer."""
        while (answer := self.poll(settings)) is None:
            time.sleep(self.poll_seconds)
        return answer

    def poll(self, settings: Settings) -> dict[str, Any] | None:
        """Poll once: the probe's result, OVERDUE after the deadline, else None. An `early` result counts only after
        the deadline."""
        answer = PROBES[self.probe](settings, **self.arguments)
        if answer is not None and not answer.get("early"):
            return answer
        return (answer or OVERDUE) if time.time() >= self.deadline else None
