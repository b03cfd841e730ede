"""Discovery: the groups, versions and resources that the API serves, its version, and an empty OpenAPI."""

from __future__ import annotations

from collections.abc import Iterable

from localcloud.kubernetes.errors import Json, unknown_path
from localcloud.kubernetes.kinds import POD, SERVICE_ACCOUNT, VERBS, Kind

VERSION = "v1.33.0-localcloud"
_REVIEWS = {
    "authorization.k8s.io/v1": {
        "selfsubjectaccessreviews": "SelfSubjectAccessReview",
        "subjectaccessreviews": "SubjectAccessReview",
    },
    "authentication.k8s.io/v1": {"selfsubjectreviews": "SelfSubjectReview", "tokenreviews": "TokenReview"},
}


def version() -> Json:
    """The answer of /version. 1.33 is what EKS offers as standard support."""
    unknown = dict.fromkeys(("gitCommit", "gitTreeState", "buildDate", "goVersion", "compiler"), "localcloud")
    return {"major": "1", "minor": "33", "gitVersion": VERSION, "platform": "linux/amd64", **unknown}


def core_versions() -> Json:
    """The answer of /api."""
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}


def groups(kinds: Iterable[Kind]) -> Json:
    """The answer of /apis."""
    served: dict[str, list[str]] = {}
    for api_version in [*(kind.api_version for kind in kinds if kind.group), *_REVIEWS]:
        versions = served.setdefault(api_version.partition("/")[0], [])
        if api_version not in versions:
            versions.append(api_version)
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [_group(name, v) for name, v in served.items()]}


def group(kinds: Iterable[Kind], name: str) -> Json:
    """The answer of /apis/<group>. Raises ApiError 404."""
    for found in groups(kinds)["groups"]:
        if found["name"] == name:
            return {"kind": "APIGroup", "apiVersion": "v1", **found}
    raise unknown_path()


def resources(kinds: Iterable[Kind], api_version: str) -> Json:
    """The answer of /api/v1 and of /apis/<group>/<version>. Raises ApiError 404."""
    listed = [entry for kind in kinds if kind.api_version == api_version for entry in _entries(kind)]
    listed += [_review(plural, name) for plural, name in _REVIEWS.get(api_version, {}).items()]
    if not listed:
        raise unknown_path()
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": api_version, "resources": listed}


def openapi_v2() -> Json:
    """A schema without definitions: clients then leave the checking of objects to the server."""
    return {"swagger": "2.0", "info": {"title": "Kubernetes", "version": VERSION}, "paths": {}, "definitions": {}}


def openapi_v3() -> Json:
    """An index without any group."""
    return {"paths": {}}


def _group(name: str, versions: list[str]) -> Json:
    listed = [{"groupVersion": version, "version": version.partition("/")[2]} for version in versions]
    return {"name": name, "versions": listed, "preferredVersion": listed[0]}


def _entries(kind: Kind) -> list[Json]:
    entry = {
        "name": kind.plural,
        "singularName": kind.singular,
        "namespaced": kind.namespaced,
        "kind": kind.name,
        "verbs": list(VERBS),
        **({"shortNames": list(kind.short)} if kind.short else {}),
        **({"categories": ["all"]} if kind == POD else {}),
    }
    below = {"status": (kind.name, ["get", "patch", "update"])} if kind.status else {}
    if kind == POD:
        below |= {"log": ("Pod", ["get"]), "binding": ("Binding", ["create"]), "eviction": ("Eviction", ["create"])}
    if kind == SERVICE_ACCOUNT:
        below |= {"token": ("TokenRequest", ["create"])}
    return [entry, *(_below(kind, name, *given) for name, given in below.items())]


def _below(kind: Kind, name: str, kind_name: str, verbs: list[str]) -> Json:
    return {
        "name": f"{kind.plural}/{name}",
        "singularName": "",
        "namespaced": kind.namespaced,
        "kind": kind_name,
        "verbs": verbs,
    }


def _review(plural: str, name: str) -> Json:
    return {"name": plural, "singularName": name.lower(), "namespaced": False, "kind": name, "verbs": ["create"]}
