"""Links for failure reports: console pages and S3 addresses. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nightshift.run.run_context import RunContext


def record(night: RunContext) -> str:
    """The address of the run record, which report or the reaper writes."""
    return night.uri("lake", f"{night.record_prefix}record.json")


def page(night: RunContext) -> str:
    """The address of the run's page, which the same writes."""
    return night.uri("lake", f"{night.record_prefix}index.html")
