"""The custom resource SparkApplication, as far as this operator reads it (api/v1beta2 of kubeflow/spark-operator)."""

from __future__ import annotations

from localcloud.kubernetes.errors import Json
from localcloud.kubernetes.kinds import Kind, defined

_FREE: Json = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
_TEXT: Json = {"type": "string"}
_COUNT: Json = {"type": "integer", "minimum": 0}
_SECONDS: Json = {"type": "integer", "minimum": 1}
_RETRIES = ("onFailureRetries", "onSubmissionFailureRetries")
_INTERVALS = ("onFailureRetryInterval", "onSubmissionFailureRetryInterval")
_MEMBERS: Json = {
    "type": {**_TEXT, "enum": ["Java", "Python", "Scala", "R"]},
    "mode": {**_TEXT, "enum": ["cluster", "client"]},
    "sparkVersion": _TEXT,
    "image": _TEXT,
    "mainClass": _TEXT,
    "mainApplicationFile": _TEXT,
    "arguments": {"type": "array", "items": _TEXT},
    "sparkConf": {"type": "object", "additionalProperties": _TEXT},
    "hadoopConf": {"type": "object", "additionalProperties": _TEXT},
    "timeToLiveSeconds": {"type": "integer"},
    "driver": _FREE,
    "executor": _FREE,
    "restartPolicy": {
        "type": "object",
        "properties": {
            "type": {**_TEXT, "enum": ["Never", "Always", "OnFailure"]},
            **dict.fromkeys(_RETRIES, _COUNT),
            **dict.fromkeys(_INTERVALS, _SECONDS),
        },
    },
}
_SPEC: Json = {
    **_FREE,
    "required": ["driver", "executor", "mainApplicationFile", "sparkVersion", "type"],
    "properties": _MEMBERS,
}
_COLUMNS = (
    ("Status", "string", ".status.applicationState.state"),
    ("Attempts", "string", ".status.executionAttempts"),
    ("Start", "string", ".status.lastSubmissionAttemptTime"),
    ("Finish", "string", ".status.terminationTime"),
    ("Age", "date", ".metadata.creationTimestamp"),
)
DEFINITION: Json = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "sparkapplications.sparkoperator.k8s.io"},
    "spec": {
        "group": "sparkoperator.k8s.io",
        "scope": "Namespaced",
        "names": {
            "kind": "SparkApplication",
            "listKind": "SparkApplicationList",
            "plural": "sparkapplications",
            "singular": "sparkapplication",
            "shortNames": ["sparkapp"],
        },
        "versions": [
            {
                "name": "v1beta2",
                "served": True,
                "storage": True,
                "subresources": {"status": {}},
                "additionalPrinterColumns": [
                    {"name": name, "type": type_, "jsonPath": path} for name, type_, path in _COLUMNS
                ],
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "required": ["spec"],
                        "properties": {"spec": _SPEC, "status": _FREE},
                    }
                },
            }
        ],
    },
}
SPARK_APPLICATION: Kind = next(defined(DEFINITION))
