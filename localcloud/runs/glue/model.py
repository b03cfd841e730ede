"""A Glue job, and how it makes its runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from localcloud.credentials import Access
from localcloud.runs.glue import arguments
from localcloud.runs.glue.words import WORDS, timeout_minutes
from localcloud.runs.model import Json, Run
from localcloud.steps.request import RunRequest

LOG_GROUP = "/aws-glue/jobs"  # …/output and …/error; the stream is the run's id


@dataclass(eq=False)
class Job:
    """One job definition. spec: CreateJob's parameters, without its tags."""

    arn: str
    spec: Json
    created_at: datetime
    changed_at: datetime
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return str(self.spec["Name"])

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name,)

    @property
    def lives(self) -> bool:
        """It changes by calls only."""
        return False

    @property
    def most_runs(self) -> int:
        return int((self.spec.get("ExecutionProperty") or {}).get("MaxConcurrentRuns") or 1)

    def holds(self, active: int) -> str:
        return "WAITING" if active >= self.most_runs else ""

    def advance(self, runs: list[Run], now: datetime, seconds: float) -> None:
        """It changes by calls only."""

    def again(self, run: Run, now: datetime) -> Run | None:
        """A failed run is retried MaxRetries times, each time as another run; one that was stopped is not."""
        attempt = run.attempt + 1
        if run.state != WORDS.failed or attempt > int(self.spec.get("MaxRetries") or 0):
            return None
        run_id = f"{run.id.partition('_attempt_')[0]}_attempt_{attempt}"
        return self.run(run_id, {**run.spec, "JobRunId": run.id}, run.created_by, now, attempt)

    def run(self, run_id: str, spec: Json, principal: str, now: datetime, attempt: int = 0) -> Run:
        """A new run with StartJobRun's parameters and the job's present definition."""
        account, region = self.arn.split(":")[4], self.arn.split(":")[3]
        role, given = str(self.spec["Role"]), self.arguments(spec)
        args = arguments.command(self.spec["Command"]["ScriptLocation"], self.name, run_id, given)

        def request(access: Access) -> RunRequest:
            return RunRequest(
                *(account, region, access, run_id, run_id, "command-runner.jar", args, None, {}),
                streams={"stdout": (f"{LOG_GROUP}/output", run_id), "stderr": (f"{LOG_GROUP}/error", run_id)},
                notes=arguments.notes(given),
            )

        return Run(
            words=WORDS,
            place=self,
            arn=f"{self.arn}/{run_id}",
            id=run_id,
            role=role if role.startswith("arn:") else f"arn:aws:iam::{account}:role/{role}",
            spec={**spec, "Arguments": given},
            request=request,
            created_at=now,
            created_by=principal,
            names=(self.name, run_id),
            limit_seconds=60.0 * int(spec.get("Timeout") or timeout_minutes(self.spec)),
            attempt=attempt,
        )

    def arguments(self, spec: Json) -> dict[str, str]:
        """A run's arguments: its own win over the job's defaults, and the job's NonOverridableArguments over both."""
        layers = (self.spec.get("DefaultArguments"), spec.get("Arguments"), self.spec.get("NonOverridableArguments"))
        merged: dict[str, str] = {}
        for layer in layers:
            merged.update(_texts(layer or {}))
        return merged


def _texts(given: Mapping[str, object]) -> dict[str, str]:
    return {str(name): str(value) for name, value in given.items()}
