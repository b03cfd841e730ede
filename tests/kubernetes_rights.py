"""What a Role of deploy/kubernetes allows, and what the target `kubernetes` asks of the API, in the words of RBAC."""

import re
from pathlib import Path

import pytest
import yaml

from nightshift.compute.kubernetes.cluster import Cluster

Right = tuple[str, str, str]  # API group, resource, verb
FOLDER = Path(__file__).resolve().parents[1] / "deploy" / "kubernetes"
VERBS = {"POST": "create", "DELETE": "delete"}
ITEM = re.compile(
    r"/apis?/(?:(?P<group>[\w.]+)/)?v\w+/namespaces/[\w-]+/(?P<kind>\w+)(?:/(?P<name>[\w-]+))?(?P<log>/log)?"
)


def manifests(*files: str) -> list:
    """The objects of these files."""
    return [item for file in files for item in yaml.safe_load_all((FOLDER / file).read_text())]


def allowed(name: str) -> set[Right]:
    """The rights of a Role."""
    [role] = [i for i in manifests("rbac.yaml") if (i["kind"], i["metadata"]["name"]) == ("Role", name)]
    return {
        (group, resource, verb)
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def recorded(monkeypatch: pytest.MonkeyPatch) -> set[Right]:
    """The rights that every request from now on needs; it grows as they are made."""
    used: set[Right] = set()
    called = Cluster._call

    def noted(self, method, path, query, body=None):
        item = ITEM.fullmatch(path)
        verb = VERBS.get(method) or ("get" if item["name"] else "list")
        used.add((item["group"] or "", f"{item['kind']}{item['log'] or ''}", verb))
        return called(self, method, path, query, body)

    monkeypatch.setattr(Cluster, "_call", noted)
    return used
