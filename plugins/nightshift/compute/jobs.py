"""The jobs of a run, as a compute target gets them: a Spark program with its arguments, or a command. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any

from nightshift.compute import flink
from nightshift.config import Settings
from nightshift.contracts.pipeline import Step, Value
from nightshift.run.run_context import RunContext


@dataclass(frozen=True)
class SparkJob:
    """A PySpark program. `app` is its name in Spark; `entry`, `py_files` and `jars` are S3 addresses, `java_options` of
    driver and executors, none of which has a blank."""

    name: str
    app: str
    entry: str
    arguments: tuple[str, ...]
    py_files: tuple[str, ...] = ()
    jars: tuple[str, ...] = ()
    java_options: tuple[str, ...] = ()

    @property
    def conf(self) -> dict[str, str]:
        """Spark's properties that only whoever submits the job can give: its JVMs' options."""
        names = ("spark.driver.extraJavaOptions", "spark.executor.extraJavaOptions")
        return dict.fromkeys(names, " ".join(self.java_options)) if self.java_options else {}


@dataclass(frozen=True)
class Command:
    """A command line of another engine, for targets that run one."""

    name: str
    command: tuple[str, ...]


Job = SparkJob | Command


def of_run(run: RunContext, jobs_uri: str, jars: Sequence[str] = (), input_bytes: int = 0) -> list[Job]:
    """All jobs of the run, in order. `jars` are the addresses of the JDBC drivers; `input_bytes` 0: not known."""
    return [job for step in run.pipeline.steps for job in of_step(run, step, jobs_uri, jars, input_bytes)]


def of_step(run: RunContext, step: Step, jobs_uri: str, jars: Sequence[str] = (), input_bytes: int = 0) -> list[Job]:
    """The jobs of one pipeline step, in order; the last has the step's name."""
    if run.engine == "flink":
        return [Command(name, tuple(line)) for name, line in flink.commands(run, step, jobs_uri).items()]
    # A user's own script, which starts with no bronze layer, may compute for hours on a small input: it runs as it is.
    size = input_bytes if run.pipeline.layers[0] == "bronze" else 0
    return [replace(spark(run, step, jobs_uri, jars), java_options=java_options(size, run.settings.quick_java_mb))]


def names(run: RunContext, step: Step) -> list[str]:
    """The names of the jobs of one pipeline step, in order."""
    return flink.step_names(step) if run.engine == "flink" else [step.name]


def of_days(run: RunContext, days: Sequence[date], jobs_uri: str, jars: Sequence[str] = ()) -> list[Job]:
    """The jobs of a backfill, one per day with all layers, named by the day."""
    more = ("--one-of-many",) if run.pipeline.restates else ()
    whole = [(run.on(day), Step(str(day), run.pipeline.layers)) for day in days]
    return [spark(one_day, step, jobs_uri, jars, more) for one_day, step in whole]


def spark(run: RunContext, step: Step, jobs_uri: str, jars: Sequence[str] = (), more: Sequence[str] = ()) -> SparkJob:
    """The Spark job of one pipeline step; `more` are further arguments."""
    return SparkJob(
        name=step.name,
        app=f"{run.pipeline.product}-{step.name}",
        entry=f"{jobs_uri}main.py",
        arguments=(*_arguments(run, step), *more),
        py_files=(f"{jobs_uri}spark_jobs.zip",),
        jars=tuple(jars),
    )


def java_options(input_bytes: int, below_mb: float) -> tuple[str, ...]:
    """The JVM options for an input of so many bytes; 0: not known. A small one ends before code that the optimising
    compiler (C2) made has earned its making, so the JVM has the quick one (C1) alone."""
    return ("-XX:TieredStopAtLevel=1",) if 0 < input_bytes < below_mb * 1024 * 1024 else ()


def as_submitted(jobs: Sequence[Job]) -> list[dict[str, Any]]:
    """The jobs as JSON-able data, for jobs.json of the run: its fields by name."""
    return [asdict(job) for job in jobs]


def _arguments(run: RunContext, step: Step) -> Iterator[str]:
    """The program's arguments (include/spark_jobs/main.py)."""
    yield from ("--pipeline", run.pipeline.product)
    yield from ("--layers", ",".join(step.layers))
    yield from ("--business-date", str(run.business_date))
    yield from ("--input", run.input_uri)
    if reference := run.pipeline.inputs.reference:
        yield from ("--reference", run.uri("raw", reference))
    yield from ("--lake", run.uri("lake").rstrip("/"))
    yield from ("--staging", run.uri("lake", run.staging_prefix).rstrip("/"))
    yield from ("--manifests", run.uri("lake", run.manifests_prefix).rstrip("/"))
    if run.pipeline.encodings:
        yield from ("--encoding", run.encoding)
    if run.source_secret:
        yield from ("--source-secret", run.source_secret)
    yield from ("--timezone", run.settings.timezone)
    if run.replay:
        yield "--replay"
    if run.pipeline.restates:
        yield from _limits(run.settings)
    yield from _bounds(run.settings)
    yield from (f"--option={name}={_word(value)}" for name, value in run.options.items())


def _word(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else value


def _limits(settings: Settings) -> Iterator[str]:
    """The shares of refused rows: of a table before the run fails, of one unit before it is reported."""
    yield from ("--most-refused", f"{settings.max_quarantine_share:g}")
    yield from ("--most-refused-of-unit", f"{settings.max_refused_share:g}")


def _bounds(settings: Settings) -> Iterator[str]:
    """The limits of one delivered file, where the settings override the jobs' defaults."""
    bounds = {
        "--most-bytes": settings.max_file_bytes,
        "--most-ratio": settings.max_packed_ratio,
        "--longest-line": settings.max_line_bytes,
    }
    yield from (f"{word}={most}" for word, most in bounds.items() if most)
