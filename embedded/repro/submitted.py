"""What a run submitted, from jobs.json beside its record, and which step of it failed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nightshift.run.tasks import job as task_of
from tools.errors import InputRefused

Record = Mapping[str, Any]
TASK = task_of("")  # begins the id of the task that waits for a step's job
FAILED = {"FAILED", "ERROR", "TIMEOUT"}  # the targets' words


@dataclass(frozen=True)
class Submitted:
    """A Spark job as it was submitted. `entry`, `py_files` and `jars` are s3:// addresses."""

    name: str
    entry: str
    arguments: tuple[str, ...]
    jars: tuple[str, ...] = ()

    def value(self, flag: str) -> str:
        """The value of an argument; '' if it has none."""
        pairs = zip(self.arguments, self.arguments[1:], strict=False)
        return next((value for name, value in pairs if name == flag), "")

    @property
    def layers(self) -> tuple[str, ...]:
        return tuple(self.value("--layers").split(","))

    def with_value(self, flag: str, value: str) -> Submitted:
        """The same with another value of an argument that it has."""
        changed = list(self.arguments)
        changed[changed.index(flag) + 1] = value
        return Submitted(self.name, self.entry, tuple(changed), self.jars)


def parsed(content: Mapping[str, Any]) -> list[Submitted]:
    """The Spark jobs of a jobs.json, in order. Raises InputRefused for jobs of another engine."""
    jobs = content["jobs"]
    if any("command" in job for job in jobs):
        raise InputRefused("The run's steps are Flink's: only Spark's can be run again here. Run it with engine spark.")
    return [Submitted(job["name"], job["entry"], tuple(job["arguments"]), tuple(job["jars"])) for job in jobs]


def chosen(jobs: Sequence[Submitted], record: Record, step: str | None) -> Submitted:
    """The job of `step`, else of the step that failed. Raises InputRefused, naming the steps."""
    wanted = step or failed_step(record)
    names = ", ".join(job.name for job in jobs)
    if not wanted:
        raise InputRefused(f"No step of this run failed: choose one with --step ({names}).")
    for job in jobs:
        if job.name == wanted:
            return job
    raise InputRefused(f"The run submitted no step {wanted}: choose one with --step ({names}).")


def failed_step(record: Record) -> str:
    """The step whose failure the record reports, else the first that its service calls failed; '' if none did."""
    task = str((record["failure"] or {}).get("task", ""))
    if task.startswith(TASK):
        return task.removeprefix(TASK)
    return next((step["name"] for step in record["steps"] if str(step["state"]).upper() in FAILED), "")


def up_to(jobs: Sequence[Submitted], job: Submitted) -> Submitted:
    """The job with the layers of all jobs before it as well: it needs nothing of the lake then."""
    before = [layer for one in jobs[: jobs.index(job) + 1] for layer in one.layers]
    return job.with_value("--layers", ",".join(dict.fromkeys(before)))
