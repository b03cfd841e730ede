"""Glue requests: builds the job and its runs' arguments from a run and the stacks' outputs. Pure.

The shapes are those of boto3's create_job and start_job_run. Source: Glue's API reference, and "Using job parameters in
AWS Glue jobs" of its guide.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from nightshift.compute import source_role
from nightshift.compute.jobs import SparkJob
from nightshift.compute.one_by_one import place_name
from nightshift.compute.target import Ingredients
from nightshift.run.run_context import RunContext

ROLE, SOURCE_ROLES = "glue_job_role_arn", "glue_source_role_arns"  # outputs of the foundation
RUN, JOB, ARGV = (
    "--nightshift-run",
    "--nightshift-job",
    "--nightshift-argv",
)  # ARGV: include/spark_jobs/main.py reads it


def job(run: RunContext, made_from: Ingredients) -> dict[str, Any]:
    """The body of CreateJob: one run at a time, no retries of Glue's own, and a time limit, which is always set."""
    settings = run.settings
    connections = {"Connections": {"Connections": [*settings.glue_connections]}} if settings.glue_connections else {}
    return {
        "Name": place_name(run),
        "Description": f"{run.pipeline.name} of {run.business_date}",
        "Role": role(run, made_from.foundation),
        "GlueVersion": settings.glue_version,
        "WorkerType": settings.worker_type,
        "NumberOfWorkers": settings.workers,
        "ExecutionClass": "FLEX" if settings.glue_flex else "STANDARD",
        "ExecutionProperty": {"MaxConcurrentRuns": 1},
        "MaxRetries": 0,
        "Timeout": math.ceil(settings.step_timeout_minutes),
        "Command": {"Name": "glueetl", "PythonVersion": "3", "ScriptLocation": f"{made_from.jobs_uri}main.py"},
        "DefaultArguments": {
            "--job-language": "python",
            "--job-bookmark-option": "job-bookmark-disable",
            "--conf": "spark.sql.session.timeZone=UTC",
        },
        "Tags": run.tags,
        **connections,
    }


def update(body: Mapping[str, Any]) -> dict[str, Any]:
    """The body of UpdateJob that makes an existing job the one of CreateJob's `body`."""
    changed = {name: value for name, value in body.items() if name not in {"Name", "Tags"}}
    return {"JobName": body["Name"], "JobUpdate": changed}


def arguments(run: RunContext, job: SparkJob) -> dict[str, str]:
    """The arguments of one run of the job. They are a map, without repeated names and flags, so the program's command
    line goes in one of them. Run and job name identify a run: StartJobRun takes no token."""
    jars = {"--extra-jars": ",".join(job.jars)} if job.jars else {}
    return {
        RUN: run.run,
        JOB: job.name,
        ARGV: json.dumps(job.arguments),
        "--extra-py-files": ",".join(job.py_files),
        **jars,
    }


def role(run: RunContext, foundation: Mapping[str, Any]) -> str:
    """The job's role. Raises ComputeError."""
    return source_role.role(run, foundation, ROLE, SOURCE_ROLES)
