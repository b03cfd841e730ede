"""The contract of a Kubernetes API server: localcloud's and, where one is named, the real one keep it alike."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from tests.localcloud.kubernetes.api import APPLY, MERGE, PATCH, STRATEGIC, Api, Json, config, pod
from tests.patience import until

pytestmark = pytest.mark.filterwarnings("ignore:Unverified HTTPS")


@pytest.fixture
def maps(namespace: str) -> str:
    return f"/api/v1/namespaces/{namespace}/configmaps"


@pytest.fixture
def pods(namespace: str) -> str:
    return f"/api/v1/namespaces/{namespace}/pods"


def test_an_object_is_created_read_changed_and_deleted(api: Api, maps: str, namespace: str) -> None:
    made = api.post(maps, config("a", x="1"))
    metadata = made["metadata"]
    assert (made["kind"], made["apiVersion"], metadata["namespace"]) == ("ConfigMap", "v1", namespace)
    assert metadata["uid"] and metadata["creationTimestamp"] and metadata["resourceVersion"]
    assert api.get(f"{maps}/a") == made
    changed = api.put(f"{maps}/a", {**made, "data": {"x": "2"}})
    assert int(changed["metadata"]["resourceVersion"]) > int(metadata["resourceVersion"])
    assert api.delete(f"{maps}/a")["status"] == "Success"
    code, answer = api.status("GET", f"{maps}/a")
    assert (code, answer["reason"], answer["message"]) == (404, "NotFound", 'configmaps "a" not found')


def test_a_second_create_of_a_name_is_a_conflict(api: Api, maps: str) -> None:
    api.post(maps, config("a"))
    code, answer = api.status("POST", maps, config("a"))
    assert (code, answer["reason"]) == (409, "AlreadyExists")
    assert answer["message"] == 'configmaps "a" already exists'


def test_a_write_of_an_old_version_is_a_conflict(api: Api, maps: str) -> None:
    old = api.post(maps, config("a", x="1"))
    api.put(f"{maps}/a", {**old, "data": {"x": "2"}})
    for method, kind in (("PUT", "application/json"), ("PATCH", MERGE)):
        code, answer = api.status(method, f"{maps}/a", {**old, "data": {"x": "3"}}, kind)
        assert (code, answer["reason"]) == (409, "Conflict")
        assert "the object has been modified" in answer["message"]


def test_a_write_that_changes_nothing_keeps_the_version(api: Api, maps: str) -> None:
    made = api.post(maps, config("a", x="1"), fieldManager="t")
    again = api.patch(f"{maps}/a", {"data": {"x": "1"}}, fieldManager="t")
    assert again["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]


def test_names_can_be_generated(api: Api, maps: str) -> None:
    names = {api.post(maps, {"metadata": {"generateName": "job-"}})["metadata"]["name"] for _ in range(3)}
    assert len(names) == 3
    assert all(name.startswith("job-") and len(name) == 9 for name in names)


@pytest.mark.parametrize(
    ("metadata", "code", "said"),
    [
        ({"name": "Upper"}, 422, "a lowercase RFC 1123 subdomain"),
        ({}, 422, "name or generateName is required"),
        ({"name": "a", "namespace": "elsewhere"}, 400, "does not match the namespace sent on the request"),
        ({"name": "a", "labels": {"a": "not a label"}}, 422, "metadata.labels"),
        ({"name": "a", "resourceVersion": "7"}, 400, "resourceVersion should not be set"),
    ],
)
def test_what_cannot_be_created(api: Api, maps: str, metadata: Json, code: int, said: str) -> None:
    found, answer = api.status("POST", maps, {"metadata": metadata})
    assert (found, said in answer["message"]) == (code, True), answer


def test_a_namespace_has_to_exist(api: Api) -> None:
    code, answer = api.status("POST", "/api/v1/namespaces/nowhere/configmaps", config("a"))
    assert (code, answer["message"]) == (404, 'namespaces "nowhere" not found')


def test_unknown_paths_and_verbs_are_refused(api: Api, maps: str) -> None:
    assert api.status("GET", "/apis/nobody.example/v1/things")[0] == 404
    assert api.status("GET", maps.replace("configmaps", "things"))[0] == 404
    assert api.status("PUT", maps, config("a"))[0] == 405


def test_a_dry_run_changes_nothing(api: Api, maps: str) -> None:
    assert api.post(maps, config("a"), dryRun="All")["metadata"]["uid"]
    assert api.status("GET", f"{maps}/a")[0] == 404
    api.post(maps, config("a", x="1"))
    assert api.patch(f"{maps}/a", {"data": {"x": "2"}}, dryRun="All")["data"] == {"x": "2"}
    api.delete(f"{maps}/a", dryRun="All")
    assert api.get(f"{maps}/a")["data"] == {"x": "1"}


@pytest.mark.parametrize(
    ("selector", "names"),
    [
        ("tier=gold", ["a"]),
        ("tier==gold", ["a"]),
        ("tier!=gold", ["b", "c"]),
        ("tier in (gold,silver)", ["a", "b"]),
        ("tier notin (gold)", ["b", "c"]),
        ("tier", ["a", "b"]),
        ("!tier", ["c"]),
        ("tier,run=1", ["b"]),
    ],
)
def test_lists_are_selected_by_labels(api: Api, maps: str, selector: str, names: list[str]) -> None:
    for name, labels in (("a", {"tier": "gold"}), ("b", {"tier": "silver", "run": "1"}), ("c", {"run": "1"})):
        api.post(maps, {"metadata": {"name": name, "labels": labels}})
    assert [name for name in api.names(maps, labelSelector=selector) if len(name) == 1] == names


def test_lists_are_selected_by_fields_and_come_in_pages(api: Api, pods: str) -> None:
    for name in ("a", "b", "c"):
        api.post(pods, pod(name, "true", nodeName="nowhere"))
    assert api.names(pods, fieldSelector="metadata.name!=b") == ["a", "c"]
    assert api.names(pods, fieldSelector="status.phase=Pending,spec.nodeName=nowhere") == ["a", "b", "c"]
    first = api.get(pods, limit=2)
    assert len(first["items"]) == 2 and first["metadata"]["remainingItemCount"] == 1
    assert api.names(pods, limit=2, **{"continue": first["metadata"]["continue"]}) == ["c"]


def test_a_collection_is_deleted_by_selector(api: Api, maps: str) -> None:
    for name in ("a", "b"):
        api.post(maps, {"metadata": {"name": name, "labels": {"name": name}}})
    api.delete(maps, labelSelector="name=a")
    assert [name for name in api.names(maps) if len(name) == 1] == ["b"]


def test_a_merge_patch_removes_by_null(api: Api, maps: str) -> None:
    api.post(maps, config("a", x="1", y="2"))
    assert api.patch(f"{maps}/a", {"data": {"x": None, "z": "3"}})["data"] == {"y": "2", "z": "3"}


def test_a_json_patch_is_a_list_of_operations(api: Api, maps: str) -> None:
    api.post(maps, config("a", x="1"))
    operations = [
        {"op": "test", "path": "/data/x", "value": "1"},
        {"op": "add", "path": "/data/a~1b", "value": "2"},
        {"op": "move", "from": "/data/x", "path": "/data/y"},
    ]
    assert api.patch(f"{maps}/a", operations, PATCH)["data"] == {"a/b": "2", "y": "1"}
    code, _ = api.status("PATCH", f"{maps}/a", [{"op": "remove", "path": "/data/missing"}], PATCH)
    assert code == 422


def test_a_strategic_merge_patch_joins_containers_by_name(api: Api, pods: str) -> None:
    body = pod("a", "true", container={"env": [{"name": "X", "value": "1"}]}, nodeName="nowhere")
    api.post(pods, body)
    patched = api.patch(f"{pods}/a", {"spec": {"containers": [{"name": "main", "image": "other"}]}}, STRATEGIC)
    (container,) = patched["spec"]["containers"]
    assert (container["image"], container["env"]) == ("other", [{"name": "X", "value": "1"}])


def test_a_patch_of_another_format_is_refused(api: Api, maps: str) -> None:
    api.post(maps, config("a"))
    assert api.status("PATCH", f"{maps}/a", {}, "application/json")[0] == 415


def test_a_pods_specification_cannot_change(api: Api, pods: str) -> None:
    made = api.post(pods, pod("a", "true", nodeName="nowhere"))
    code, answer = api.status("PATCH", f"{pods}/a", {"spec": {"restartPolicy": "Always"}}, STRATEGIC)
    assert (code, answer["reason"]) == (422, "Invalid")
    assert "pod updates may not change fields" in answer["message"]
    assert made["status"]["phase"] == "Pending"
    assert made["spec"]["terminationGracePeriodSeconds"] == 30


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"containers": []}, "spec.containers: Required value"),
        ({"containers": [{"name": "a"}]}, "spec.containers[0].image: Required value"),
        ({"restartPolicy": "Sometimes"}, "spec.restartPolicy: Unsupported value"),
    ],
)
def test_a_pod_without_meaning_is_refused(api: Api, pods: str, spec: Json, said: str) -> None:
    code, answer = api.status("POST", pods, pod("a", "true", **spec))
    assert (code, said in answer["message"]) == (422, True), answer


def test_the_status_is_a_part_of_its_own(api: Api, pods: str) -> None:
    api.post(pods, pod("a", "true", nodeName="nowhere"))
    ignored = api.patch(f"{pods}/a", {"status": {"phase": "Failed"}, "metadata": {"labels": {"a": "b"}}})
    assert (ignored["status"]["phase"], ignored["metadata"]["labels"]) == ("Pending", {"a": "b"})
    written = api.patch(f"{pods}/a/status", {"status": {"phase": "Failed"}, "metadata": {"labels": {"a": "c"}}})
    assert (written["status"]["phase"], written["metadata"]["labels"]) == ("Failed", {"a": "b"})


def test_a_pod_is_bound_once(api: Api, pods: str) -> None:
    api.post(pods, pod("a", "true", schedulerName="nobody", nodeSelector={"no": "where"}))
    target = {"metadata": {"name": "a"}, "target": {"apiVersion": "v1", "kind": "Node", "name": "elsewhere"}}
    api.post(f"{pods}/a/binding", target)
    assert api.get(f"{pods}/a")["spec"]["nodeName"] == "elsewhere"
    assert api.status("POST", f"{pods}/a/binding", target)[0] == 409


def test_a_finalizer_holds_what_is_deleted(api: Api, maps: str) -> None:
    api.post(maps, {"metadata": {"name": "a", "finalizers": ["example.com/hold"]}})
    api.delete(f"{maps}/a")
    held = api.get(f"{maps}/a")
    assert held["metadata"]["deletionTimestamp"]
    api.patch(f"{maps}/a", {"metadata": {"finalizers": None}})
    assert api.status("GET", f"{maps}/a")[0] == 404


def test_a_deletion_may_state_whom_it_means(api: Api, maps: str) -> None:
    api.post(maps, config("a"))
    code, _ = api.status("DELETE", f"{maps}/a", {"preconditions": {"uid": str(uuid.uuid4())}})
    assert code == 409
    assert api.get(f"{maps}/a")


def test_a_pod_on_a_node_has_time_to_end(api: Api, pods: str) -> None:
    api.post(pods, pod("a", "true", nodeName="nowhere"))
    marked = api.delete(f"{pods}/a", {"gracePeriodSeconds": 7})
    assert marked["metadata"]["deletionGracePeriodSeconds"] == 7
    assert api.get(f"{pods}/a")["metadata"]["deletionTimestamp"]
    api.delete(f"{pods}/a", {"gracePeriodSeconds": 0})
    assert api.status("GET", f"{pods}/a")[0] == 404


def test_a_watch_follows_changes_from_a_version(api: Api, maps: str) -> None:
    version = api.get(maps)["metadata"]["resourceVersion"]
    api.post(maps, config("a", x="1"))
    api.patch(f"{maps}/a", {"data": {"x": "2"}})
    api.delete(f"{maps}/a")
    seen = [
        (kind, item["data"]["x"])
        for kind, item in api.watch(maps, resourceVersion=version, timeoutSeconds=1)
        if item["metadata"]["name"] == "a"
    ]
    assert seen == [("ADDED", "1"), ("MODIFIED", "2"), ("DELETED", "2")]


def test_a_watch_of_a_selection_sees_what_enters_and_leaves_it(api: Api, maps: str) -> None:
    version = api.get(maps)["metadata"]["resourceVersion"]
    api.post(maps, config("a"))
    for value in ("yes", "yes", "no"):
        api.patch(f"{maps}/a", {"metadata": {"labels": {"in": value}}, "data": {"x": value + str(value == "no")}})
    api.patch(f"{maps}/a", {"metadata": {"labels": {"in": "yes"}}})
    asked = {"resourceVersion": version, "timeoutSeconds": 1, "labelSelector": "in=yes"}
    assert [kind for kind, _ in api.watch(maps, **asked)] == ["ADDED", "DELETED", "ADDED"]


def test_a_watch_without_a_version_begins_with_what_there_is(api: Api, maps: str) -> None:
    api.post(maps, config("a"))
    events = api.watch(maps, timeoutSeconds=20, fieldSelector="metadata.name=a")
    assert next(events)[0] == "ADDED"
    api.delete(f"{maps}/a")
    assert next(events)[0] == "DELETED"


def applied(api: Api, path: str, manager: str, body: Json, **query: str) -> tuple[int, Json]:
    full = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, **body}
    return api.status("PATCH", f"{path}/a", full, APPLY, fieldManager=manager, **query)


def test_an_apply_creates_and_then_owns_what_it_states(api: Api, maps: str) -> None:
    code, made = applied(api, maps, "one", {"data": {"x": "1", "y": "1"}})
    assert code == 201
    (entry,) = made["metadata"]["managedFields"]
    assert (entry["manager"], entry["operation"]) == ("one", "Apply")
    assert entry["fieldsV1"]["f:data"].keys() - {"."} == {"f:x", "f:y"}
    code, changed = applied(api, maps, "one", {"data": {"x": "2"}})
    assert (code, changed["data"]) == (200, {"x": "2"})


def test_another_managers_field_is_a_conflict_until_it_is_forced(api: Api, maps: str) -> None:
    applied(api, maps, "one", {"data": {"x": "1"}})
    code, answer = applied(api, maps, "two", {"data": {"x": "2", "z": "2"}})
    assert (code, answer["reason"]) == (409, "Conflict")
    assert 'conflict with "one": .data.x' in answer["message"]
    code, forced = applied(api, maps, "two", {"data": {"x": "2", "z": "2"}}, force="true")
    assert (code, forced["data"]) == (200, {"x": "2", "z": "2"})
    assert applied(api, maps, "one", {"data": {"x": "2"}})[0] == 200
    assert applied(api, maps, "one", {"data": {}})[1]["data"] == {"x": "2", "z": "2"}


def test_a_field_that_an_update_changed_is_the_updaters(api: Api, maps: str) -> None:
    applied(api, maps, "one", {"data": {"x": "1"}})
    api.patch(f"{maps}/a", {"data": {"x": "5"}}, fieldManager="hand")
    code, answer = applied(api, maps, "one", {"data": {"x": "1"}})
    assert (code, 'conflict with "hand"' in answer["message"]) == (409, True)


def test_an_apply_needs_a_manager(api: Api, maps: str) -> None:
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}
    assert api.status("PATCH", f"{maps}/a", body, APPLY)[0] in (400, 422)


@pytest.fixture
def defined(api: Api) -> Iterator[str]:
    """The path of a custom resource's collection, in no namespace."""
    group = f"g{uuid.uuid4().hex[:8]}.example.com"
    shape = {
        "type": "object",
        "required": ["spec"],
        "properties": {
            "spec": {
                "type": "object",
                "required": ["size"],
                "properties": {
                    "size": {"type": "integer", "minimum": 1},
                    "color": {"type": "string", "enum": ["red", "green"]},
                    "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                },
            },
            "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        },
    }
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "schema": {"openAPIV3Schema": shape},
    }
    names = {"kind": "Thing", "plural": "things", "singular": "thing", "listKind": "ThingList"}
    body = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"things.{group}"},
        "spec": {"group": group, "scope": "Cluster", "names": names, "versions": [version]},
    }
    definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    api.post(definitions, body)
    until(lambda: api.status("GET", f"/apis/{group}/v1/things")[0] == 200, what="an established definition")
    yield f"/apis/{group}/v1/things"
    api.delete(f"{definitions}/things.{group}")


def thing(defined: str, **spec: object) -> Json:
    api_version = "/".join(defined.split("/")[2:4])
    return {"apiVersion": api_version, "kind": "Thing", "metadata": {"name": "a"}, "spec": spec}


def test_a_custom_resource_is_checked_and_pruned_by_its_schema(api: Api, defined: str) -> None:
    for spec, said in (
        ({"size": "large"}, "must be of type integer"),
        ({"size": 0}, "should be greater than or equal to 1"),
        ({"size": 1, "color": "blue"}, "Unsupported value"),
        ({}, "spec.size: Required value"),
    ):
        code, answer = api.status("POST", defined, thing(defined, **spec))
        assert (code, said in answer["message"]) == (422, True), answer
    made = api.post(defined, thing(defined, size=2, other=1, free={"any": 1}))
    assert made["spec"] == {"size": 2, "free": {"any": 1}}


def test_a_custom_resources_generation_counts_its_specifications(api: Api, defined: str) -> None:
    made = api.post(defined, {**thing(defined, size=1), "status": {"state": "made up"}})
    assert "status" not in made
    api.patch(f"{defined}/a/status", {"status": {"state": "NEW"}})
    changed = api.patch(f"{defined}/a", {"spec": {"size": 2}})
    assert (made["metadata"]["generation"], changed["metadata"]["generation"]) == (1, 2)
    assert changed["status"] == {"state": "NEW"}
    assert api.status("PATCH", f"{defined}/a", {"spec": {"size": 3}}, STRATEGIC)[0] == 415


def test_discovery_names_what_is_served(api: Api, defined: str) -> None:
    core = {one["name"]: one for one in api.get("/api/v1")["resources"]}
    assert core["pods"]["namespaced"] and "po" in core["pods"]["shortNames"]
    assert {"pods/log", "pods/status", "pods/binding", "pods/eviction"} <= core.keys()
    group = defined.split("/")[2]
    assert group in [one["name"] for one in api.get("/apis")["groups"]]
    assert api.get(f"/apis/{group}")["preferredVersion"]["version"] == "v1"
    assert api.get(f"/apis/{group}/v1")["resources"][0]["kind"] == "Thing"
    assert api.get("/version")["major"] == "1"
