"""Pods as processes: what they get, how they end, and what is left of them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import psutil
import pytest

from localcloud.faults import Fault, FaultBook, FaultKind
from localcloud.kubernetes.plane import Plane
from tests.localcloud.kubernetes.api import STRATEGIC, Api, Json, config, pod
from tests.patience import until

STAYS = "trap '' TERM; while :; do sleep 0.1; done"  # until it is killed


class Pods:
    """The pods of one namespace."""

    def __init__(self, api: Api, namespace: str) -> None:
        self.api, self.at = api, f"/api/v1/namespaces/{namespace}"

    def run(self, body: Json, *phases: str) -> Json:
        """Create a pod and wait for one of the phases."""
        self.api.post(f"{self.at}/pods", body)
        return self.wait(body["metadata"]["name"], lambda found: found["status"]["phase"] in phases)

    def wait(self, name: str, accept: Any) -> Json:
        found: Json = until(lambda: self.api.get(f"{self.at}/pods/{name}"), accept, what=name)
        return found

    def log(self, name: str, **query: Any) -> str:
        return self.api.text(f"{self.at}/pods/{name}/log", **query)

    def gone(self, name: str) -> None:
        until(lambda: self.api.status("GET", f"{self.at}/pods/{name}")[0] == 404, what=f"the end of {name}")


@pytest.fixture
def pods(own: Api, here: str) -> Pods:
    return Pods(own, here)


def state(found: Json) -> Json:
    """The state of the first container."""
    made: Json = found["status"]["containerStatuses"][0]["state"]
    return made


def test_a_pod_runs_its_command_and_its_log_has_both_outputs(pods: Pods) -> None:
    found = pods.run(pod("a", "sh", "-c", "echo out; echo err >&2; echo last"), "Succeeded")
    assert pods.log("a") == "out\nerr\nlast\n"
    assert pods.log("a", tailLines=1) == "last\n"
    assert state(found)["terminated"]["reason"] == "Completed"
    assert {one["type"]: one["status"] for one in found["status"]["conditions"]} == {
        "PodScheduled": "True",
        "Initialized": "True",
        "Ready": "False",
        "ContainersReady": "False",
    }


def test_a_failing_command_fails_its_pod(pods: Pods) -> None:
    found = pods.run(pod("a", "sh", "-c", "exit 3"), "Failed")
    assert (state(found)["terminated"]["exitCode"], state(found)["terminated"]["reason"]) == (3, "Error")
    assert (
        pods.run(pod("b", "no-such-program"), "Failed")["status"]["containerStatuses"][0]["state"]["terminated"][
            "exitCode"
        ]
        == 127
    )


def test_the_environment_comes_from_the_pod_and_from_maps_and_secrets(pods: Pods) -> None:
    pods.api.post(f"{pods.at}/configmaps", config("settings", color="red"))
    pods.api.post(f"{pods.at}/secrets", {"metadata": {"name": "secret"}, "data": {"password": "cGFzcw=="}})
    env = [
        {"name": "PLAIN", "value": "1"},
        {"name": "USES", "value": "$(PLAIN)-$(NONE)-$$(PLAIN)"},
        {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
        {"name": "LABEL", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['run']"}}},
        {"name": "COLOR", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "color"}}},
        {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "secret", "key": "password"}}},
        {"name": "MAYBE", "valueFrom": {"secretKeyRef": {"name": "none", "key": "none", "optional": True}}},
        {"name": "MEMORY", "valueFrom": {"resourceFieldRef": {"resource": "limits.memory", "divisor": "1Mi"}}},
    ]
    container = {
        "env": env,
        "envFrom": [{"prefix": "ALL_", "configMapRef": {"name": "settings"}}],
        "resources": {"limits": {"memory": "64Mi"}},
    }
    shown = "echo $PLAIN $USES $LABEL $COLOR $PASSWORD ${MAYBE-none} $MEMORY $ALL_color $(PLAIN) $IP"
    body = pod("a", "sh", "-c", shown.replace("$(PLAIN)", "$(PLAIN)"), container=container)
    body["metadata"]["labels"] = {"run": "x"}
    found = pods.run(body, "Succeeded")
    assert pods.log("a").split() == [
        *("1", "1-$(NONE)-$(PLAIN)", "x", "red", "pass", "none", "64", "red", "1"),
        found["status"]["podIP"],
    ]
    assert re.fullmatch(r"127\.\d+\.\d+\.\d+", found["status"]["podIP"])


def test_a_pod_waits_for_what_it_refers_to(pods: Pods) -> None:
    env = [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "late", "key": "a"}}}]
    pods.api.post(f"{pods.at}/pods", pod("a", "sh", "-c", "echo $A", container={"env": env}))
    waiting = pods.wait("a", lambda found: state_of(found) == "CreateContainerConfigError")
    assert state(waiting)["waiting"]["message"] == 'configmap "late" not found'
    assert pods.api.status("GET", f"{pods.at}/pods/a/log")[1]["message"].endswith("CreateContainerConfigError")
    pods.api.post(f"{pods.at}/configmaps", config("late", a="here"))
    pods.wait("a", lambda found: found["status"]["phase"] == "Succeeded")
    assert pods.log("a") == "here\n"


def state_of(found: Json) -> str:
    statuses = found["status"].get("containerStatuses") or [{"state": {}}]
    waiting = statuses[0]["state"].get("waiting") or {}
    return str(waiting.get("reason", ""))


def test_volumes_are_directories_and_paths_are_translated(pods: Pods) -> None:
    pods.api.post(f"{pods.at}/configmaps", config("files", one="1", two="2"))
    pods.api.post(f"{pods.at}/secrets", {"metadata": {"name": "key"}, "stringData": {"k": "secret"}})
    volumes = [
        {"name": "files", "configMap": {"name": "files", "items": [{"key": "one", "path": "deep/one.txt"}]}},
        {"name": "key", "secret": {"secretName": "key"}},
        {"name": "shared", "emptyDir": {}},
    ]
    mounts = [
        {"name": "files", "mountPath": "/etc/files"},
        {"name": "key", "mountPath": "/etc/key"},
        {"name": "shared", "mountPath": "/shared"},
    ]
    first = {"name": "first", "image": "any", "command": ["sh", "-c", "echo made > /shared/x"], "volumeMounts": mounts}
    container = {"volumeMounts": mounts, "env": [{"name": "FILE", "value": "/etc/files/deep/one.txt"}]}
    token = "/var/run/secrets/kubernetes.io/serviceaccount"
    line = f"cat $FILE /etc/key/k /shared/x {token}/namespace; test -s {token}/token && test -s {token}/ca.crt"
    body = pod("a", "sh", "-c", line, container=container, volumes=volumes, initContainers=[first])
    found = pods.run(body, "Succeeded", "Failed")
    assert (found["status"]["phase"], pods.log("a")) == ("Succeeded", f"1secretmade\n{found['metadata']['namespace']}")
    assert found["status"]["initContainerStatuses"][0]["state"]["terminated"]["exitCode"] == 0


def test_a_failed_init_container_fails_the_pod(pods: Pods) -> None:
    first = {"name": "first", "image": "any", "command": ["false"]}
    found = pods.run(pod("a", "true", initContainers=[first]), "Failed")
    assert "waiting" in state(found)


def test_a_pod_calls_the_api_with_its_own_token(pods: Pods, plane: Plane) -> None:
    line = (
        "import os, ssl, urllib.request as u; d = '/var/run/secrets/kubernetes.io/serviceaccount';"
        "c = ssl.create_default_context(cafile=d + '/ca.crt');"
        "r = u.Request('https://%s:%s/apis/authentication.k8s.io/v1/selfsubjectreviews' % "
        "(os.environ['KUBERNETES_SERVICE_HOST'], os.environ['KUBERNETES_SERVICE_PORT']), b'{}',"
        "{'Authorization': 'Bearer ' + open(d + '/token').read()});"
        "print(u.build_opener(u.ProxyHandler({}), u.HTTPSHandler(context=c)).open(r).read().decode())"
    )
    found = pods.run(pod("a", "python3", "-c", line), "Succeeded", "Failed")
    assert f"system:serviceaccount:{found['metadata']['namespace']}:default" in pods.log("a")


def test_a_container_that_uses_too_much_memory_is_killed(pods: Pods) -> None:
    line = "import time; x = bytearray(60 << 20); x[::4096] = b'1' * len(x[::4096]); time.sleep(600)"
    container = {"resources": {"limits": {"memory": "40Mi"}}}
    found = pods.run(pod("a", "python3", "-c", line, container=container), "Failed")
    ended = state(found)["terminated"]
    assert (ended["reason"], ended["exitCode"]) == ("OOMKilled", 137)
    assert found["status"]["qosClass"] == "Burstable"


def test_a_deadline_ends_a_pod(pods: Pods) -> None:
    found = pods.run(pod("a", "sleep", "600", activeDeadlineSeconds=1), "Failed")
    assert found["status"]["reason"] == "DeadlineExceeded"


def test_a_container_is_restarted_by_its_pods_policy(pods: Pods) -> None:
    line = "echo run; test -e /shared/x && exit 0; touch /shared/x; exit 1"
    container = {"volumeMounts": [{"name": "shared", "mountPath": "/shared"}]}
    volumes = [{"name": "shared", "emptyDir": {}}]
    body = pod("a", "sh", "-c", line, container=container, volumes=volumes, restartPolicy="OnFailure")
    found = pods.run(body, "Succeeded")
    status = found["status"]["containerStatuses"][0]
    assert (status["restartCount"], status["lastState"]["terminated"]["exitCode"]) == (1, 1)
    assert pods.log("a", previous="true") == pods.log("a") == "run\n"


def test_a_deleted_pod_gets_term_and_then_kill_and_nothing_is_left(pods: Pods, plane: Plane) -> None:
    line = "trap 'echo term' TERM; sleep 300 & echo up; wait; wait"
    found = pods.run(pod("a", "sh", "-c", line, terminationGracePeriodSeconds=1), "Running")
    until(lambda: "up" in pods.log("a"))
    session = int(found["status"]["containerStatuses"][0]["containerID"].rpartition("/")[2])
    (folder,) = Path(plane.kubeconfig.parent / "pods").glob(found["metadata"]["uid"])
    pods.api.delete(f"{pods.at}/pods/a")
    pods.gone("a")
    until(lambda: not folder.exists())
    assert not psutil.pid_exists(session)


def test_a_pod_is_deleted_at_once_with_no_grace(pods: Pods) -> None:
    found = pods.run(pod("a", "sh", "-c", "trap '' TERM; sleep 300"), "Running")
    session = int(found["status"]["containerStatuses"][0]["containerID"].rpartition("/")[2])
    pods.api.delete(f"{pods.at}/pods/a", {"gracePeriodSeconds": 0})
    pods.gone("a")
    until(lambda: not psutil.pid_exists(session))


def test_a_log_is_followed_to_its_end(pods: Pods) -> None:
    pods.run(pod("a", "sh", "-c", "echo one; sleep 0.4; echo two"), "Running", "Succeeded")
    assert pods.log("a", follow="true") == "one\ntwo\n"


def test_a_pod_that_asks_for_too_much_stays_pending(pods: Pods) -> None:
    container = {"resources": {"requests": {"memory": "100Ti"}}}
    pods.api.post(f"{pods.at}/pods", pod("a", "true", container=container))
    found = pods.wait("a", lambda found: found["status"].get("conditions"))
    (condition,) = found["status"]["conditions"]
    assert (condition["reason"], condition["message"]) == (
        "Unschedulable",
        "0/1 nodes are available: 1 Insufficient memory.",
    )
    told = lambda: pods.api.get(f"{pods.at}/events", fieldSelector="involvedObject.name=a")["items"]  # noqa: E731
    [event] = until(told)  # it follows the condition
    assert event["reason"] == "FailedScheduling"


def test_an_image_that_cannot_be_pulled(pods: Pods, faults: FaultBook, here: str) -> None:
    fault = faults.add(Fault(FaultKind.IMAGE_PULL_FAILURE, cluster=here, step="a", times=None))
    pods.api.post(f"{pods.at}/pods", pod("a", "true"))
    found = pods.wait("a", lambda found: state_of(found) == "ImagePullBackOff")
    assert found["status"]["phase"] == "Pending"
    faults.clear(fault.id)
    pods.api.delete(f"{pods.at}/pods/a")
    pods.gone("a")


def test_a_deadline_also_ends_a_pod_whose_image_cannot_be_pulled(pods: Pods, faults: FaultBook, here: str) -> None:
    fault = faults.add(Fault(FaultKind.IMAGE_PULL_FAILURE, cluster=here, times=None))
    found = pods.run(pod("a", "true", activeDeadlineSeconds=3), "Failed")
    faults.clear(fault.id)
    assert found["status"]["reason"] == "DeadlineExceeded"
    assert state_of(found) == "ImagePullBackOff"


@pytest.mark.parametrize("kind", [FaultKind.POD_EVICTED, FaultKind.OUT_OF_MEMORY])
def test_a_pod_is_evicted_or_runs_out_of_memory_on_demand(
    pods: Pods, faults: FaultBook, here: str, kind: FaultKind
) -> None:
    faults.add(Fault(kind, cluster=here))
    found = pods.run(pod("a", "sleep", "600"), "Failed")
    expected = ("Evicted", "Error") if kind is FaultKind.POD_EVICTED else (None, "OOMKilled")
    assert (found["status"].get("reason"), state(found)["terminated"]["reason"]) == expected


def test_an_eviction_deletes_a_pod(pods: Pods) -> None:
    pods.run(pod("a", "sleep", "600"), "Running")
    pods.api.post(f"{pods.at}/pods/a/eviction", {"deleteOptions": {"gracePeriodSeconds": 0}})
    pods.gone("a")


def test_a_service_account_has_to_exist(pods: Pods) -> None:
    code, answer = pods.api.status("POST", f"{pods.at}/pods", pod("a", "true", serviceAccountName="nobody"))
    assert (code, 'serviceaccount "nobody" not found' in answer["message"]) == (403, True)


def test_what_an_object_owns_goes_with_it(pods: Pods) -> None:
    owner = pods.api.post(f"{pods.at}/configmaps", config("owner"))
    other = pods.api.post(f"{pods.at}/configmaps", config("other"))
    reference = [
        {"apiVersion": "v1", "kind": "ConfigMap", "name": one["metadata"]["name"], "uid": one["metadata"]["uid"]}
        for one in (owner, other)
    ]
    for name, owners in (("one", reference[:1]), ("both", reference)):
        body = config(name)
        body["metadata"]["ownerReferences"] = owners
        pods.api.post(f"{pods.at}/configmaps", body)
    running = pod("a", "sleep", "600")
    running["metadata"]["ownerReferences"] = reference[:1]
    pods.run(running, "Running")
    pods.api.delete(f"{pods.at}/configmaps/owner")
    pods.gone("a")
    assert pods.api.status("GET", f"{pods.at}/configmaps/one")[0] == 404
    both = pods.api.get(f"{pods.at}/configmaps/both")
    assert [one["name"] for one in both["metadata"]["ownerReferences"]] == ["other"]
    orphan = config("orphan")
    orphan["metadata"]["ownerReferences"] = reference[:1]
    pods.api.post(f"{pods.at}/configmaps", orphan)
    until(lambda: pods.api.status("GET", f"{pods.at}/configmaps/orphan")[0] == 404)


@pytest.mark.parametrize("policy", ["Foreground", "Orphan"])
def test_a_deletion_in_the_foreground_waits_and_one_may_orphan(pods: Pods, policy: str) -> None:
    owner = pods.api.post(f"{pods.at}/configmaps", config("owner"))
    body = pod("a", "sleep", "600", terminationGracePeriodSeconds=1)
    body["metadata"]["ownerReferences"] = [
        {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner["metadata"]["uid"]}
    ]
    pods.run(body, "Running")
    pods.api.delete(f"{pods.at}/configmaps/owner", {"propagationPolicy": policy})
    if policy == "Foreground":
        pods.gone("a")
    else:
        assert pods.api.get(f"{pods.at}/pods/a")["metadata"]["ownerReferences"] == []
    until(lambda: pods.api.status("GET", f"{pods.at}/configmaps/owner")[0] == 404)


def test_a_deletion_in_the_foreground_waits_for_what_is_owned_in_turn(pods: Pods) -> None:
    def owned(body: Json, owner: Json) -> Json:
        reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": owner["metadata"]["name"]}
        body["metadata"]["ownerReferences"] = [{**reference, "uid": owner["metadata"]["uid"]}]
        return body

    first = pods.api.post(f"{pods.at}/configmaps", config("first"))
    second = pods.api.post(f"{pods.at}/configmaps", owned(config("second"), first))
    pods.run(owned(pod("a", "sh", "-c", STAYS, terminationGracePeriodSeconds=600), second), "Running")
    pods.api.delete(f"{pods.at}/configmaps/first", {"propagationPolicy": "Foreground"})
    for name in ("first", "second"):
        assert "deletionTimestamp" in pods.api.get(f"{pods.at}/configmaps/{name}")["metadata"]
    pods.api.delete(f"{pods.at}/pods/a", {"gracePeriodSeconds": 0})
    until(lambda: pods.api.status("GET", f"{pods.at}/configmaps/first")[0] == 404)
    assert pods.api.names(f"{pods.at}/pods") == []


def test_a_namespace_ends_when_it_is_empty(own: Api) -> None:
    own.post("/api/v1/namespaces", {"metadata": {"name": "ending"}})
    pods = Pods(own, "ending")
    pods.run(pod("a", "sh", "-c", STAYS, terminationGracePeriodSeconds=600), "Running")
    assert own.delete("/api/v1/namespaces/ending")["status"]["phase"] == "Terminating"
    code, answer = own.status("POST", f"{pods.at}/configmaps", config("late"))
    assert (code, "being terminated" in answer["message"]) == (403, True)
    own.delete(f"{pods.at}/pods/a", {"gracePeriodSeconds": 0})
    until(lambda: own.status("GET", "/api/v1/namespaces/ending")[0] == 404)


def test_a_label_can_be_added_while_a_pod_runs(pods: Pods) -> None:
    pods.run(pod("a", "sleep", "600"), "Running")
    pods.api.patch(f"{pods.at}/pods/a", {"metadata": {"labels": {"z": "y"}}}, STRATEGIC)
    assert pods.api.names(f"{pods.at}/pods", labelSelector="z=y") == ["a"]
