"""Kubernetes manifests: builds a run's place and its SparkApplications from a run. Pure.

The place is a ConfigMap that owns the run's SparkApplications, which own their drivers, which own their executors: what
deletes it ends all of them. Source: docs/api-docs.md of kubeflow/spark-operator (v1beta2; pod templates since 2.1).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from nightshift.compute.jobs import SparkJob
from nightshift.compute.one_by_one import place_name
from nightshift.compute.resources import digest
from nightshift.config import Settings
from nightshift.run.run_context import RunContext

LOGS = "kubernetes/"  # in the logs bucket
PREFIX = "nightshift:"  # of our tags; in a label or an annotation it is nightshift/
NAME, RUN, JOB, NUMBER = "nightshift/name", "nightshift/run", "nightshift/job", "nightshift/number"  # labels
SPARK = "3.5.6"  # of the project's image (deploy/kubernetes/Dockerfile)
DRIVER, EXECUTOR = "spark-kubernetes-driver", "spark-kubernetes-executor"  # the containers' names in Spark's pods
SPARK_USER = 185  # of Spark's images
MOST_CHARACTERS = 40  # of a job in an application's name, which is a label's value: 63


def place(run: RunContext) -> dict[str, Any]:
    """The run's ConfigMap."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name_of(run), "labels": labels(run), "annotations": annotations_of(run)},
        "data": {"run": run.run, "business_date": str(run.business_date)},
    }


def name_of(run: RunContext) -> str:
    """The name of the run's ConfigMap, in the characters of a DNS name."""
    return place_name(run).replace("_", "-")


def application(
    run: RunContext, owner: Mapping[str, Any], job: SparkJob, number: int, limit_minutes: float | None = None
) -> dict[str, Any]:
    """The SparkApplication of one job, the `number`th for it; `owner` is the metadata of the run's ConfigMap. Its time
    limit is by default that of the settings."""
    settings, limit = run.settings, run.settings.step_timeout_minutes if limit_minutes is None else limit_minutes
    own = {**labels(run), JOB: job.name, NUMBER: str(number)}
    return {
        "apiVersion": "sparkoperator.k8s.io/v1beta2",
        "kind": "SparkApplication",
        "metadata": {
            "name": application_name(owner["uid"], job.name, number),
            "labels": own,
            "annotations": annotations_of(run),
            "ownerReferences": [_owner(owner)],
        },
        "spec": {
            "type": "Python",
            "pythonVersion": "3",
            "mode": "cluster",
            "sparkVersion": SPARK,
            "image": settings.kubernetes_image,
            "imagePullPolicy": "IfNotPresent",
            "mainApplicationFile": job.entry,
            "arguments": [*job.arguments],
            "deps": {"pyFiles": [*job.py_files], **({"jars": [*job.jars]} if job.jars else {})},
            "sparkConf": {"spark.sql.session.timeZone": "UTC", **job.conf},
            "restartPolicy": {"type": "Never"},
            "timeToLiveSeconds": settings.lifetime_hours * 3600,  # if nobody deletes it before
            "driver": _pod(run, DRIVER, own, limit),
            "executor": {**_pod(run, EXECUTOR, own, limit), "instances": settings.kubernetes_executors},
        },
    }


def application_name(owner_uid: str, job: str, number: int) -> str:
    """The fixed name of a job's application, so that a second create is refused; another place gives others. A driver's
    service is called after it, and the name of a service begins with a letter (DNS-1035): that of a day does not."""
    called = job.replace("_", "-") if job[0].isalpha() else f"day-{job}"
    return f"{called[:MOST_CHARACTERS]}-{owner_uid[:8]}-{number}"


def driver_name(application: Mapping[str, Any]) -> str:
    """The name of an application's driver pod."""
    stated = (application.get("status") or {}).get("driverInfo") or {}
    return str(stated.get("podName") or f"{application['metadata']['name']}-driver")


def labels(run: RunContext) -> dict[str, str]:
    """What the run's objects are found by. A label's value has no slash, so the run is its hash."""
    return {**ours(run.settings), RUN: digest(run.run)}


def ours(settings: Settings) -> dict[str, str]:
    """What all objects of this deployment are found by."""
    return {NAME: settings.name}


def annotations_of(run: RunContext) -> dict[str, str]:
    """The run's tags."""
    return {tag.replace(":", "/"): value for tag, value in run.tags.items() if tag.startswith(PREFIX)}


def tags(metadata: Mapping[str, Any]) -> dict[str, str]:
    """The tags that an object's annotations have."""
    return {name.replace("/", ":", 1): value for name, value in (metadata.get("annotations") or {}).items()}


def service_account(run: RunContext) -> str:
    """The pods' account; if the run reads a database the pipeline's own, which can read only its sources' secrets."""
    account = run.settings.kubernetes_service_account
    return f"{account}-{run.pipeline.product.replace('_', '-')}" if run.source_secret else account


def logs_prefix(place_id: str, job_id: str) -> str:
    """The folder in the logs bucket that a driver's log is copied to."""
    return f"{LOGS}{place_id}/{job_id}/"


def _owner(metadata: Mapping[str, Any]) -> dict[str, Any]:
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": metadata["name"], "uid": metadata["uid"]}
    return {**reference, "controller": True, "blockOwnerDeletion": True}


def _pod(run: RunContext, container: str, own: Mapping[str, str], limit_minutes: float) -> dict[str, Any]:
    """A driver or an executor. A quarter of its memory is for what is not Java: Python, and Spark's own overhead. Its
    deadline is the job's time limit, which a SparkApplication has no word for."""
    settings = run.settings
    memory = settings.kubernetes_memory_gib * 1024
    return {
        "cores": settings.kubernetes_cores,
        "coreRequest": f"{settings.kubernetes_cores * 850}m",  # a node keeps some of its processors for itself
        "memory": f"{memory * 3 // 4}m",
        "memoryOverhead": f"{memory // 4}m",
        "serviceAccount": service_account(run),
        "labels": {**own},
        "annotations": annotations_of(run),
        "template": {
            "metadata": {},
            "spec": {
                "activeDeadlineSeconds": math.ceil(limit_minutes * 60),
                "securityContext": {
                    "runAsNonRoot": True,
                    "runAsUser": SPARK_USER,
                    "fsGroup": SPARK_USER,
                    "seccompProfile": {"type": "RuntimeDefault"},
                },
                "containers": [{"name": container, **dict(_container(settings))}],
            },
        },
    }


def _container(settings: Settings) -> Iterator[tuple[str, Any]]:
    """What of a container Spark's properties do not say: the region, a secret's variables, and few rights."""
    names = ("AWS_REGION", "AWS_DEFAULT_REGION")
    yield "env", [{"name": name, "value": settings.region} for name in names]
    if settings.kubernetes_secret:
        yield "envFrom", [{"secretRef": {"name": settings.kubernetes_secret}}]
    yield "securityContext", {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
