"""The pure parts of localcloud's Kubernetes."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.kubernetes import ownership, patches
from localcloud.kubernetes.errors import ApiError, Json
from localcloud.kubernetes.kinds import CRD, NAMESPACE
from localcloud.kubernetes.kubelet import properties, scheduler, statuses
from localcloud.kubernetes.kubelet.paths import Paths
from localcloud.kubernetes.kubelet.quantity import number
from localcloud.kubernetes.kubelet.spark_image import megabytes
from localcloud.kubernetes.resources import MERGE_PATCH, OWN_STATUS, Patch, Resources
from localcloud.kubernetes.spark_operator import application, driver
from localcloud.kubernetes.spark_operator.definition import DEFINITION, SPARK_APPLICATION
from localcloud.kubernetes.spark_operator.operator import Operator
from localcloud.kubernetes.store import Key, Store
from localcloud.kubernetes.times import stamp
from localcloud.kubernetes.watch import Watch

TEXT = st.text(st.characters(codec="utf-8"))
PLAIN = st.recursive(st.integers(), lambda below: st.dictionaries(st.sampled_from("abc"), below, max_size=3))
OBJECTS = st.dictionaries(st.sampled_from("abc"), PLAIN, max_size=3)


@pytest.mark.parametrize(
    ("text", "value"), [("500m", 0.5), ("2", 2), ("1408Mi", 1408 << 20), ("2G", 2e9), ("1e3", 1000), ("64Ki", 65536)]
)
def test_quantities(text: str, value: float) -> None:
    assert number(text) == value


@pytest.mark.parametrize(("text", "value"), [("1g", 1024), ("512m", 512), ("1024", 1024), ("2048K", 2), ("1GB", 1024)])
def test_sizes_of_spark(text: str, value: int) -> None:
    assert megabytes(text) == value


@pytest.mark.parametrize("text", ["", "1 Mi", "lots", "5Xi"])
def test_what_is_no_quantity(text: str) -> None:
    with pytest.raises(ValueError, match="no quantity"):
        number(text)


@given(st.dictionaries(TEXT.filter(bool), TEXT))
def test_properties_that_are_written_are_read_back(given: dict[str, str]) -> None:
    assert properties.read(properties.written(given)) == given


def test_properties_as_java_writes_them() -> None:
    text = "#comment\n!another\nspark.a=local\\:///x\\=1\nb : two\nc  three\nlong=one,\\\n   two\nu=\\u00e9\nempty\n"
    assert properties.read(text) == {
        "spark.a": "local:///x=1",
        "b": "two",
        "c": "three",
        "long": "one,two",
        "u": "é",
        "empty": "",
    }


def test_paths_are_translated_where_they_are_written_out() -> None:
    paths = Paths({"/data": Path("/here/d"), "/data/in/": Path("/here/i"), "/opt/spark": Path("/home")})
    line = "cat /data/x /data/in/y file:///opt/spark/z s3://b/data/x /database /mydata /data"
    expected = "cat /here/d/x /here/i/y file:///home/z s3://b/data/x /database /mydata /here/d"
    assert paths.local(line) == expected
    assert Paths({}).local(line) == line


@given(OBJECTS, OBJECTS)
def test_a_merge_patch_of_the_difference_leads_there(old: Any, new: Any) -> None:
    assert patches.merged(old, difference(old, new)) == new


def difference(old: Any, new: Any) -> Any:
    if not isinstance(old, dict) or not isinstance(new, dict):
        return new
    changed = {name: difference(old.get(name), value) for name, value in new.items() if old.get(name) != value}
    # A patch merges an empty object into one: what it replaces has to be removed member by member.
    return {**changed, **{name: None for name in old.keys() - new.keys()}}


def test_a_strategic_merge_follows_directives() -> None:
    old = {"containers": [{"name": "a", "image": "1"}, {"name": "b"}], "finalizers": ["x", "y"], "tolerations": [1]}
    patch = {
        "containers": [{"name": "b", "$patch": "delete"}, {"name": "c"}, {"name": "a", "args": ["z"]}],
        "$deleteFromPrimitiveList/finalizers": ["x"],
        "$setElementOrder/containers": [{"name": "a"}],
        "tolerations": [2],
    }
    assert patches.strategically_merged(old, patch) == {
        "containers": [{"name": "a", "image": "1", "args": ["z"]}, {"name": "c"}],
        "finalizers": ["y"],
        "tolerations": [2],
    }
    assert patches.strategically_merged({"a": {"b": 1}}, {"a": {"$patch": "replace", "c": 2}}) == {"a": {"c": 2}}
    assert patches.strategically_merged({"a": {"b": 1, "c": 1}}, {"a": {"$retainKeys": ["b"]}}) == {"a": {"b": 1}}


@pytest.mark.parametrize("operation", [{"op": "fly", "path": "/a"}, {"op": "remove", "path": "/x/y"}, {}, 7])
def test_a_json_patch_that_cannot_be_applied(operation: Any) -> None:
    with pytest.raises(ApiError):
        patches.json_patched({"a": 1}, [operation])


def test_ownership_is_of_fields_and_of_items_by_their_key() -> None:
    item = {"spec": {"containers": [{"name": "a", "image": "1"}], "args": ["x"]}, "metadata": {"name": "n", "uid": "u"}}
    paths = ownership.owned(item)
    assert ownership.tree(paths) == {
        "f:spec": {"f:containers": {'k:{"name":"a"}': {".": {}, "f:name": {}, "f:image": {}}}, "f:args": {}}
    }
    assert ownership.paths(ownership.tree(paths)) == paths
    image = ("f:spec", "f:containers", 'k:{"name":"a"}', "f:image")
    assert (ownership.value(item, image), ownership.shown(image)) == ("1", '.spec.containers[name="a"].image')


def test_a_container_that_an_applier_leaves_out_is_removed() -> None:
    live = {"spec": {"containers": [{"name": "a"}, {"name": "b"}]}}
    entry = {"manager": "one", "operation": "Apply", "fieldsV1": ownership.tree(ownership.owned(live))}
    config = {"spec": {"containers": [{"name": "a"}]}}
    assert ownership.applied(live, config, [entry], "one") == config


def test_changes_of_an_earlier_server_are_gone() -> None:
    store = Store()
    key = Key("", "configmaps", "n", "a")
    version = int(store.put(key, {"metadata": {"name": "a"}})["metadata"]["resourceVersion"])
    assert [change.type for change in store.since(version - 1)] == ["ADDED"]
    assert store.since(version) == []
    with pytest.raises(ApiError, match="too old"):
        store.since(version + 100)


@pytest.mark.parametrize(
    ("codes", "policy", "phase"),
    [
        ([0, 0], "Never", "Succeeded"),
        ([0, 1], "Never", "Failed"),
        ([0, 1], "OnFailure", "Running"),
        ([0], "Always", "Running"),
        ([None], "Never", "Pending"),
        ([0, None], "Never", "Running"),
    ],
)
def test_a_pods_phase(codes: list[int | None], policy: str, phase: str) -> None:
    states = [statuses.waiting("x") if one is None else statuses.terminated(one, "", "", "") for one in codes]
    assert statuses.phase(states, policy) == phase


def test_a_pod_is_placed_while_there_is_room() -> None:
    def wanting(cpu: str, node: str = "") -> dict[str, Any]:
        spec = {"containers": [{"resources": {"requests": {"cpu": cpu}}}], "nodeName": node}
        return {"spec": spec, "status": {"phase": "Running"}}

    node = {"metadata": {"labels": {"a": "b"}}, "status": {"allocatable": {"cpu": "2", "memory": "1Gi"}}}
    assert scheduler.refusal(wanting("1500m"), node, [wanting("500m", "n")]) is None
    refused = scheduler.refusal(wanting("1500m"), node, [wanting("600m", "n")])
    assert refused and "Insufficient cpu" in refused
    elsewhere = wanting("1")
    elsewhere["spec"]["nodeSelector"] = {"a": "c"}
    refused = scheduler.refusal(elsewhere, node, [])
    assert refused and "node affinity/selector" in refused


NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("policy", "state", "attempts", "again"),
    [
        ({}, application.FAILING, 1, False),
        ({"type": "Never"}, application.FAILING, 1, False),
        ({"type": "Always"}, application.SUCCEEDING, 9, True),
        ({"type": "OnFailure", "onFailureRetries": 1}, application.FAILING, 1, True),
        ({"type": "OnFailure", "onFailureRetries": 1}, application.FAILING, 2, False),
        ({"type": "OnFailure", "onFailureRetries": 1}, application.SUCCEEDING, 1, False),
        ({"type": "OnFailure", "onSubmissionFailureRetries": 1}, application.SUBMISSION_FAILED, 1, True),
    ],
)
def test_an_application_runs_again_by_its_policy(policy: Any, state: str, attempts: int, again: bool) -> None:
    status = {"applicationState": {"state": state}, "executionAttempts": attempts, "submissionAttempts": attempts}
    assert application.retries({"restartPolicy": policy}, status) is again


def test_retries_and_the_time_to_live_fall_due() -> None:
    ended = {"terminationTime": stamp(NOW), "executionAttempts": 2, "applicationState": {"state": application.FAILING}}
    spec = {"restartPolicy": {"onFailureRetryInterval": 10}, "timeToLiveSeconds": 60}
    assert not application.retry_due(spec, ended, NOW + timedelta(seconds=19))
    assert application.retry_due(spec, ended, NOW + timedelta(seconds=20))
    assert not application.expired(spec, ended, NOW + timedelta(seconds=59))
    assert application.expired(spec, ended, NOW + timedelta(seconds=60))
    assert not application.expired({}, ended, NOW + timedelta(days=9))


def test_a_lost_driver_fails_its_application() -> None:
    seen = application.observed({"executorState": {}}, None, [], NOW)
    assert seen["applicationState"] == {"state": "FAILING", "errorMessage": "driver pod not found"}


def test_a_driver_gets_what_its_application_states() -> None:
    spec = {
        "type": "Python",
        "sparkVersion": "3.5.6",
        "mainApplicationFile": "local:///main.py",
        "arguments": ["--a", "b"],
        "sparkConf": {"spark.x": "1", "spark.executor.memory": "9g"},
        "hadoopConf": {"fs.x": "2"},
        "deps": {"pyFiles": ["s3://b/a.zip", "s3://b/b.zip"]},
        "volumes": [{"name": "v", "emptyDir": {}}],
        "driver": {
            "cores": 2,
            "memory": "2g",
            "serviceAccount": "spark",
            "env": [{"name": "A", "value": "1"}],
            "envSecretKeyRefs": {"P": {"name": "s", "key": "k"}},
            "volumeMounts": [{"name": "v", "mountPath": "/v"}],
            "template": {"spec": {"priorityClassName": "high", "containers": [{"name": "side"}]}},
        },
        "executor": {"instances": 3, "memory": "1g", "env": [{"name": "B", "value": "2"}]},
    }
    metadata = {"name": "night", "namespace": "n", "uid": "u", "labels": {"run": "x"}}
    app = {"apiVersion": "sparkoperator.k8s.io/v1beta2", "kind": "SparkApplication", "metadata": metadata, "spec": spec}
    submission = driver.Submission(app, "https://127.0.0.1:1", "0" * 32, "spark-1")
    conf, pod = driver.conf(submission), driver.pod(submission)
    expected = {
        "spark.x": "1",
        "spark.hadoop.fs.x": "2",
        "spark.executor.memory": "1g",
        "spark.executor.instances": "3",
        "spark.submit.pyFiles": "s3://b/a.zip,s3://b/b.zip",
        "spark.kubernetes.executor.label.run": "x",
        "spark.kubernetes.memoryOverheadFactor": "0.4",
    }
    assert {name: conf.get(name) for name in expected} == expected
    main = next(one for one in pod["spec"]["containers"] if one["name"] == "spark-kubernetes-driver")
    assert main["args"][-3:] == ["local:///main.py", "--a", "b"]
    assert main["resources"]["limits"] == {"memory": "2867Mi"}  # 2g and four tenths
    assert {"A", "P"} <= {one["name"] for one in main["env"]}
    assert (pod["spec"]["priorityClassName"], pod["spec"]["serviceAccountName"]) == ("high", "spark")
    assert len(pod["spec"]["containers"]) == 2
    assert pod["metadata"]["ownerReferences"][0]["uid"] == "u"
    assert '"B"' in driver.config_map(submission, {**app})["data"]["pod-spec-template.yml"]


def test_the_operator_writes_no_state_over_one_that_came_after_its_look() -> None:
    clock = lambda: datetime(2026, 1, 5, tzinfo=UTC)  # noqa: E731
    resources = Resources(Store(), clock)
    operator, about = Operator(resources, "https://127.0.0.1:1", clock), (SPARK_APPLICATION, "n", "a")

    def app() -> Json:
        return resources.get(*about)

    resources.create(NAMESPACE, "", {"metadata": {"name": "n"}})
    resources.create(CRD, "", DEFINITION)
    spec = {"type": "Python", "sparkVersion": "3.5.6", "mainApplicationFile": "local:///a.py"}
    parts = {"driver": {"serviceAccount": "default"}, "executor": {}}
    resources.create(SPARK_APPLICATION, "n", {"metadata": {"name": "a"}, "spec": {**spec, **parts}})
    operator._reconcile(app())
    seen = app()
    failed = {"status": {"applicationState": {"state": application.FAILED}}}
    resources.patch(*about, Patch(MERGE_PATCH, failed), OWN_STATUS)
    operator._reconcile(seen)
    assert application.state_of(seen["status"]) == application.SUBMITTED
    assert application.state_of(app()["status"]) == application.FAILED


def test_a_watch_tells_what_there_is_to_tell_however_late_it_comes_to_it() -> None:
    resources = Resources(Store(), lambda: datetime(2026, 1, 5, tzinfo=UTC))
    since = resources.store.version
    resources.create(NAMESPACE, "", {"metadata": {"name": "n"}})
    late = Watch(resources.store, NAMESPACE, "", lambda _: True, since=since, seconds=0)
    assert [json.loads(line)["type"] for line in late if line] == ["ADDED"]
