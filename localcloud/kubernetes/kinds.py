"""The kinds of objects that the API serves: a table of the built-in ones, and those that custom resources define."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from localcloud.kubernetes.errors import Json, unknown_path

VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


@dataclass(frozen=True)
class Kind:
    """One kind of one API version. status: whether its status is written by a subresource of its own. schema, columns:
    of a custom resource."""

    group: str
    version: str
    plural: str
    name: str
    namespaced: bool = True
    short: tuple[str, ...] = ()
    status: bool = True
    custom: bool = False
    schema: Json = field(default_factory=dict, hash=False, compare=False)
    columns: tuple[Json, ...] = field(default=(), hash=False, compare=False)

    @property
    def api_version(self) -> str:
        """As in an object's apiVersion."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def singular(self) -> str:
        return self.name.lower()

    @property
    def resource(self) -> str:
        """As error messages name it: pods, sparkapplications.sparkoperator.k8s.io."""
        return f"{self.plural}.{self.group}" if self.group else self.plural


def _core(plural: str, name: str, *short: str, namespaced: bool = True, status: bool = True) -> Kind:
    return Kind("", "v1", plural, name, namespaced, short, status)


NAMESPACE = _core("namespaces", "Namespace", "ns", namespaced=False)
NODE = _core("nodes", "Node", "no", namespaced=False)
POD = _core("pods", "Pod", "po")
SERVICE = _core("services", "Service", "svc")
CONFIG_MAP = _core("configmaps", "ConfigMap", "cm", status=False)
SECRET = _core("secrets", "Secret", status=False)
SERVICE_ACCOUNT = _core("serviceaccounts", "ServiceAccount", "sa", status=False)
EVENT = _core("events", "Event", "ev", status=False)
CRD = Kind(
    *("apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition"),
    namespaced=False,
    short=("crd", "crds"),
)
_RBAC = ("rbac.authorization.k8s.io", "v1")
_ADMISSION = ("admissionregistration.k8s.io", "v1")
BUILT_IN = (
    *(NAMESPACE, NODE, POD, SERVICE, CONFIG_MAP, SECRET, SERVICE_ACCOUNT, EVENT, CRD),
    _core("endpoints", "Endpoints", "ep", status=False),
    _core("persistentvolumeclaims", "PersistentVolumeClaim", "pvc"),
    _core("persistentvolumes", "PersistentVolume", "pv", namespaced=False),
    _core("resourcequotas", "ResourceQuota", "quota"),
    _core("limitranges", "LimitRange", "limits", status=False),
    Kind("apps", "v1", "deployments", "Deployment", short=("deploy",)),
    Kind("apps", "v1", "replicasets", "ReplicaSet", short=("rs",)),
    Kind("apps", "v1", "statefulsets", "StatefulSet", short=("sts",)),
    Kind("apps", "v1", "daemonsets", "DaemonSet", short=("ds",)),
    Kind("batch", "v1", "jobs", "Job"),
    Kind("batch", "v1", "cronjobs", "CronJob", short=("cj",)),
    Kind(*_RBAC, "roles", "Role", status=False),
    Kind(*_RBAC, "rolebindings", "RoleBinding", status=False),
    Kind(*_RBAC, "clusterroles", "ClusterRole", namespaced=False, status=False),
    Kind(*_RBAC, "clusterrolebindings", "ClusterRoleBinding", namespaced=False, status=False),
    Kind("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", short=("pdb",)),
    Kind("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy", short=("netpol",), status=False),
    Kind("networking.k8s.io", "v1", "ingresses", "Ingress", short=("ing",)),
    Kind("coordination.k8s.io", "v1", "leases", "Lease", status=False),
    Kind("scheduling.k8s.io", "v1", "priorityclasses", "PriorityClass", namespaced=False, short=("pc",), status=False),
    Kind("storage.k8s.io", "v1", "storageclasses", "StorageClass", namespaced=False, short=("sc",), status=False),
    Kind(*_ADMISSION, "mutatingwebhookconfigurations", "MutatingWebhookConfiguration", False, status=False),
    Kind(*_ADMISSION, "validatingwebhookconfigurations", "ValidatingWebhookConfiguration", False, status=False),
)


def find(kinds: Iterable[Kind], group: str, version: str, plural: str) -> Kind:
    """The kind served at a path. Raises ApiError 404."""
    for kind in kinds:
        if (kind.group, kind.version, kind.plural) == (group, version, plural):
            return kind
    raise unknown_path()


def defined(crd: Json) -> Iterator[Kind]:
    """The kinds that a CustomResourceDefinition serves, one for each version."""
    spec = crd["spec"]
    names = spec["names"]
    for version in spec["versions"]:
        if version.get("served"):
            yield Kind(
                group=spec["group"],
                version=version["name"],
                plural=names["plural"],
                name=names["kind"],
                namespaced=spec.get("scope") == "Namespaced",
                short=tuple(names.get("shortNames", ())),
                status="status" in version.get("subresources", {}),
                custom=True,
                schema=version.get("schema", {}).get("openAPIV3Schema", {}),
                columns=tuple(version.get("additionalPrinterColumns", ())),
            )
