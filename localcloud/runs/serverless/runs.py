"""Actions on job runs: start, look, cancel."""

from __future__ import annotations

from datetime import datetime

from localcloud.credentials import Access
from localcloud.runs import submission
from localcloud.runs.model import Json, Run, new_id
from localcloud.runs.serverless.applications import find
from localcloud.runs.serverless.model import Application
from localcloud.runs.serverless.utilization import billed, used
from localcloud.runs.serverless.words import WORDS, invalid, missing
from localcloud.runs.session import Action, Session, by_token, in_time, page
from localcloud.steps.errors import CommandError
from localcloud.steps.request import RunRequest

_PAGE = 50
_TIMEOUT_MINUTES = 720  # of a batch job (API reference, StartJobRun); 0 is none
_LOG_GROUP = "/aws/emr-serverless"


def start_job_run(session: Session, params: Json) -> Json:
    """Start a run; the same token again answers with the same run, whatever its other parameters."""
    app = find(session, params["applicationId"])
    run = by_token(session.store.of(app), params["clientToken"])
    if run is None:
        _check(app, params)
        run = _run(session, app, new_id(16), params)
        session.engine.submit(run)
    return {"applicationId": app.id, "jobRunId": run.id, "arn": run.arn}


def get_job_run(session: Session, params: Json) -> Json:
    app = find(session, params["applicationId"])
    return {"jobRun": shown(_find(session, app, params["jobRunId"]), app, session.now)}


def list_job_runs(session: Session, params: Json) -> Json:
    """The runs of an application, newest first."""
    app, states = find(session, params["applicationId"]), params.get("states")
    chosen = [
        run
        for run in reversed(session.store.of(app))
        if (not states or run.state in states)
        and params.get("mode") in (None, _mode(run.spec))
        and in_time(run.created_at, params.get("createdAtAfter"), params.get("createdAtBefore"))
    ]
    wrong = invalid("nextToken is not valid.")
    items, token = page(chosen, params.get("nextToken"), params.get("maxResults") or _PAGE, wrong)
    found = [{**shown(run, app, session.now), "id": run.id, "type": "Spark"} for run in items]
    return {"jobRuns": found, "nextToken": token}


def cancel_job_run(session: Session, params: Json) -> Json:
    app = find(session, params["applicationId"])
    run = _find(session, app, params["jobRunId"])
    if run.ended_at:
        raise invalid(f"Job run {run.id} is {run.state} and cannot be cancelled.")
    session.engine.cancel(run)
    return {"applicationId": app.id, "jobRunId": run.id}


def shown(run: Run, app: Application, now: datetime) -> Json:
    """A run as GetJobRun answers it. What it used is known once it has ended."""
    ended, seconds = run.ended_at is not None and run.started_at is not None, run.seconds(now)
    return {
        **run.spec,
        "jobRunId": run.id,
        "arn": run.arn,
        "createdBy": run.created_by,
        "createdAt": run.created_at,
        "updatedAt": run.updated_at,
        "startedAt": run.started_at,
        "endedAt": run.ended_at,
        "executionRole": run.role,
        "state": run.state,
        "stateDetails": run.text,
        "releaseLabel": app.spec["releaseLabel"],
        "tags": run.tags,
        "executionTimeoutMinutes": int((run.limit_seconds or 0) / 60),
        "mode": _mode(run.spec),
        "attempt": 1,
        "attemptCreatedAt": run.created_at,
        "attemptUpdatedAt": run.updated_at,
        "networkConfiguration": app.spec.get("networkConfiguration"),
        "totalExecutionDurationSeconds": int(seconds),
        "totalResourceUtilization": used(run.spec, seconds) if ended else None,
        "billedResourceUtilization": billed(run.spec, seconds) if ended else None,
    }


def _check(app: Application, params: Json) -> None:
    if app.deleted or (app.state not in ("STARTING", "STARTED") and not app.starts_itself):
        raise invalid(f"Application {app.id} is {app.state}, and is not started by a job run.")
    driver = (params.get("jobDriver") or {}).get("sparkSubmit")
    if not driver:
        raise invalid("localcloud runs jobs with jobDriver.sparkSubmit only.")
    try:
        submission.command(driver)
        used(params, 0.0)
    except (ValueError, CommandError) as problem:
        raise invalid(f"sparkSubmitParameters cannot be read: {problem}.") from problem


def _run(session: Session, app: Application, run_id: str, params: Json) -> Run:
    overrides = params.get("configurationOverrides") or {}
    monitoring = {**(app.spec.get("monitoringConfiguration") or {}), **(overrides.get("monitoringConfiguration") or {})}
    configured = (*(app.spec.get("runtimeConfiguration") or ()), *(overrides.get("applicationConfiguration") or ()))
    minutes = params.get("executionTimeoutMinutes", 0 if _mode(params) == "STREAMING" else _TIMEOUT_MINUTES)
    watch = monitoring.get("cloudWatchLoggingConfiguration") or {}
    path = ("applications", app.id, "jobs")

    def request(access: Access) -> RunRequest:
        return RunRequest(
            *(session.account, session.region, access, run_id, run_id, "command-runner.jar"),
            args=submission.command(params["jobDriver"]["sparkSubmit"]),
            log_uri=submission.log_uri(monitoring, *path),
            spark_defaults=submission.spark_defaults(configured),
            folder="SPARK_DRIVER",
            streams=_streams(watch, (*path, run_id, "SPARK_DRIVER")) if watch.get("enabled") else {},
        )

    return Run(
        words=WORDS,
        place=app,
        arn=f"{app.arn}/jobruns/{run_id}",
        id=run_id,
        role=params["executionRoleArn"],
        spec={name: value for name, value in params.items() if name != "tags"},
        request=request,
        created_at=session.now,
        created_by=session.principal,
        names=(params.get("name", ""), run_id),
        limit_seconds=60.0 * minutes if minutes else None,
        tags=dict(params.get("tags") or {}),
    )


def _streams(watch: Json, path: tuple[str, ...]) -> dict[str, tuple[str, str]]:
    return submission.streams(watch.get("logGroupName") or _LOG_GROUP, watch.get("logStreamNamePrefix", ""), *path)


def _mode(spec: Json) -> str:
    return str(spec.get("mode") or "BATCH")


def _find(session: Session, app: Application, run_id: str) -> Run:
    found = session.store.runs.get(f"{app.arn}/jobruns/{run_id}")
    if found is None:
        raise missing(f"Job run {run_id} of application {app.id} does not exist.")
    return found


ACTIONS: dict[str, Action] = {
    "StartJobRun": start_job_run,
    "GetJobRun": get_job_run,
    "ListJobRuns": list_job_runs,
    "CancelJobRun": cancel_job_run,
}
