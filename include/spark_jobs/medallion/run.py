"""The arguments of one spark-submit step as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from pyspark.sql import SparkSession

from medallion.packing import BOUNDS, Bounds


@dataclass(frozen=True)
class Run:
    """One business date of one pipeline.

    `input`, `reference`, `lake`, `staging` and `manifests` are URIs without a trailing slash; `started_at` (UTC, with
    zone) is written into every row as its ingestion time. `source_secret` names the secret with the address and
    password of the pipeline's database; `options` are the pipeline's own, as text. In a `replay` bronze reads the rows
    that it refused before, instead of the input. `most_refused` is the share of a table's rows that may be lost, 1 for
    all; `most_refused_of_unit` the share of one unit's rows or money above which an alert is raised. `one_of_many`: a
    step of a backfill; later steps publish the days that are not its own. `timezone` sets where the business's days
    begin and end; `bounds` are the limits of one file.
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
    most_refused_of_unit: float = 1.0
    one_of_many: bool = False
    timezone: str = "America/Sao_Paulo"
    bounds: Bounds = BOUNDS

    def is_on(self, switch: str, *, by_default: bool = False) -> bool:
        """Whether a switch among the pipeline's own options is on."""
        return self.options.get(switch, str(by_default).lower()) == "true"
