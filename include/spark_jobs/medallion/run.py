"""What one spark-submit was asked to do: the step's arguments as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from pyspark.sql import SparkSession


@dataclass(frozen=True)
class Run:
    """One business date of one pipeline.

    `input`, `reference`, `lake`, `staging` and `manifests` are URIs without a trailing slash; `started_at` (UTC, with
    zone) is written into every row as its ingestion time. `source_secret` names the secret with the address and
    password of the pipeline's database; `options` are the pipeline's own. In a `replay` bronze takes the rows that it
    refused before, instead of the input. `most_refused` is the share of a table's rows that may be lost, 1 for all.
    `timezone` is where the business's days begin and end.
    """

    spark: SparkSession
    pipeline: str
    business_date: date
    input: str
    reference: str | None
    lake: str
    staging: str
    manifests: str
    encoding: str
    started_at: datetime
    source_secret: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    replay: bool = False
    most_refused: float = 1.0
    timezone: str = "America/Sao_Paulo"
