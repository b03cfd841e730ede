"""Actions on job runs: start, look, stop."""

from __future__ import annotations

import secrets
from datetime import datetime

from localcloud.runs.errors import ApiError
from localcloud.runs.glue.jobs import check_workers, find
from localcloud.runs.glue.model import LOG_GROUP, Job
from localcloud.runs.glue.words import capacity, invalid, version
from localcloud.runs.model import Json, Run
from localcloud.runs.session import Action, Session, page

_PAGE = 200
RUNNABLE = ("glueetl", "gluestreaming")


def start_job_run(session: Session, params: Json) -> Json:
    """Start a run. Beyond MaxConcurrentRuns it is refused, or with JobRunQueuingEnabled it waits."""
    job = _startable(session, params["JobName"])
    check_workers(params)
    active = sum(run.ended_at is None for run in session.store.of(job))
    if job.holds(active) and not params.get("JobRunQueuingEnabled", job.spec.get("JobRunQueuingEnabled")):
        raise ApiError("ConcurrentRunsExceededException", f"Concurrent runs exceeded for {job.name}")
    spec = params
    if before := params.get("JobRunId"):
        spec = {"Arguments": _find(session, job, before).spec["Arguments"], **params}
    run = job.run(f"jr_{secrets.token_hex(32)}", spec, session.principal, session.now)
    session.engine.submit(run)
    return {"JobRunId": run.id}


def get_job_run(session: Session, params: Json) -> Json:
    job = find(session, params["JobName"])
    return {"JobRun": shown(_find(session, job, params["RunId"]), job, session.now)}


def get_job_runs(session: Session, params: Json) -> Json:
    """The runs of a job, newest first."""
    job = find(session, params["JobName"])
    wrong = invalid("NextToken is not valid.")
    found = session.store.of(job)[::-1]
    items, token = page(found, params.get("NextToken"), params.get("MaxResults") or _PAGE, wrong)
    return {"JobRuns": [shown(run, job, session.now) for run in items], "NextToken": token}


def batch_stop_job_run(session: Session, params: Json) -> Json:
    """Stop runs; for each the answer says whether it will be stopped, or why not."""
    job, stopped, errors = find(session, params["JobName"]), [], []
    for run_id in params["JobRunIds"]:
        named = {"JobName": job.name, "JobRunId": run_id}
        try:
            _stop(session, job, run_id)
        except ApiError as error:
            errors.append({**named, "ErrorDetail": {"ErrorCode": error.code, "ErrorMessage": str(error)}})
        else:
            stopped.append(named)
    return {"SuccessfulSubmissions": stopped, "Errors": errors}


def shown(run: Run, job: Job, now: datetime) -> Json:
    """A run as GetJobRun answers it. DPUSeconds: only of Flex and of runs that scale by themselves."""
    spec, dpus, seconds = run.spec, capacity(job.spec, run.spec), run.seconds(now)
    execution = spec.get("ExecutionClass") or job.spec.get("ExecutionClass")
    scales = spec["Arguments"].get("--enable-auto-scaling") == "true"
    return {
        **{name: job.spec.get(name) for name in ("WorkerType", "NumberOfWorkers", "SecurityConfiguration")},
        **spec,
        "Id": run.id,
        "Attempt": run.attempt,
        "PreviousRunId": spec.get("JobRunId"),
        "JobMode": "SCRIPT",
        "StartedOn": run.created_at,
        "LastModifiedOn": run.updated_at,
        "CompletedOn": run.ended_at,
        "JobRunState": run.state,
        "ErrorMessage": run.text or None,
        "PredecessorRuns": [],
        "AllocatedCapacity": int(dpus),
        "MaxCapacity": dpus,
        "ExecutionTime": int(seconds),
        "DPUSeconds": seconds * dpus if run.ended_at and (scales or execution == "FLEX") else None,
        "ExecutionClass": execution,
        "Timeout": int((run.limit_seconds or 0) / 60),
        "LogGroupName": LOG_GROUP,
        "GlueVersion": version(job.spec),
    }


def _startable(session: Session, name: str) -> Job:
    try:
        job = find(session, name)
    except ApiError as missing:
        raise ApiError(missing.code, "Failed to start job run due to missing metadata.") from missing
    command, language = job.spec["Command"], (job.spec.get("DefaultArguments") or {}).get("--job-language", "python")
    if command["Name"] not in RUNNABLE or language != "python":
        raise invalid(
            f"localcloud runs PySpark jobs only ({', '.join(RUNNABLE)}), not {command['Name']} in {language}."
        )
    if not command.get("ScriptLocation"):
        raise invalid("Script location should not be null or empty.")
    return job


def _stop(session: Session, job: Job, run_id: str) -> None:
    run = _find(session, job, run_id)
    if run.ended_at:
        raise ApiError("JobRunInTerminalStateException", f"Job run {run_id} is already in state {run.state}.")
    session.engine.cancel(run)


def _find(session: Session, job: Job, run_id: str) -> Run:
    found = session.store.runs.get(f"{job.arn}/{run_id}")
    if found is None or found.place is not job:
        raise ApiError("EntityNotFoundException", f"Job run {run_id} of job {job.name} not found.")
    return found


ACTIONS: dict[str, Action] = {
    "StartJobRun": start_job_run,
    "GetJobRun": get_job_run,
    "GetJobRuns": get_job_runs,
    "BatchStopJobRun": batch_stop_job_run,
}
