"""What a pipeline is: its inputs, its steps, its gold tables with their contracts. Value objects, nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Inputs:
    """Where a night finds its input in the raw bucket; `prefix` may hold strftime codes of the business date."""

    prefix: str
    reference: str | None = None

    @property
    def shown(self) -> str:
        """The prefix as a person reads it: YYYY/MM/DD for the date's codes."""
        return self.prefix.replace("%Y", "YYYY").replace("%m", "MM").replace("%d", "DD")

    def prefix_of(self, business_date: date) -> str:
        """The prefix of one business date, ending in '/'."""
        return business_date.strftime(self.prefix).rstrip("/") + "/"


@dataclass(frozen=True)
class Step:
    """One spark-submit: which layers it runs, in order, in one session."""

    name: str
    layers: tuple[str, ...]


@dataclass(frozen=True)
class GoldTable:
    """The contract of a gold table: columns (name -> Spark type), key, and the fewest rows that make sense."""

    name: str
    columns: dict[str, str]
    keys: tuple[str, ...]
    min_rows: int = 1


@dataclass(frozen=True)
class Pipeline:
    """A data product: name (also the DAG's id), inputs, steps in order, gold tables.

    `expected_minutes` is how long its steps take on AWS, for the estimate; `encodings` says whether a run may
    name the text encoding of its input.
    """

    name: str
    title: str
    inputs: Inputs
    steps: tuple[Step, ...]
    gold: tuple[GoldTable, ...]
    expected_minutes: int = 10
    encodings: bool = False

    @property
    def layers(self) -> tuple[str, ...]:
        """Every layer of the pipeline, in the order in which they run."""
        return tuple(layer for step in self.steps for layer in step.layers)
