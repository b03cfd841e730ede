"""What one spark-submit was asked to do: the step's arguments as values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from pyspark.sql import SparkSession


@dataclass(frozen=True)
class Run:
    """One business date of one pipeline.

    `input`, `reference`, `lake`, `staging` and `manifests` are URIs without a trailing slash; `started_at` (UTC, with
    zone) is written into every row as its ingestion time.
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
