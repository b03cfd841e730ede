"""Ingestion host requests: builds its terraform variable and its command's lines from a night. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from nightshift.contracts.pipeline import Route
from nightshift.run.run_context import RunContext

BOOT_MINUTES = 30  # allowance for the host's start and end, beside its work


def host(night: RunContext, ground: Mapping[str, Any]) -> dict[str, Any] | None:
    """The transient stack's variable `ingest_host`; `ground` is the foundation's outputs. None without routes."""
    if not night.routes:
        return None
    return {
        "subnet_id": ground["public_subnet_id"],
        "instance_profile": ground["ingest_instance_profiles"][night.pipeline.product],
        "limit_minutes": night.settings.ingest_timeout_minutes + BOOT_MINUTES,
    }


def script(night: RunContext, jobs_uri: str) -> list[str]:
    """The shell lines that Systems Manager runs on the host: one ingestion after the other, until one fails.

    They set the region: the agent's environment has none, and boto3 does not get it from the metadata service.
    """
    return [
        "set -eu",
        'cd "$(mktemp -d)"',
        f"export AWS_DEFAULT_REGION={shlex.quote(night.settings.region)}",
        f"aws s3 cp --only-show-errors {shlex.quote(jobs_uri + 'ingest.sh')} ingest.sh",
        *(f"bash ingest.sh {shlex.join([jobs_uri, *_words(night, route)])}" for route in night.routes),
    ]


def logs_prefix(night: RunContext) -> str:
    """The prefix in the logs bucket for the command's output."""
    return f"ingest/{night.run}"


def _words(night: RunContext, route: Route) -> list[str]:
    """The arguments of `python -m ingest`."""
    return [
        *route.words,
        *("--secret", f"{night.settings.name}/sources/{route.source}"),
        *("--bucket", night.settings.bucket("raw")),
        *("--prefix", night.pipeline.inputs.prefix.partition("/")[0]),
        *(("--business-date", str(night.business_date)) if route.dated else ()),
    ]
