"""Runs that are known by their marker or tag only: their context without Airflow's help."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from nightshift.config import Settings
from nightshift.contracts.pipeline import Inputs, Pipeline
from nightshift.pipelines import BACKFILLS, PIPELINES
from nightshift.run.processes import Process
from nightshift.run.run_context import RunContext


def from_marker(settings: Settings, marker: Mapping[str, Any]) -> RunContext:
    """The night of a marker (`RunContext.identity`), also if its pipeline is no longer in the package."""
    return RunContext(
        settings=settings,
        pipeline=named(marker["pipeline"]),
        run_id=marker["run_id"],
        requested_at=datetime.fromisoformat(marker["asked_at"]),
        business_date=date.fromisoformat(marker["business_date"]),
        input_prefix="",
        compute=marker["params"].get("compute") or settings.compute,
        keep_cluster=bool(marker["params"].get("keep_cluster")),
        ssh_cidr=marker["params"].get("ssh_cidr"),
        max_usd=marker["params"].get("max_usd"),
        started_at=datetime.fromisoformat(marker["started_at"]),
        conductor=Process.parsed(marker.get("conductor")),
    )


def from_run_name(
    settings: Settings, run: str, since: datetime, business_date: date | None = None, compute: str = ""
) -> RunContext:
    """The night of a run that is known only by its tag `<dag>/<slug>`. `since` is a moment before it began, `compute`
    the target that its place shows."""
    pipeline, slug = run.split("/", 1)
    return RunContext(
        settings,
        named(pipeline),
        slug,
        requested_at=since,
        business_date=business_date or since.date(),
        input_prefix="",
        compute=compute or settings.compute,
        known_slug=slug,
    )


def named(pipeline: str) -> Pipeline:
    """The pipeline of that name; one without steps and tables if the package no longer has it."""
    known = {**PIPELINES, **BACKFILLS}.get(pipeline)
    return known or Pipeline(name=pipeline, title=pipeline, inputs=Inputs(prefix=""), steps=(), gold=())
