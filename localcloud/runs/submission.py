"""What the StartJobRun calls of EMR Serverless and EMR on EKS have in common: a spark-submit, and where its logs go."""

from __future__ import annotations

import shlex
from collections.abc import Iterable

from localcloud.runs.model import Json


def command(driver: Json) -> tuple[str, ...]:
    """The command line of a jobDriver's spark-submit. Raises ValueError for parameters with an open quote."""
    parameters = shlex.split(driver.get("sparkSubmitParameters") or "")
    return ("spark-submit", *parameters, driver["entryPoint"], *(driver.get("entryPointArguments") or ()))


def spark_defaults(configurations: Iterable[Json]) -> dict[str, str]:
    """The properties of classification spark-defaults; later ones win."""
    found: dict[str, str] = {}
    for configuration in configurations:
        if configuration["classification"] == "spark-defaults":
            found.update(configuration.get("properties") or {})
    return found


def log_uri(monitoring: Json, *parts: str) -> str | None:
    """The S3 folder of a run's logs, below the logUri of a monitoringConfiguration; None when it keeps none there."""
    uri = (monitoring.get("s3MonitoringConfiguration") or {}).get("logUri")
    return "/".join((uri.rstrip("/"), *parts)) if uri else None


def streams(group: str, *parts: str) -> dict[str, tuple[str, str]]:
    """The streams of a run's logs in a CloudWatch log group, by the log's name."""
    return {name: (group, "/".join((*filter(None, parts), name))) for name in ("stdout", "stderr")}
