"""What the ingestion host is asked for: a night in, terraform's variable and the lines of its command out. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from nightshift.night import Night
from nightshift.pipeline import Route

BOOT_MINUTES = 30  # what the host may take to come up and to go, beside its work


def host(night: Night, ground: Mapping[str, Any]) -> dict[str, Any] | None:
    """The transient stack's variable `ingest_host`, from the foundation's outputs; None if nothing is fetched."""
    if not night.routes:
        return None
    return {
        "subnet_id": ground["public_subnet_id"],
        "instance_profile": ground["ingest_instance_profiles"][night.pipeline.product],
        "limit_minutes": night.settings.ingest_timeout_minutes + BOOT_MINUTES,
    }


def script(night: Night, jobs_uri: str) -> list[str]:
    """The lines that Systems Manager has the host run: one ingestion after the other, until one fails.

    The agent's environment names no region, and boto3 asks no metadata service for it.
    """
    return [
        "set -eu",
        'cd "$(mktemp -d)"',
        f"export AWS_DEFAULT_REGION={shlex.quote(night.settings.region)}",
        f"aws s3 cp --only-show-errors {shlex.quote(jobs_uri + 'ingest.sh')} ingest.sh",
        *(f"bash ingest.sh {shlex.join([jobs_uri, *_words(night, route)])}" for route in night.routes),
    ]


def logs_prefix(night: Night) -> str:
    """Where in the logs bucket Systems Manager leaves what the command says."""
    return f"ingest/{night.run}"


def _words(night: Night, route: Route) -> list[str]:
    """The arguments of `python -m ingest`."""
    return [
        *route.words,
        *("--secret", f"{night.settings.name}/sources/{route.source}"),
        *("--bucket", night.settings.bucket("raw")),
        *("--prefix", night.pipeline.inputs.prefix.partition("/")[0]),
        *(("--business-date", str(night.business_date)) if route.dated else ()),
    ]
