"""What a pipeline is: its inputs, its steps, its gold tables with their contracts. Value objects, nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date

INGEST = "ingest"  # the option that names routes


@dataclass(frozen=True)
class Inputs:
    """Where a night finds its input in the raw bucket; `prefix` may hold strftime codes of the business date, and is
    '' where all input comes out of a database."""

    prefix: str
    reference: str | None = None

    @property
    def shown(self) -> str:
        """The prefix as a person reads it: YYYY/MM/DD for the date's codes."""
        return self.prefix.replace("%Y", "YYYY").replace("%m", "MM").replace("%d", "DD")

    def prefix_of(self, business_date: date) -> str:
        """The prefix of one business date, ending in '/'."""
        return business_date.strftime(self.prefix).rstrip("/") + "/" if self.prefix else ""


@dataclass(frozen=True)
class Step:
    """One task that waits: which layers it runs, in order. One spark-submit, or several EMR steps of another engine."""

    name: str
    layers: tuple[str, ...]


@dataclass(frozen=True)
class SourceColumn:
    """A column that a source has (or, `optional`, may have): its name and Spark type in the lake, and every name it has
    had in the source."""

    name: str
    type: str
    names: tuple[str, ...]
    required: bool = False
    about: str = ""
    optional: bool = False


@dataclass(frozen=True)
class Source:
    """The contract of a source's table. `files` is the stem of its files' names (as fnmatch has it), or its name in a
    database; `drift` says, for columns that are added, dropped or retyped, which of DRIFT_RULES holds; `database`
    whether a run that reads the pipeline's database finds the table there."""

    name: str
    about: str
    files: str
    columns: tuple[SourceColumn, ...]
    key: tuple[str, ...]
    drift: Mapping[str, str]
    database: bool = False


# What a night does about a column that its contract does not have, or misses, or that holds something else.
DRIFT_RULES = {
    "added": ("ignore", "refuse"),  # bronze keeps the columns of the contract
    "dropped": ("quarantine", "refuse"),  # the file's rows, or the night
    "retyped": ("quarantine", "refuse"),
}


@dataclass(frozen=True)
class GoldTable:
    """The contract of a gold table: columns (name -> Spark type), key, the fewest rows that make sense, what it is
    (`about`), what its columns mean (`notes`), how old its newest partition may be, and which columns nobody prints
    (`personal`)."""

    name: str
    columns: dict[str, str]
    keys: tuple[str, ...]
    min_rows: int = 1
    about: str = ""
    notes: Mapping[str, str] = field(default_factory=dict)
    fresh_hours: float = 36
    personal: tuple[str, ...] = ()


@dataclass(frozen=True)
class Option:
    """One thing more that a run of a pipeline may be asked for: a field of the form, an argument of its steps.

    The value is text that `pattern` (of Python and of the browser alike) matches, or one of `choices`; `shown` is
    what it may be, in words.
    """

    name: str
    title: str
    about: str
    default: str
    pattern: str = ""
    choices: tuple[str, ...] = ()
    shown: str = ""


@dataclass(frozen=True)
class Route:
    """One way in which a night has its input fetched before it waits for it, on a host of its own: what the program
    include/ingest is told (`words`), and whose address the secret <name>/sources/<source> has. A `dated` one fetches
    what belongs to the business date, any other what holds for every date."""

    name: str
    source: str
    words: tuple[str, ...]
    dated: bool = True


@dataclass(frozen=True)
class Pipeline:
    """A data product: name (also the DAG's id), inputs, steps in order, gold tables, the contracts of its sources.

    `expected_minutes` is how long its steps take on AWS, for the estimate; `encodings` says whether a run may
    name the text encoding of its input, `options` what else it may be asked for. `database` names the database that
    its steps read, whose address and password are the secret <name>/sources/<database>. `exports` names the files that
    it delivers beside gold. One run is at work at a time, whatever its date, where a date depends on others: either it
    is `incremental`, what a date holds follows from what other dates hold, and then it has no backfill; or it
    `restates`, a date's run may change what other dates published. A backfill makes days of the pipeline that `fills`
    names. `routes` are what a run may have fetched, by its option `ingest` (ingest_option).
    """

    name: str
    title: str
    inputs: Inputs
    steps: tuple[Step, ...]
    gold: tuple[GoldTable, ...]
    sources: tuple[Source, ...] = ()
    expected_minutes: int = 10
    encodings: bool = False
    options: tuple[Option, ...] = ()
    database: str | None = None
    exports: tuple[str, ...] = ()
    incremental: bool = False
    restates: bool = False
    fills: str = ""
    routes: tuple[Route, ...] = ()

    @property
    def product(self) -> str:
        """Whose data it makes: the name in the lake's paths, in the catalog, for the jobs."""
        return self.fills or self.name

    @property
    def reads_files(self) -> bool:
        """Whether a night waits for files in the raw bucket."""
        return bool(self.inputs.prefix)

    @property
    def layers(self) -> tuple[str, ...]:
        """Every layer of the pipeline, in the order in which they run."""
        return tuple(layer for step in self.steps for layer in step.layers)


def ingest_option(routes: tuple[Route, ...]) -> Option:
    """The option by which a run says which of the pipeline's routes it takes."""
    names = [route.name for route in routes]
    return Option(
        INGEST,
        "Fetch",
        "What a host of the run's own fetches first. None: the files come by themselves.",
        default="none",
        choices=("none", *names, *(["all"] if len(names) > 1 else [])),
    )


def backfill_of(pipeline: Pipeline) -> Pipeline:
    """The pipeline that makes many days of another on one cluster, by Spark, whose one step makes a whole day; of what
    has been fetched."""
    name, title = f"backfill_{pipeline.name}", f"{pipeline.title}, backfill"
    options = tuple(option for option in pipeline.options if option.name not in {"engine", INGEST})
    return replace(pipeline, name=name, title=title, fills=pipeline.name, options=options, routes=())
