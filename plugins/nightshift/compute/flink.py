"""Commands of a Flink run: copy texts and jobs into HDFS, run one batch program, copy its results back. Pure.

Five commands replace the single Spark step; the last has its name. Why: docs/decisions/0013-flink-wordcount.md.
"""

from __future__ import annotations

from nightshift.contracts.pipeline import Step
from nightshift.run.run_context import RunContext

PYTHON_HOME = "/opt/nightshift/flink"  # on every node, made by flink_python.sh
PARTS = ("clear", "copy_jobs", "copy_in", "count")


def step_names(step: Step) -> list[str]:
    """The names of the commands of one pipeline step, in order."""
    return [*(f"{step.name}_{part}" for part in PARTS), step.name]


def commands(night: RunContext, step: Step, jobs_uri: str) -> dict[str, list[str]]:
    """Each command line, by name. The data in HDFS is this run's and ends with the cluster."""
    place = f"hdfs:///nightshift/{night.run}"
    lines = (
        _clear(night, place),
        _copy(jobs_uri, f"{place}/jobs", "--srcPattern", ".*_jobs[.]zip"),
        _copy(night.uri("raw", night.input_prefix), f"{place}/in"),
        flink_run(night, place),
        _copy(f"{place}/out", night.uri("lake")),
    )
    return dict(zip(step_names(step), lines, strict=True))


def flink_run(night: RunContext, place: str) -> list[str]:
    """The Flink program's command line, attached, so that the driver's traceback is in the step's own logs."""
    return [
        *("flink", "run", "-m", "yarn-cluster", "-Dexecution.runtime-mode=BATCH"),
        *("-pyexec", f"{PYTHON_HOME}/bin/python", "-pyclientexec", f"{PYTHON_HOME}/bin/python"),
        *("-pyfs", f"{place}/jobs/spark_jobs.zip,{place}/jobs/flink_jobs.zip"),
        *("-pym", "flink_wordcount.main"),
        *("--business-date", str(night.business_date)),
        *("--input", night.uri("raw", night.input_prefix)),
        *("--copy", f"{place}/in"),
        *("--lake", night.uri("lake").rstrip("/")),
        *("--out", f"{place}/out"),
        *("--scratch", f"{place}/scratch"),
        *("--staging", night.uri("lake", night.staging_prefix).rstrip("/")),
        *("--manifests", night.uri("lake", f"{night.record_prefix}manifests")),
        *("--encoding", night.encoding),
    ]


def _clear(night: RunContext, place: str) -> list[str]:
    """Delete earlier data first, since s3-dist-cp adds to it: of an earlier submission in HDFS, and of an earlier run
    of the date in the lake."""
    pipeline, lines = night.pipeline.name, f"lines/business_date={night.business_date}"
    tables = (f"bronze/{pipeline}", f"silver/{pipeline}", f"quarantine/{pipeline}/bronze")
    old = [night.uri("lake", f"{table}/{lines}") for table in tables]
    return ["hadoop", "fs", "-rm", "-r", "-f", "-skipTrash", place, *old]


def _copy(source: str, target: str, *options: str) -> list[str]:
    return ["s3-dist-cp", "--src", source, "--dest", target, *options]
