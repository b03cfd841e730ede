"""Value objects that describe a pipeline: its inputs, steps, options and tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from nightshift_contract.model import Contract, Table

BACKFILL = "backfill_"  # before a pipeline's name: the DAG of its backfills
INGEST = "ingest"  # name of the option that selects routes
ENGINE = "engine"  # name of the option that selects what runs the steps
SPARK = "spark"
LAYERS = "layers"  # the name of a step that has all of them
OUTPUT = "output"  # name of the option with the folder that exported files go to
Value = str | bool  # of an option


@dataclass(frozen=True)
class Inputs:
    """Where a night's input is in the raw bucket. `prefix` may have strftime codes of the business date, and is '' if
    all input comes from a database. `file_prefix` is what the name of a source's file may begin with, in lower case."""

    prefix: str
    reference: str | None = None
    file_prefix: str = ""

    @property
    def shown(self) -> str:
        """The prefix for display, with YYYY/MM/DD for the date's codes."""
        return self.prefix.replace("%Y", "YYYY").replace("%m", "MM").replace("%d", "DD")

    def prefix_of(self, business_date: date) -> str:
        """The prefix of one business date, ending in '/'."""
        return business_date.strftime(self.prefix).rstrip("/") + "/" if self.prefix else ""


@dataclass(frozen=True)
class Step:
    """One step with its own waiting task, and the layers it runs, in order: one spark-submit, or several EMR steps of
    another engine."""

    name: str
    layers: tuple[str, ...]


@dataclass(frozen=True)
class Option:
    """An extra parameter of a pipeline's runs: a field of the trigger form and an argument of its steps.

    With a default of True or False it is a switch; with `day`, a date like 2026-01-31, or ''. Otherwise it is one of
    `choices`, or text that `pattern` matches (valid in Python and in the browser) and `shown` describes in words.
    """

    name: str
    title: str
    about: str
    default: Value
    pattern: str = ""
    choices: tuple[str, ...] = ()
    shown: str = ""
    day: bool = False

    @property
    def switch(self) -> bool:
        """Whether it is on or off."""
        return isinstance(self.default, bool)


@dataclass(frozen=True)
class Route:
    """One way to fetch a night's input on an ingestion host. `words` are the arguments of the program include/ingest;
    the secret <name>/sources/<source> has the source's address. A `dated` route fetches the data of the business date,
    any other route data for every date."""

    name: str
    source: str
    words: tuple[str, ...]
    dated: bool = True


@dataclass(frozen=True)
class Pipeline:
    """A data product: name (also the DAG's id), inputs, steps in order, gold tables, the contracts of its sources.

    * `expected_minutes`: how long its steps take on AWS, for the cost estimate.
    * `encodings`: whether a run may name the text encoding of its input. `options`: its other parameters.
    * `takes`, `gives`: its input and its result in a few words, for the lists of the README and the command line.
    * `database`: the database that its steps read; its address and password are in <name>/sources/<database>.
      `database_if`: the option, and its value, with which a run reads it; without, every run does.
    * `new_owner`: the switch with which an incremental pipeline accepts that its database has another address.
    * `exports`: the files that it delivers beside gold.
    * `incremental`: the data of a date depends on other dates; then there is no backfill. `restates`: a date's run may
      change what other dates published. With either, one run works at a time, whatever its date.
    * `fills`: the pipeline whose days a backfill makes.
    * `after`: the gold table `<product>.<table>` of another pipeline that is its input: its publication starts a run of
      the same business date, instead of midnight. Then `inputs.prefix` is ''.
    * `routes`: what a run may fetch, selected by its option `ingest` (ingest_option).
    """

    name: str
    title: str
    inputs: Inputs
    steps: tuple[Step, ...]
    gold: tuple[Table, ...]
    sources: tuple[Table, ...] = ()
    takes: str = ""
    gives: str = ""
    expected_minutes: int = 10
    encodings: bool = False
    options: tuple[Option, ...] = ()
    database: str | None = None
    database_if: tuple[str, str] | None = None
    new_owner: str = ""
    exports: tuple[str, ...] = ()
    incremental: bool = False
    restates: bool = False
    fills: str = ""
    routes: tuple[Route, ...] = ()
    after: str = ""

    @property
    def product(self) -> str:
        """The data product's name in the lake's paths, in the catalog and for the jobs."""
        return self.fills or self.name

    @property
    def contract_file(self) -> str:
        """The path of the contract in the repository."""
        return f"pipelines/{self.product}/contract.toml"

    @property
    def contract(self) -> Contract:
        """Its sources and gold tables by name."""
        return Contract({table.name: table for table in self.sources}, {table.name: table for table in self.gold})

    @property
    def reads_files(self) -> bool:
        """Whether a night waits for files in the raw bucket."""
        return bool(self.inputs.prefix)

    @property
    def input_kind(self) -> str:
        """The bucket that a run's input lies in."""
        return "lake" if self.after else "raw"

    def input_prefix_of(self, business_date: date) -> str:
        """The prefix of one business date's input in that bucket, ending in '/'; '' if all of it is a database's."""
        product, _, table = self.after.partition(".")
        partition = f"gold/{product}/{table}/business_date={business_date}/"
        return partition if self.after else self.inputs.prefix_of(business_date)

    @property
    def engines(self) -> tuple[str, ...]:
        """The engines that a run may select; () if it is always Spark."""
        return next((option.choices for option in self.options if option.name == ENGINE), ())

    def database_of(self, options: Mapping[str, Value]) -> str:
        """The database that a run with these options reads; '' if it reads none."""
        name, value = self.database_if or ("", None)
        return (self.database or "") if options.get(name) == value else ""

    def accepts_new_owner(self, options: Mapping[str, Value]) -> bool:
        """Whether a run with these options may add rows of another database to the lake."""
        return not self.incremental or options.get(self.new_owner) is True

    @property
    def layers(self) -> tuple[str, ...]:
        """All layers of the pipeline, in the order in which they run."""
        return tuple(layer for step in self.steps for layer in step.layers)

    @property
    def keeps_bronze(self) -> bool:
        """Whether its rows lie in bronze, and refused ones in its quarantine; a script's do not."""
        return "bronze" in self.layers


def in_one_job(pipeline: Pipeline) -> Pipeline:
    """The pipeline with all its layers in one job: Spark starts once for all of them, and a failed layer is tried again
    with those before it."""
    return replace(pipeline, steps=(Step(LAYERS, pipeline.layers),)) if len(pipeline.steps) > 1 else pipeline


def ingest_option(routes: tuple[Route, ...]) -> Option:
    """The option that selects the pipeline's routes for a run."""
    names = [route.name for route in routes]
    return Option(
        INGEST,
        "Fetch",
        "What an ingestion host fetches before the run. None: the files are delivered by others.",
        default="none",
        choices=("none", *names, *(["all"] if len(names) > 1 else [])),
    )


def engine_option(*others: str) -> Option:
    """The option that selects the engine of a run: Spark, or one of `others`."""
    about = f"What runs the steps: spark or {' or '.join(others)}. The result is the same."
    return Option(ENGINE, "Engine", about, default=SPARK, choices=(SPARK, *others))


def backfill_of(pipeline: Pipeline) -> Pipeline:
    """The backfill of a pipeline: it makes many days on a cluster by Spark, one step per day, and fetches no input."""
    name, title = f"{BACKFILL}{pipeline.name}", f"{pipeline.title}, backfill"
    options = tuple(option for option in pipeline.options if option.name not in {ENGINE, INGEST})
    return replace(pipeline, name=name, title=title, fills=pipeline.name, options=options, routes=())
