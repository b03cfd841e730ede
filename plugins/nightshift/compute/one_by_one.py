"""What the targets without a queue share: the name of a place, which job is adopted, what they cannot run. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256

from botocore.exceptions import ClientError

from nightshift.compute import cost, cost_limit
from nightshift.compute.jobs import Job, SparkJob
from nightshift.compute.resources import digest
from nightshift.compute.target import JobState, Place, SubmittedJob
from nightshift.compute.workers import SHAPES, Shape
from nightshift.config import Settings
from nightshift.failures.causes import Cause
from nightshift.run.run_context import RunContext

NEXT_ACTIONS = {
    Cause.CAPACITY: "If memory ran out, ask for larger workers (NIGHTSHIFT_WORKER_TYPE); else for fewer"
    " (NIGHTSHIFT_WORKERS), or have the account's quota raised in Service Quotas. Then clear the task with downstream.",
    Cause.IAM: "Grant the job's role the action that is named (include/terraform/modules/compute_role), then clear the"
    " task with downstream.",
    Cause.DISK: "Ask for more or larger workers (NIGHTSHIFT_WORKERS, NIGHTSHIFT_WORKER_TYPE), then clear the task with"
    " downstream.",
}
MOST_CHARACTERS = 64  # of an application's name (API reference of EMR Serverless, CreateApplication)


def place_name(run: RunContext) -> str:
    """<name>-<dag>-<hash of the run>, in the characters that all services take."""
    return f"{f'{run.settings.name}-{run.pipeline.name}'[: MOST_CHARACTERS - 13]}-{digest(run.run)}"


def place_names(settings: Settings) -> re.Pattern[str]:
    """What the places of this deployment are called. `acme` has none of `acme-prod`'s: a DAG's name has no dash."""
    return re.compile(rf"{re.escape(settings.name)}-\w*-[0-9a-f]{{12}}")


def refusal(run: RunContext, name: str, *, shaped: bool = True) -> str:
    """Why a target of single jobs cannot run this run, and which can; '' if it can. `shaped`: whether its workers are
    of settings.worker_type."""
    unknown = shaped and run.settings.worker_type not in SHAPES
    lacking = [
        ("Flink", run.engine == "flink"),
        ("a node to open SSH to (ssh_cidr)", bool(run.ssh_cidr)),
        (f"workers of type {run.settings.worker_type}, but {', '.join(SHAPES)}", unknown),
    ]
    missing = [what for what, wanted in lacking if wanted]
    return f"The target {name} has no {', no '.join(missing)}: run it with compute emr." if missing else ""


def shape(settings: Settings) -> Shape:
    """The shape of a worker."""
    return SHAPES[settings.worker_type]


@dataclass(frozen=True)
class Submitted:
    """What there is of one job of the pipeline: the one to adopt if any, else how many of it have ended."""

    adopted: str
    ended: int


def submitted(found: Sequence[SubmittedJob], name: str, known: Collection[str]) -> Submitted:
    """Adopt a job of this name that is alive; or one that COMPLETED, unless an earlier submission is `known` to have
    returned it: a cleared task has to read its input again. `found`: oldest first."""
    ours = [job for job in found if job.name == name]
    live = [job.id for job in ours if not job.state.ended]
    unheard = [job.id for job in ours[-1:] if job.state == JobState.COMPLETED and job.id not in known]
    return Submitted(next(iter([*live, *unheard]), ""), sum(job.state.ended for job in ours))


def spark(specs: Iterable[Job]) -> list[SparkJob]:
    """The Spark jobs of these: preflight has refused every other kind (`refusal`)."""
    return [job for job in specs if isinstance(job, SparkJob)]


def submit(
    specs: Iterable[Job], found: Sequence[SubmittedJob], known: Collection[str], start: Callable[[SparkJob, int], str]
) -> dict[str, str]:
    """The id of each job by name: of the one to adopt, else what `start(job, number of its ended runs)` gives."""
    started = {}
    for job in spark(specs):
        there = submitted(found, job.name, known)
        started[job.name] = there.adopted or start(job, there.ended)
    return started


def since(found: list[Place], first: str, look: Callable[[str], Place]) -> list[Place]:
    """The places from `first` on, all if it is ""; only what `look(first)` gives if the service lists it no more."""
    ids = [place.id for place in found]
    if first and first not in ids:
        return [look(first)]
    return found[ids.index(first) :] if first else found


def is_missing(refused: ClientError) -> bool:
    """Whether the service says that there is no such thing."""
    return bool(refused.response["Error"]["Code"] == "ResourceNotFoundException")


def token(*parts: object) -> str:
    """A client token for what these parts identify: the same request again makes nothing new."""
    return sha256("\n".join(map(str, parts)).encode()).hexdigest()


def limit_minutes(run: RunContext, price: Callable[[RunContext, float], float], found: Sequence[SubmittedJob]) -> float:
    """The time limit of the run's next job: the settings', or what is left of the run's dollars after the jobs that it
    had. `price`: the target's estimate. Raises ComputeError if no minute is left."""
    most = run.settings.step_timeout_minutes
    if run.dollar_limit is None:
        return most
    bought, used = cost.minutes_within(run.dollar_limit, partial(price, run)), seconds(found) / 60
    if bought - used < 1:
        raise cost_limit.used_up(run.run, run.dollar_limit, price(run, used))
    return min(most, math.floor(bought - used))


def dollars_ended(run: RunContext, price: Callable[[RunContext, float], float], found: Sequence[SubmittedJob]) -> str:
    """Why the last of the jobs was ended, if the time that its dollars bought was its limit; '' if not."""
    *before, job = found
    limit = limit_minutes(run, price, before) * 60
    lived = seconds([job])
    if limit >= run.settings.step_timeout_minutes * 60 or lived < limit:
        return ""
    return cost_limit.words(f"{run.dollar_limit:.2f}", lived / 60)


def seconds(jobs: Iterable[SubmittedJob]) -> float:
    """How long the ended jobs ran together."""
    return sum((job.ended_at - job.started_at).total_seconds() for job in jobs if job.started_at and job.ended_at)
