"""The optional stacks rds and eks on localcloud, beside a foundation: applied, planned again, destroyed."""

import pytest

from nightshift_contract import secret
from tests.kubernetes_rights import manifests
from tools import databases

# The provider waits half a minute for each change; test_offline.py has both stacks under a mocked provider.
pytestmark = [pytest.mark.terraform, pytest.mark.long]
NAME, REGION = "acme-night", "us-east-1"
PASSWORD = "a-long-and-secret-word"
BASE = {"name": NAME, "region": REGION, "max_retries": 3}


@pytest.mark.parametrize("engine", ["mysql", "postgres"])
def test_a_source_is_private_and_its_secret_is_what_the_jobs_read(cloud, stack, foundation, engine):
    source = f"cards_{engine}"
    own = {"deletion_protection": False, "recovery_days": 0}
    variables = {**BASE, **own, "engine": engine, "source_name": source, "password": PASSWORD}
    made = stack("stacks/rds", cloud.env)
    made.open(f"rds-{source}.tfstate", f"{NAME}-state")
    outputs = made.apply(**variables)
    assert not made.has_changes(**variables)
    [there] = cloud.client("rds").describe_db_instances()["DBInstances"]
    assert (there["PubliclyAccessible"], there["StorageEncrypted"]) == (False, True)
    assert there["KmsKeyId"] == foundation[2]["kms_key_arn"]
    assert outputs["secret"] == f"{NAME}/sources/{source}"
    text = cloud.client("secretsmanager").get_secret_value(SecretId=outputs["secret"])["SecretString"]
    address, url = secret.parsed(text), databases.parsed(outputs["url"])
    assert (address.engine, address.password) == (engine, PASSWORD)
    assert (address.host, address.port, address.dbname, address.username) == (
        *(url.host, url.port),
        *(url.dbname, url.username),
    )
    assert PASSWORD not in made.run("show", "-json").stdout
    made.destroy(**variables)
    assert cloud.client("rds").describe_db_instances()["DBInstances"] == []
    assert outputs["secret"] not in [s["Name"] for s in cloud.client("secretsmanager").list_secrets()["SecretList"]]


def test_a_cluster_has_the_roles_of_the_foundation_for_the_accounts_of_the_manifests(cloud, stack, foundation):
    outputs_of_foundation = foundation[2]
    made = stack("stacks/eks", cloud.env)
    made.open("eks.tfstate", f"{NAME}-state")
    outputs = made.apply(**BASE)
    assert not made.has_changes(**BASE)
    eks = cloud.client("eks")
    assert outputs["cluster"] == NAME
    assert eks.describe_access_entry(clusterName=NAME, principalArn=outputs_of_foundation["airflow_role_arn"])
    named = {item["metadata"]["name"] for item in manifests("rbac.yaml") if item["kind"] == "ServiceAccount"}
    assert outputs["accounts"].keys() == named
    assert set(outputs["accounts"].values()) == {
        outputs_of_foundation["kubernetes_job_role_arn"],
        *outputs_of_foundation["kubernetes_source_role_arns"].values(),
    }
    made.destroy(**BASE)
    assert eks.list_clusters()["clusters"] == []
