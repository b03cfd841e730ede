"""Deadline of a night: Airflow calls `late` when a run is not over by the time that its gold is due."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from airflow.sdk.definitions.callback import AsyncCallback
from airflow.sdk.definitions.deadline import DeadlineAlert, DeadlineReference

from nightshift import config
from nightshift.aws import topic
from nightshift.config import Settings

LOG = logging.getLogger(__name__)


def alert(settings: Settings) -> DeadlineAlert | None:
    """The deadline of a pipeline's nights, from the setting gold_by; None without it. It counts from the logical date,
    which is the scheduled start; a run on request that has none has no deadline."""
    within = settings.gold_within
    if within is None:
        return None
    about = {"due": settings.gold_by, "name": settings.name}
    return DeadlineAlert(DeadlineReference.DAGRUN_LOGICAL_DATE, within, AsyncCallback(late, about), name="gold")


async def late(due: str, name: str, context: dict[str, Any] | None = None) -> None:
    """Notify the topic that a night is late. Airflow runs it in the triggerer, with the run in its context."""
    run = (context or {}).get("dag_run") or {}
    dag_id, run_id = run.get("dag_id", "a DAG"), run.get("dag_run_id") or run.get("run_id", "unknown")
    words = f"{dag_id}, run {run_id}, was to have its gold by {due} and has not ended. Open the run in Airflow."
    LOG.warning("%s", words)
    settings = await asyncio.to_thread(config.load)  # an Airflow Variable is read over the network
    await asyncio.to_thread(topic.publish, settings, f"late: {dag_id} [{name}]"[:100], words)
