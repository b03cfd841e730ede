"""deploy/kubernetes: its manifests on localcloud's Kubernetes, and whether its roles have what the target needs."""

import re
from pathlib import Path

import boto3
import pytest

from embedded.cloud import environment, kubernetes
from localcloud.server import LocalCloud
from localcloud.settings import Settings as CloudSettings
from nightshift.compute.kubernetes import cluster
from nightshift.compute.kubernetes.cluster import APPLICATIONS, CONFIG_MAPS, PODS, Cluster
from nightshift.compute.kubernetes.resources import FINDERS, REMOVALS
from nightshift.config import Settings
from tests import kubernetes_rights
from tests.kubernetes_rights import allowed, manifests
from tests.localcloud.kubernetes.api import Api
from tests.patience import until

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    with LocalCloud(CloudSettings(home=tmp_path_factory.mktemp("kubernetes"), port=0)) as running:
        yield running


@pytest.fixture(scope="module")
def env(cloud):
    found = {**cloud.access.environment("us-east-1"), **environment.waits(), "AWS_REGION": "us-east-1"}
    assert kubernetes.ensure(found)
    assert kubernetes.ensure(found), "a second command finds it as it is"
    return found


def test_a_cluster_of_localclouds_has_what_the_manifests_say_and_the_pods_roles(cloud, env):
    api = Api.of_kubeconfig(cloud.kubernetes().kubeconfig)
    for item in manifests("namespace.yaml", "rbac.yaml"):
        there = api.get(kubernetes._path(item))
        for part in ("spec", "rules", "subjects", "roleRef"):
            if part in item and item["kind"] != "Namespace":
                assert there[part] == item[part]
    eks = boto3.client(
        "eks",
        "us-east-1",
        endpoint_url=cloud.endpoint,
        aws_access_key_id=cloud.access.credentials.access_key,
        aws_secret_access_key=cloud.access.credentials.secret_key,
    )
    found = eks.list_pod_identity_associations(clusterName=env["NIGHTSHIFT_KUBERNETES_CLUSTER"])["associations"]
    ids = [one["associationId"] for one in found]
    named = env["NIGHTSHIFT_KUBERNETES_CLUSTER"]
    told = [eks.describe_pod_identity_association(clusterName=named, associationId=i)["association"] for i in ids]
    assert {one["serviceAccount"]: one["roleArn"].rpartition("/")[2] for one in told} == {
        "nightshift-jobs": "nightshift-local-kubernetes",
        "nightshift-jobs-card-movements": "nightshift-local-kubernetes-card_movements",
        "nightshift-jobs-mrhealth-sales": "nightshift-local-kubernetes-mrhealth_sales",
    }


def test_a_cluster_that_somebody_else_named_is_left_alone(env):
    assert not kubernetes.ensure({**env, "NIGHTSHIFT_KUBERNETES_CLUSTER": "theirs"})
    assert not kubernetes.ensure({**env, "NIGHTSHIFT_KUBERNETES_CONFIG": "their/file"})


def test_airflow_has_the_rights_that_the_target_uses_and_no_others(cloud, env, monkeypatch):
    config = str(cloud.kubernetes().kubeconfig)
    settings = Settings(name="acme", kubernetes_config=config, kubernetes_image="jobs")
    used = kubernetes_rights.recorded(monkeypatch)
    own, labels = Cluster(settings), {"nightshift/name": "acme", "nightshift/run": "x"}
    about = {"metadata": {"name": "a", "labels": labels}}
    spec = {"type": "Python", "sparkVersion": "3.5.6", "mainApplicationFile": "s3://a/b.py", "executor": {}}
    own.create(CONFIG_MAPS, {"apiVersion": "v1", "kind": "ConfigMap", **about})
    driver = {"serviceAccount": "none"}
    application = {"apiVersion": "sparkoperator.k8s.io/v1beta2", "kind": "SparkApplication", **about}
    own.create(APPLICATIONS, {**application, "spec": {**spec, "driver": driver}})
    assert own.find(CONFIG_MAPS, "a") and own.find(APPLICATIONS, "a") and not own.find(PODS, "a-driver")
    with pytest.raises(cluster.ApiRefused):
        list(own.log("a-driver"))
    found = [thing for find in FINDERS.values() for thing in find(settings, "")]
    assert [thing.id for thing in found] == ["a", "a"]
    REMOVALS["Spark applications"](settings, found[1])
    own.delete(PODS, "a-driver")
    own.delete(CONFIG_MAPS, "a")
    until(lambda: not [thing for find in FINDERS.values() for thing in find(settings, "")])
    held = allowed("nightshift-airflow")
    assert used - held == set()
    assert held - used == {("", "configmaps/finalizers", "update")}  # for admission, where it is strict


def test_a_driver_has_at_most_what_the_operators_own_chart_gives_it():
    """templates/spark/rbac.yaml of the chart, 2.4.0."""
    kinds = ("pods", "configmaps", "persistentvolumeclaims", "services")
    verbs = ("get", "list", "watch", "create", "update", "patch", "delete", "deletecollection")
    assert allowed("nightshift-driver") < {("", kind, verb) for kind in kinds for verb in verbs}


def test_accounts_namespace_and_operator_agree_with_the_settings_and_the_foundations_sources():
    settings = Settings()
    items = manifests("namespace.yaml", "rbac.yaml")
    accounts = {item["metadata"]["name"] for item in items if item["kind"] == "ServiceAccount"}
    variables = (ROOT / "include/terraform/stacks/foundation/variables.tf").read_text()
    sources = re.findall(r"^ +(\w+) +=", variables.partition("clusters = {")[2].partition("}")[0], re.MULTILINE)
    own = settings.kubernetes_service_account
    assert accounts == {own, *(f"{own}-{pipeline.replace('_', '-')}" for pipeline in sources)}
    [values] = manifests("operator-values.yaml")
    assert values["spark"]["jobNamespaces"] == [settings.kubernetes_namespace]
    assert {i["metadata"].get("namespace") for i in items if i["kind"] != "Namespace"} == {"nightshift"}
