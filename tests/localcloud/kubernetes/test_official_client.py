"""The official python client, which checks answers strictly, on the stand-in."""

from __future__ import annotations

import json
from typing import Any

import pytest

from localcloud.kubernetes.plane import Plane
from tests.patience import until

client = pytest.importorskip("kubernetes.client", reason="the lock has kubernetes: run `make setup` to install it")
config = pytest.importorskip("kubernetes.config")
watch = pytest.importorskip("kubernetes.watch")


@pytest.fixture
def core(plane: Plane, monkeypatch: pytest.MonkeyPatch) -> Any:
    config.load_kube_config(str(plane.kubeconfig))
    return client.CoreV1Api()


def body(name: str, *command: str) -> Any:
    container = client.V1Container(name="main", image="any", command=list(command))
    spec = client.V1PodSpec(containers=[container], restart_policy="Never")
    return client.V1Pod(metadata=client.V1ObjectMeta(name=name, labels={"run": "x"}), spec=spec)


def test_a_pod_is_run_watched_read_and_deleted(core: Any, here: str) -> None:
    core.create_namespaced_pod(here, body("a", "sh", "-c", "echo hello"))
    phases = []
    for event in watch.Watch().stream(core.list_namespaced_pod, here, timeout_seconds=180):
        phases.append(event["object"].status.phase)
        if phases[-1] in ("Succeeded", "Failed"):
            break
    assert phases[-1] == "Succeeded"
    # Without the argument 36.0.3 returns the text of a bytes literal, from any server.
    assert core.read_namespaced_pod_log("a", here, _preload_content=False).data == b"hello\n"
    found = core.read_namespaced_pod("a", here)
    assert found.status.container_statuses[0].state.terminated.exit_code == 0
    assert core.list_namespaced_event(here).items[0].reason == "Scheduled"
    core.delete_namespaced_pod("a", here)
    until(lambda: core.list_namespaced_pod(here, label_selector="run=x").items == [])


def test_errors_are_those_of_the_api(core: Any, here: str) -> None:
    with pytest.raises(client.ApiException) as refused:
        core.read_namespaced_pod("none", here)
    assert (refused.value.status, json.loads(refused.value.body)["reason"]) == (404, "NotFound")


def test_nodes_and_versions_are_what_it_expects(core: Any) -> None:
    (node,) = core.list_node().items
    assert {one.type for one in node.status.conditions if one.status == "True"} == {"Ready"}
    assert client.VersionApi().get_code().major == "1"


def test_custom_objects_are_created_patched_and_watched(core: Any, here: str) -> None:
    custom = client.CustomObjectsApi()
    about = {"group": "sparkoperator.k8s.io", "version": "v1beta2", "namespace": here, "plural": "sparkapplications"}
    spec = {
        "type": "Python",
        "sparkVersion": "3.5.6",
        "mainApplicationFile": "local:///a.py",
        "driver": {"serviceAccount": "nobody"},
        "executor": {},
    }
    made = {"apiVersion": "sparkoperator.k8s.io/v1beta2", "kind": "SparkApplication", "metadata": {"name": "a"}}
    version = custom.list_namespaced_custom_object(**about)["metadata"]["resourceVersion"]
    custom.create_namespaced_custom_object(**about, body={**made, "spec": spec})
    patched = custom.patch_namespaced_custom_object(**about, name="a", body={"metadata": {"labels": {"x": "y"}}})
    assert patched["metadata"]["labels"] == {"x": "y"}
    custom.delete_namespaced_custom_object(**about, name="a")
    seen = []
    options = {"resource_version": version, "timeout_seconds": 180}
    for event in watch.Watch().stream(custom.list_namespaced_custom_object, **about, **options):
        seen.append(event["type"])
        if seen[-1] == "DELETED":
            break
    assert (seen[0], seen[-1]) == ("ADDED", "DELETED")
    bad = {**made, "spec": {**spec, "type": "Cobol"}}
    with pytest.raises(client.ApiException, match="Unsupported value"):
        custom.create_namespaced_custom_object(**about, body=bad)
