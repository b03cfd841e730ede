"""The objects that a SparkApplication becomes: its driver's pod, configuration and service. Pure.

They are those that `spark-submit --master k8s:// --deploy-mode cluster` creates, by whose help Kubeflow's operator
submits: a Java less for each application.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from localcloud.kubernetes.errors import Json
from localcloud.kubernetes.events import owner
from localcloud.kubernetes.kubelet import properties
from localcloud.kubernetes.kubelet.spark_image import megabytes
from localcloud.kubernetes.patches import strategically_merged

_OPERATOR = "sparkoperator.k8s.io"
_CONTAINER, _EXECUTOR = "spark-kubernetes-driver", "spark-kubernetes-executor"
_CONF_DIR, _TEMPLATE_DIR, _LOCAL_DIR = "/opt/spark/conf", "/opt/spark/pod-template", "/var/data/spark-local"
_TEMPLATE = "pod-spec-template.yml"
_PORTS = {"driver-rpc-port": 7078, "blockmanager": 7079, "spark-ui": 4040}
_RUNNERS = {"Python": "org.apache.spark.deploy.PythonRunner", "R": "org.apache.spark.deploy.RRunner"}
_OVERHEAD = {"Python": 0.4, "R": 0.4}  # of the memory, for what is not Java; else a tenth
_LEAST_OVERHEAD = 384  # MiB
_PLAIN = ("env", "envFrom", "volumeMounts", "securityContext", "lifecycle")
_OF_POD = {
    "nodeSelector": "nodeSelector",
    "tolerations": "tolerations",
    "affinity": "affinity",
    "terminationGracePeriodSeconds": "terminationGracePeriodSeconds",
    "podSecurityContext": "securityContext",
    "initContainers": "initContainers",
    "priorityClassName": "priorityClassName",
}


@dataclass(frozen=True)
class Submission:
    """One attempt to run an application. api: the URL of the API. id: of the submission; app_id: Spark's."""

    app: Json
    api: str
    id: str
    app_id: str

    @property
    def name(self) -> str:
        return str(self.app["metadata"]["name"])

    @property
    def spec(self) -> Json:
        spec: Json = self.app["spec"]
        return spec

    @property
    def pod_name(self) -> str:
        """The name of the driver's pod."""
        stated = (self.spec.get("driver") or {}).get("podName")
        return str(stated or f"{self.name}-driver")


def pod(submission: Submission) -> Json:
    """The driver's pod, owned by the application."""
    spec, driver = submission.spec, submission.spec.get("driver") or {}
    volumes = [
        {"name": "spark-conf-volume-driver", "configMap": {"name": _config_name(submission)}},
        {"name": "spark-local-dir-1", "emptyDir": {}},
        {"name": "pod-template-volume", "configMap": {"name": _config_name(submission)}},
        *(spec.get("volumes") or ()),
    ]
    account = driver.get("serviceAccount") or spec.get("sparkConf", {}).get(
        "spark.kubernetes.authenticate.driver.serviceAccountName"
    )
    made: Json = {
        "metadata": {
            "name": submission.pod_name,
            "labels": _labels(submission, "driver", driver),
            "annotations": driver.get("annotations") or {},
            "ownerReferences": [owner(submission.app)],
        },
        "spec": {
            "restartPolicy": "Never",
            **({"serviceAccountName": account} if account else {}),
            **_pod_members(spec, driver),
            "volumes": volumes,
            "containers": [_container(submission, driver)],
        },
    }
    merged: Json = strategically_merged(driver.get("template") or {}, made)
    return merged


def config_map(submission: Submission, driver: Json) -> Json:
    """The driver's spark.properties and its executors' template, owned by its pod."""
    template = json.dumps(_executor_template(submission))
    return {
        "metadata": {"name": _config_name(submission), "ownerReferences": [owner(driver)]},
        "data": {"spark.properties": properties.written(conf(submission)), _TEMPLATE: template},
    }


def service(submission: Submission, driver: Json) -> Json:
    """The headless service by whose name executors find the driver on a real cluster, owned by its pod."""
    ports = [{"name": name, "port": port, "targetPort": port} for name, port in _PORTS.items()]
    selector = {"spark-role": "driver", "spark-app-selector": submission.app_id}
    return {
        "metadata": {"name": _service_name(submission), "ownerReferences": [owner(driver)]},
        "spec": {"clusterIP": "None", "ports": ports, "selector": selector},
    }


def conf(submission: Submission) -> dict[str, str]:
    """Spark's properties: what the application states, then what follows from it."""
    spec, metadata = submission.spec, submission.app["metadata"]
    found = {
        "spark.app.name": submission.name,
        "spark.kubernetes.memoryOverheadFactor": spec.get("memoryOverheadFactor") or _factor(spec),
        **(spec.get("sparkConf") or {}),
        **{f"spark.hadoop.{name}": value for name, value in (spec.get("hadoopConf") or {}).items()},
        **dict(_dependencies(spec.get("deps") or {})),
        **dict(_dynamic_allocation(spec.get("dynamicAllocation") or {})),
        **dict(_sizes("driver", spec.get("driver") or {})),
        **dict(_sizes("executor", spec.get("executor") or {})),
        "spark.master": f"k8s://{submission.api}",
        "spark.submit.deployMode": "cluster",
        "spark.kubernetes.submitInDriver": "true",
        "spark.kubernetes.namespace": metadata["namespace"],
        "spark.kubernetes.driver.pod.name": submission.pod_name,
        "spark.app.id": submission.app_id,
        "spark.driver.host": f"{_service_name(submission)}.{metadata['namespace']}.svc",
        "spark.driver.port": str(_PORTS["driver-rpc-port"]),
        "spark.driver.blockManager.port": str(_PORTS["blockmanager"]),
        "spark.kubernetes.executor.podTemplateFile": f"{_TEMPLATE_DIR}/{_TEMPLATE}",
        "spark.kubernetes.executor.podTemplateContainerName": _EXECUTOR,
    }
    for part in ("driver", "executor"):
        image = (spec.get(part) or {}).get("image") or spec.get("image") or "spark"
        found.setdefault(f"spark.kubernetes.{part}.container.image", image)
    found.setdefault("spark.kubernetes.container.image", spec.get("image") or "spark")
    labels = _labels(submission, "executor", spec.get("executor") or {})
    found |= {
        f"spark.kubernetes.executor.label.{name}": value
        for name, value in labels.items()
        if not name.startswith("spark-")  # Spark sets these itself
    }
    return {name: str(value) for name, value in found.items()}


def _container(submission: Submission, driver: Json) -> Json:
    spec = submission.spec
    env = [
        *({"name": name, "value": value} for name, value in (driver.get("envVars") or {}).items()),
        {"name": "SPARK_APPLICATION_ID", "value": submission.app_id},
        {"name": "SPARK_DRIVER_BIND_ADDRESS", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
        {"name": "SPARK_LOCAL_DIRS", "value": _LOCAL_DIR},
        {"name": "SPARK_CONF_DIR", "value": _CONF_DIR},
        *(_secret_variable(name, key) for name, key in (driver.get("envSecretKeyRefs") or {}).items()),
        *(driver.get("env") or ()),
    ]
    mounts = [
        {"name": "spark-conf-volume-driver", "mountPath": _CONF_DIR},
        {"name": "spark-local-dir-1", "mountPath": _LOCAL_DIR},
        {"name": "pod-template-volume", "mountPath": _TEMPLATE_DIR},
        *(driver.get("volumeMounts") or ()),
    ]
    runner = spec.get("mainClass") or _RUNNERS.get(spec["type"], "")
    args = ["driver", "--properties-file", f"{_CONF_DIR}/spark.properties"]
    args += ["--class", runner] if runner else []
    return {
        "name": _CONTAINER,
        "image": driver.get("image") or spec.get("image") or "spark",
        "args": [*args, spec["mainApplicationFile"], *(spec.get("arguments") or ())],
        "ports": [{"name": name, "containerPort": port} for name, port in _PORTS.items()],
        "resources": _resources(spec, driver),
        **{name: driver[name] for name in _PLAIN if name in driver},
        "env": env,
        "volumeMounts": mounts,
    }


def _resources(spec: Json, driver: Json) -> Json:
    settings = spec.get("sparkConf") or {}
    memory = megabytes(driver.get("memory") or settings.get("spark.driver.memory", "1g"))
    stated = driver.get("memoryOverhead") or settings.get("spark.driver.memoryOverhead")
    factor = float(spec.get("memoryOverheadFactor") or _factor(spec))
    overhead = megabytes(stated) if stated else max(int(memory * factor), _LEAST_OVERHEAD)
    size = {"memory": f"{memory + overhead}Mi"}
    limit = {"cpu": str(driver["coreLimit"])} if driver.get("coreLimit") else {}
    return {
        "requests": {"cpu": str(driver.get("coreRequest") or driver.get("cores") or 1), **size},
        "limits": limit | size,
    }


def _executor_template(submission: Submission) -> Json:
    spec, executor = submission.spec, submission.spec.get("executor") or {}
    env = [
        *({"name": name, "value": value} for name, value in (executor.get("envVars") or {}).items()),
        *(_secret_variable(name, key) for name, key in (executor.get("envSecretKeyRefs") or {}).items()),
        *(executor.get("env") or ()),
    ]
    container = {"name": _EXECUTOR, **{name: executor[name] for name in _PLAIN if name in executor}}
    account = executor.get("serviceAccount")
    made = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"annotations": executor.get("annotations") or {}},
        "spec": {
            **({"serviceAccountName": account} if account else {}),
            **_pod_members(spec, executor),
            "volumes": spec.get("volumes") or [],
            "containers": [{**container, "env": env}],
        },
    }
    merged: Json = strategically_merged(executor.get("template") or {}, made)
    return merged


def _pod_members(spec: Json, part: Json) -> Json:
    found = {own: part[name] for name, own in _OF_POD.items() if name in part}
    return {"nodeSelector": spec["nodeSelector"], **found} if spec.get("nodeSelector") else found


def _labels(submission: Submission, role: str, part: Json) -> dict[str, str]:
    return {
        **(submission.app["metadata"].get("labels") or {}),
        **(part.get("labels") or {}),
        "spark-role": role,
        "spark-app-selector": submission.app_id,
        "spark-app-name": submission.name,
        "spark-version": submission.spec["sparkVersion"],
        f"{_OPERATOR}/app-name": submission.name,
        f"{_OPERATOR}/launched-by-spark-operator": "true",
        f"{_OPERATOR}/submission-id": submission.id,
    }


def _sizes(part: str, given: Json) -> Iterator[tuple[str, Any]]:
    names = {
        "cores": f"spark.{part}.cores",
        "memory": f"spark.{part}.memory",
        "memoryOverhead": f"spark.{part}.memoryOverhead",
        "javaOptions": f"spark.{part}.extraJavaOptions",
        "coreRequest": f"spark.kubernetes.{part}.request.cores",
        "coreLimit": f"spark.kubernetes.{part}.limit.cores",
        "instances": f"spark.{part}.instances",
    }
    yield from ((own, given[name]) for name, own in names.items() if given.get(name) is not None)


def _dependencies(given: Json) -> Iterator[tuple[str, str]]:
    names = {
        "jars": "spark.jars",
        "files": "spark.files",
        "pyFiles": "spark.submit.pyFiles",
        "archives": "spark.archives",
        "packages": "spark.jars.packages",
        "repositories": "spark.jars.repositories",
    }
    yield from ((own, ",".join(given[name])) for name, own in names.items() if given.get(name))


def _dynamic_allocation(given: Json) -> Iterator[tuple[str, Any]]:
    if not given.get("enabled"):
        return
    yield "spark.dynamicAllocation.enabled", "true"
    yield "spark.dynamicAllocation.shuffleTracking.enabled", "true"
    for name in ("initialExecutors", "minExecutors", "maxExecutors"):
        if name in given:
            yield f"spark.dynamicAllocation.{name}", given[name]


def _secret_variable(name: str, reference: Json) -> Json:
    return {"name": name, "valueFrom": {"secretKeyRef": {"name": reference["name"], "key": reference["key"]}}}


def _factor(spec: Json) -> str:
    return str(_OVERHEAD.get(spec["type"], 0.1))


def _config_name(submission: Submission) -> str:
    return f"spark-drv-{submission.id[:16].replace('-', '')}-conf-map"


def _service_name(submission: Submission) -> str:
    name = submission.name[:40].rstrip("-.").replace(".", "-")
    return f"{name}-{submission.id[:8]}-driver-svc"
