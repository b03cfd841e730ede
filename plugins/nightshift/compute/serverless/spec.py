"""EMR Serverless requests: builds the application and the job runs from a run and the stacks' outputs. Pure.

The shapes are those of boto3's create_application and start_job_run. Source: the API reference of EMR Serverless; for
workers its guide, "Spark job properties" and "Worker configurations".
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from nightshift.compute import source_role
from nightshift.compute.jobs import SparkJob
from nightshift.compute.one_by_one import place_name, shape
from nightshift.compute.target import Ingredients
from nightshift.config import Settings
from nightshift.run.run_context import RunContext

LOGS = "serverless/"  # in the logs bucket
ROLE, SOURCE_ROLES = "serverless_job_role_arn", "serverless_source_role_arns"  # outputs of the foundation
ENVIRONMENT = "environment"  # the folder that Spark unpacks the Python in


def application(run: RunContext, made_from: Ingredients, token: str) -> dict[str, Any]:
    """The body of CreateApplication: no initial capacity, so that it costs nothing while no job runs; it starts with a
    job and stops when idle. Its maximum has room for the driver of a job that begins while the last one's workers
    go."""
    settings = run.settings
    each, most = shape(settings), settings.workers + 1
    return {
        "name": place_name(run),
        "releaseLabel": settings.release_label,
        "type": "SPARK",
        "clientToken": token,
        "architecture": "X86_64",
        "maximumCapacity": {"cpu": f"{most * each.cpus} vCPU", "memory": f"{most * each.memory} GB"},
        "autoStartConfiguration": {"enabled": True},
        "autoStopConfiguration": {
            "enabled": True,
            "idleTimeoutMinutes": math.ceil(settings.idle_timeout_seconds / 60),
        },
        "tags": run.tags,
        **({"imageConfiguration": {"imageUri": settings.serverless_image}} if settings.serverless_image else {}),
        **_network(run, made_from),
    }


def job_run(run: RunContext, place_id: str, job: SparkJob, foundation: Mapping[str, Any], token: str) -> dict[str, Any]:
    """The body of StartJobRun: program, role, logs and the time limit, which is always set."""
    settings = run.settings
    return {
        "applicationId": place_id,
        "clientToken": token,
        "name": job.name,
        "executionRoleArn": role(run, foundation),
        "executionTimeoutMinutes": math.ceil(settings.step_timeout_minutes),
        "jobDriver": {
            "sparkSubmit": {
                "entryPoint": job.entry,
                "entryPointArguments": [*job.arguments],
                "sparkSubmitParameters": " ".join(_parameters(settings, job)),
            }
        },
        "configurationOverrides": {
            "monitoringConfiguration": {
                "s3MonitoringConfiguration": {"logUri": run.uri("logs", LOGS)},
                "managedPersistenceMonitoringConfiguration": {"enabled": False},
            }
        },
        "tags": run.tags,
    }


def role(run: RunContext, foundation: Mapping[str, Any]) -> str:
    """The job's role. Raises ComputeError."""
    return source_role.role(run, foundation, ROLE, SOURCE_ROLES)


def logs_prefix(place_id: str, job_id: str) -> str:
    """The folder of stdout.gz and stderr.gz of a job's driver (guide, "Storing logs")."""
    return f"{LOGS}applications/{place_id}/jobs/{job_id}/SPARK_DRIVER/"


def _network(run: RunContext, made_from: Ingredients) -> dict[str, Any]:
    """A job reaches a database through the foundation's subnets; one that reads files needs no network of ours."""
    if not run.source_secret:
        return {}
    groups = [made_from.transient["worker_security_group_id"]]
    return {"networkConfiguration": {"subnetIds": [*made_from.foundation["subnet_ids"]], "securityGroupIds": groups}}


def _parameters(settings: Settings, job: SparkJob) -> list[str]:
    jars = ("--jars", ",".join(job.jars)) if job.jars else ()
    conf = (f"--conf {name}={value}" for name, value in (_conf(settings) | job.conf).items())
    return [*jars, "--py-files", ",".join(job.py_files), *conf]


def _conf(settings: Settings) -> dict[str, Any]:
    """A worker's memory holds Spark's overhead of a tenth, so the heap gets seven eighths of it."""
    each, executors = shape(settings), max(1, settings.workers - 1)
    heap = f"{each.memory * 7 // 8}g"
    return {
        "spark.driver.cores": each.cpus,
        "spark.driver.memory": heap,
        "spark.executor.cores": each.cpus,
        "spark.executor.memory": heap,
        "spark.executor.instances": executors,
        "spark.dynamicAllocation.maxExecutors": executors,
        "spark.sql.session.timeZone": "UTC",
        "spark.emr-serverless.driverEnv.AWS_DEFAULT_REGION": settings.region,  # a driver reads its secret there
        **_python(settings.serverless_python),
    }


def _python(given: str) -> dict[str, str]:
    """The Python of driver and executors: in a packed environment, or at a path (guide, "Using Python libraries with
    EMR Serverless")."""
    if not given:
        return {}
    packed = given.startswith("s3://")
    python = f"./{ENVIRONMENT}/bin/python" if packed else given
    return {
        **({"spark.archives": f"{given}#{ENVIRONMENT}"} if packed else {}),
        "spark.emr-serverless.driverEnv.PYSPARK_DRIVER_PYTHON": python,
        "spark.emr-serverless.driverEnv.PYSPARK_PYTHON": python,
        "spark.executorEnv.PYSPARK_PYTHON": python,
    }
