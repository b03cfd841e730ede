"""EMR on EKS requests: builds the virtual cluster and the job runs from a run and the foundation's outputs. Pure.

The shapes are those of boto3's create_virtual_cluster and start_job_run. Source: the API reference of EMR on EKS, and
its guide, "Using S3 logs" and "Customizing Docker images".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from nightshift.compute import source_role
from nightshift.compute.jobs import SparkJob
from nightshift.compute.one_by_one import place_name
from nightshift.config import Settings
from nightshift.run.run_context import RunContext

LOGS = "eks/"  # in the logs bucket
ROLE, SOURCE_ROLES = "kubernetes_job_role_arn", "kubernetes_source_role_arns"  # outputs of the foundation


def virtual_cluster(run: RunContext, token: str) -> dict[str, Any]:
    """The body of CreateVirtualCluster. A namespace has one at a time."""
    settings = run.settings
    return {
        "name": place_name(run),
        "clientToken": token,
        "containerProvider": {
            "type": "EKS",
            "id": settings.kubernetes_cluster,
            "info": {"eksInfo": {"namespace": settings.eks_namespace}},
        },
        "tags": run.tags,
    }


def job_run(run: RunContext, place_id: str, job: SparkJob, foundation: Mapping[str, Any], token: str) -> dict[str, Any]:
    """The body of StartJobRun: program, role, logs. It has no word for a time limit."""
    return {
        "virtualClusterId": place_id,
        "clientToken": token,
        "name": job.name,
        "executionRoleArn": role(run, foundation),
        "releaseLabel": f"{run.settings.release_label}-latest",
        "jobDriver": {
            "sparkSubmitJobDriver": {
                "entryPoint": job.entry,
                "entryPointArguments": [*job.arguments],
                "sparkSubmitParameters": " ".join(_parameters(run.settings, job)),
            }
        },
        "configurationOverrides": {
            "monitoringConfiguration": {
                "persistentAppUI": "DISABLED",
                "s3MonitoringConfiguration": {"logUri": run.uri("logs", LOGS)},
            }
        },
        "tags": run.tags,
    }


def role(run: RunContext, foundation: Mapping[str, Any]) -> str:
    """The job's role. Raises ComputeError."""
    return source_role.role(run, foundation, ROLE, SOURCE_ROLES)


def logs_prefix(place_id: str, job_id: str) -> str:
    """The folder of stdout.gz and stderr.gz of a job's driver (guide, "Using S3 logs")."""
    return f"{LOGS}{place_id}/jobs/{job_id}/containers/spark-{job_id}/spark-{job_id}-driver/"


def _parameters(settings: Settings, job: SparkJob) -> Iterator[str]:
    if job.jars:
        yield f"--jars {','.join(job.jars)}"
    yield f"--py-files {','.join(job.py_files)}"
    yield from (f"--conf {name}={value}" for name, value in (*_conf(settings), *job.conf.items()))


def _conf(settings: Settings) -> Iterator[tuple[str, Any]]:
    """Driver and executors are as large as those of the target that talks to Kubernetes itself."""
    memory = settings.kubernetes_memory_gib * 1024
    for part in ("driver", "executor"):
        yield f"spark.{part}.cores", settings.kubernetes_cores
        yield f"spark.kubernetes.{part}.request.cores", f"{settings.kubernetes_cores * 850}m"
        yield f"spark.{part}.memory", f"{memory * 3 // 4}m"
        yield f"spark.{part}.memoryOverhead", f"{memory // 4}m"
    yield "spark.executor.instances", settings.kubernetes_executors
    yield "spark.dynamicAllocation.enabled", "false"
    yield "spark.sql.session.timeZone", "UTC"
    yield "spark.kubernetes.driverEnv.AWS_DEFAULT_REGION", settings.region  # a driver reads its secret there
    if settings.eks_image:
        yield "spark.kubernetes.container.image", settings.eks_image
    if settings.eks_python:
        yield "spark.pyspark.python", settings.eks_python
        yield "spark.pyspark.driver.python", settings.eks_python
