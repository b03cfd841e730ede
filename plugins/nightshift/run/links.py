"""Links for failure reports: console pages and S3 addresses. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nightshift.run.run_context import RunContext

CONSOLES = {"cn-": "amazonaws.cn", "us-gov-": "amazonaws-us-gov.com"}  # AWS partitions with their own consoles


def cluster(night: RunContext, cluster_id: str) -> str:
    """The cluster's page in the EMR console (its address as of 2026, from memory)."""
    region = night.settings.region
    site = next((name for start, name in CONSOLES.items() if region.startswith(start)), "aws.amazon.com")
    return f"https://{region}.console.{site}/emr/home?region={region}#/clusterDetails/{cluster_id}"


def step_log(night: RunContext, cluster_id: str, step_id: str) -> str:
    """The folder to which EMR pushes stdout.gz, stderr.gz and controller.gz of a step."""
    return night.uri("logs", f"emr/{cluster_id}/steps/{step_id}/")


def record(night: RunContext) -> str:
    """The address of the run record, which report or the reaper writes."""
    return night.uri("lake", f"{night.record_prefix}record.json")
