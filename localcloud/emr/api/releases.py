"""Actions that list EMR's releases, their applications, and instance types."""

from __future__ import annotations

from localcloud.emr.api.session import Action, Session
from localcloud.emr.errors import Invalid
from localcloud.emr.model import Json

# Versions from the EMR release guide; only the releases that localcloud's users need are listed.
_APPLICATIONS: dict[str, dict[str, str]] = {
    "emr-7.13.0": {"Flink": "1.20.0", "Hadoop": "3.4.2", "Hive": "3.1.3", "Livy": "0.8.0", "Spark": "3.5.6"},
    "emr-7.1.0": {"Flink": "1.18.1", "Hadoop": "3.3.6", "Hive": "3.1.3", "Livy": "0.8.0", "Spark": "3.5.0"},
    "emr-6.15.0": {"Flink": "1.17.1", "Hadoop": "3.3.6", "Hive": "3.1.3", "Livy": "0.7.1", "Spark": "3.4.1"},
}
_VCPUS = {"large": 2, "xlarge": 4, "2xlarge": 8, "4xlarge": 16, "8xlarge": 32, "12xlarge": 48, "16xlarge": 64}
# GiB of memory per virtual CPU and processor of each family (EC2 instance type tables).
_FAMILIES = {
    "c5": (2, "X86_64"),
    "m5": (4, "X86_64"),
    "m6g": (4, "ARM64"),
    "m6i": (4, "X86_64"),
    "m7g": (4, "ARM64"),
    "r5": (8, "X86_64"),
    "r6g": (8, "ARM64"),
}


def describe_release_label(_session: Session, params: Json) -> Json:
    label = params.get("ReleaseLabel")
    if label not in _APPLICATIONS:
        raise Invalid(f"The supplied release label is invalid: {label}.")
    applications = [{"Name": name, "Version": version} for name, version in _APPLICATIONS[label].items()]
    return {"ReleaseLabel": label, "Applications": applications, "AvailableOSReleases": [{"Label": "2023"}]}


def list_release_labels(_session: Session, params: Json) -> Json:
    """Labels newest first, filtered by prefix (`emr-7`) and application (`spark@3.5.6`)."""
    filters = params.get("Filters") or {}
    labels = [label for label in _APPLICATIONS if label.startswith(filters.get("Prefix", ""))]
    if wanted := filters.get("Application"):
        labels = [label for label in labels if _has(label, wanted)]
    return {"ReleaseLabels": labels}


def _has(label: str, wanted: str) -> bool:
    name, _, version = wanted.partition("@")
    installed = {key.lower(): value for key, value in _APPLICATIONS[label].items()}
    return name.lower() in installed and (not version or installed[name.lower()] == version)


def list_supported_instance_types(_session: Session, params: Json) -> Json:
    if params.get("ReleaseLabel") not in _APPLICATIONS:
        raise Invalid(f"The supplied release label is invalid: {params.get('ReleaseLabel')}.")
    # In EMR's table of supported instance types these families start at xlarge.
    return {"SupportedInstanceTypes": [_type(f, size) for f in _FAMILIES for size in list(_VCPUS)[1:]]}


def _type(family: str, size: str) -> Json:
    per_cpu, architecture = _FAMILIES[family]
    return {
        "Type": f"{family}.{size}",
        "MemoryGB": _VCPUS[size] * per_cpu,
        "VCPU": _VCPUS[size],
        "StorageGB": 0,
        "NumberOfDisks": 0,
        "Is64BitsOnly": True,
        "InstanceFamilyId": family,
        "EbsOptimizedAvailable": True,
        "EbsOptimizedByDefault": True,
        "EbsStorageOnly": True,
        "Architecture": architecture,
    }


ACTIONS: dict[str, Action] = {
    "DescribeReleaseLabel": describe_release_label,
    "ListReleaseLabels": list_release_labels,
    "ListSupportedInstanceTypes": list_supported_instance_types,
}
