"""What a step is asked to do, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class StepRequest:
    """One EMR step, as the EMR engine hands it over.

    endpoint: where the step finds AWS (http://127.0.0.1:PORT). jar, args: as in HadoopJarStep. log_uri: the
    cluster's LogUri (s3:// or s3n://), None when it keeps no logs. spark_defaults: the cluster's
    configuration of classification spark-defaults.
    """

    account: str
    region: str
    endpoint: str
    cluster_id: str
    step_id: str
    jar: str
    args: tuple[str, ...]
    log_uri: str | None
    spark_defaults: Mapping[str, str]


@dataclass(frozen=True)
class StepOutcome:
    """How a step ended. message: the last lines of its stderr, '' when it succeeded."""

    exit_code: int
    message: str
