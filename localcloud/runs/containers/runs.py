"""Actions on job runs: start, look, cancel. They have no time limit."""

from __future__ import annotations

import re

from localcloud.credentials import Access
from localcloud.runs import submission
from localcloud.runs.containers.clusters import find
from localcloud.runs.containers.model import VirtualCluster
from localcloud.runs.containers.words import WORDS, invalid, missing
from localcloud.runs.model import Json, Run, new_id
from localcloud.runs.session import Action, Session, by_token, in_time, page
from localcloud.steps.request import RunRequest

_PAGE = 50
_RELEASE = re.compile(r"emr-\d+\.\d+\.\d+-\w[-\w]*")  # emr-7.13.0-latest, emr-7.13.0-20260101
_NEEDED = ("executionRoleArn", "releaseLabel", "jobDriver")  # unless a job template has them


def start_job_run(session: Session, params: Json) -> Json:
    """Start a run; the same token again answers with the same run, whatever its other parameters."""
    cluster = find(session, params["virtualClusterId"])
    run = by_token(session.store.of(cluster), params["clientToken"])
    if run is None:
        _check(cluster, params)
        run = _run(session, cluster, new_id(19), params)
        session.engine.submit(run)
    return {"id": run.id, "name": run.spec.get("name"), "arn": run.arn, "virtualClusterId": cluster.id}


def describe_job_run(session: Session, params: Json) -> Json:
    cluster = find(session, params["virtualClusterId"])
    return {"jobRun": shown(_find(session, cluster, params["id"]))}


def list_job_runs(session: Session, params: Json) -> Json:
    """The runs of a virtual cluster, newest first."""
    cluster, states = find(session, params["virtualClusterId"]), params.get("states")
    chosen = [
        run
        for run in reversed(session.store.of(cluster))
        if (not states or run.state in states)
        and params.get("name") in (None, run.spec.get("name"))
        and in_time(run.created_at, params.get("createdAfter"), params.get("createdBefore"))
    ]
    wrong = invalid("nextToken is not valid.")
    items, token = page(chosen, params.get("nextToken"), params.get("maxResults") or _PAGE, wrong)
    return {"jobRuns": [shown(run) for run in items], "nextToken": token}


def cancel_job_run(session: Session, params: Json) -> Json:
    cluster = find(session, params["virtualClusterId"])
    run = _find(session, cluster, params["id"])
    if run.ended_at:
        raise invalid(f"Job run {run.id} is {run.state} and cannot be cancelled.")
    session.engine.cancel(run)
    return {"id": run.id, "virtualClusterId": cluster.id}


def shown(run: Run) -> Json:
    """A run as DescribeJobRun answers it."""
    return {
        **run.spec,
        "id": run.id,
        "arn": run.arn,
        "state": run.state,
        "stateDetails": run.text or None,
        "failureReason": run.failure_code or None,
        "createdAt": run.created_at,
        "createdBy": run.created_by,
        "finishedAt": run.ended_at,
        "tags": run.tags,
        "retryPolicyExecution": {"currentAttemptCount": 1} if "retryPolicyConfiguration" in run.spec else None,
    }


def _check(cluster: VirtualCluster, params: Json) -> None:
    if cluster.state != "RUNNING":
        raise invalid(f"Virtual cluster state {cluster.state} is not valid to create resource JobRun.")
    if absent := [name for name in _NEEDED if not params.get(name)]:
        raise invalid(f"{', '.join(absent)} must be given: localcloud has no job templates.")
    if not _RELEASE.fullmatch(params["releaseLabel"]):
        raise missing(f"Release {params['releaseLabel']} doesn't exist.")
    driver = params["jobDriver"].get("sparkSubmitJobDriver")
    if not driver:
        raise invalid("localcloud runs jobs with jobDriver.sparkSubmitJobDriver only.")
    try:
        submission.command(driver)
    except ValueError as problem:
        raise invalid(f"sparkSubmitParameters cannot be read: {problem}.") from problem


def _run(session: Session, cluster: VirtualCluster, run_id: str, params: Json) -> Run:
    overrides = params.get("configurationOverrides") or {}
    monitoring, pod = overrides.get("monitoringConfiguration") or {}, f"spark-{run_id}"
    watch = monitoring.get("cloudWatchMonitoringConfiguration")
    path = ("containers", pod, f"{pod}-driver")

    def request(access: Access) -> RunRequest:
        return RunRequest(
            *(session.account, session.region, access, run_id, run_id, "command-runner.jar"),
            args=submission.command(params["jobDriver"]["sparkSubmitJobDriver"]),
            log_uri=submission.log_uri(monitoring, cluster.id, "jobs"),
            spark_defaults=submission.spark_defaults(overrides.get("applicationConfiguration") or ()),
            folder="/".join(path),
            streams=_streams(watch, (cluster.id, "jobs", run_id, *path)) if watch else {},
        )

    return Run(
        words=WORDS,
        place=cluster,
        arn=f"{cluster.arn}/jobruns/{run_id}",
        id=run_id,
        role=params["executionRoleArn"],
        spec={name: value for name, value in params.items() if name != "tags"},
        request=request,
        created_at=session.now,
        created_by=session.principal,
        names=(params.get("name", ""), run_id),
        limit_seconds=None,
        tags=dict(params.get("tags") or {}),
    )


def _streams(watch: Json, path: tuple[str, ...]) -> dict[str, tuple[str, str]]:
    return submission.streams(watch["logGroupName"], watch.get("logStreamNamePrefix", ""), *path)


def _find(session: Session, cluster: VirtualCluster, run_id: str) -> Run:
    found = session.store.runs.get(f"{cluster.arn}/jobruns/{run_id}")
    if found is None:
        raise missing(f"Job run {run_id} doesn't exist.")
    return found


ACTIONS: dict[str, Action] = {
    "StartJobRun": start_job_run,
    "DescribeJobRun": describe_job_run,
    "ListJobRuns": list_job_runs,
    "CancelJobRun": cancel_job_run,
}
