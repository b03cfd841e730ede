"""The foundation on localcloud: applied, planned again without a change, and what then really is there."""

import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError

from nightshift.infrastructure import drift
from nightshift.infrastructure.drift import Comparison
from tests.patience import HEARD_ONCE
from tools import paths

pytestmark = pytest.mark.terraform

MANAGED_POLICY_CHARACTERS = 6144  # IAM quotas: a managed policy, without white space
INLINE_POLICIES_CHARACTERS = 10240  # all inline policies of a role together
OF_AIRFLOW = "acme-night-airflow-"
NOW = datetime(2026, 1, 5, 7, tzinfo=UTC)
KINDS = ("raw", "lake", "artifacts", "logs", "state")


@pytest.fixture(scope="module")
def told(foundation):
    return foundation[2]


def test_a_night_is_told_what_the_contract_says(told):
    assert told["buckets"] == {kind: f"acme-night-{kind}" for kind in ("raw", "lake", "artifacts", "logs")}
    assert told["databases"] == {layer: f"acme_night_{layer}" for layer in ("bronze", "silver", "gold")}
    assert len(told["subnet_ids"]) == 2
    assert set(told) == {
        *("buckets", "subnet_ids", "vpc_id", "topic_arn", "emr_service_role_arn", "emr_instance_profile_arn"),
        *("airflow_role_arn", "kms_key_arn", "databases", "public_subnet_id", "ingest_instance_profiles"),
        *("emr_source_profile_arns", "serverless_job_role_arn", "serverless_source_role_arns"),
        *("glue_job_role_arn", "glue_source_role_arns", "kubernetes_job_role_arn", "kubernetes_source_role_arns"),
    }


def test_a_second_plan_changes_nothing(foundation):
    durable, variables, _ = foundation
    assert not durable.has_changes(**variables)


def test_drift_is_listed_notified_once_and_gone_when_it_is_undone(cloud, settings, told, request):
    """What somebody changed by hand. The same under Airflow's role: tests/iam."""
    s3, sns, sqs = (cloud.client(service) for service in ("s3", "sns", "sqs"))
    queue = sqs.create_queue(QueueName="drift", Attributes=HEARD_ONCE)["QueueUrl"]
    sns.subscribe(TopicArn=told["topic_arn"], Protocol="sqs", Endpoint="arn:aws:sqs:us-east-1:123456789012:drift")
    tags = s3.get_bucket_tagging(Bucket="acme-night-raw")["TagSet"]
    policy = s3.get_bucket_policy(Bucket="acme-night-lake")["Policy"]

    def undo():
        s3.put_bucket_tagging(Bucket="acme-night-raw", Tagging={"TagSet": tags})
        s3.put_bucket_policy(Bucket="acme-night-lake", Policy=policy)

    request.addfinalizer(undo)  # the tests after it stand on the same foundation
    s3.put_bucket_tagging(Bucket="acme-night-raw", Tagging={"TagSet": [*tags, {"Key": "team", "Value": "growth"}]})
    s3.put_bucket_policy(Bucket="acme-night-lake", Policy=policy.replace('"Deny"', '"Allow"'))
    seen = drift.compare(settings)
    assert [(d.address, d.attribute, d.before, d.after) for d in seen.differences] == [
        ('module.storage.aws_s3_bucket.this["raw"]', "tags.team", "null", '"growth"'),
        ('module.storage.aws_s3_bucket_policy.this["lake"]', "policy.Statement[0].Effect", '"Deny"', '"Allow"'),
    ]
    assert "foundation" in seen.stacks and seen.unseen == {}
    news = drift.notify(settings, seen, NOW)
    assert [d.who for d in news] == [drift.NOBODY] * 2, "localcloud has no CloudTrail"
    assert drift.notify(settings, seen, NOW) == []
    assert {entry["since"] for entry in drift.known(settings).values()} == {"2026-01-05"}
    [message] = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    assert "tags.team" in message["Body"] and "Statement[0].Effect" in message["Body"]
    undo()
    command = [sys.executable, "-m", "embedded.commands.drift_process"]
    env = os.environ | {"PYTHONPATH": os.pathsep.join((str(paths.PLUGINS), str(paths.ROOT)))}
    looked = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    assert looked.stdout == f"Compared {', '.join(seen.stacks)}: nothing differs.\n"
    assert drift.notify(settings, Comparison([], ["foundation"], {}), NOW) == []
    assert drift.known(settings) == {}
    assert "Messages" not in sqs.receive_message(QueueUrl=queue)


@pytest.mark.parametrize("kind", KINDS)
def test_every_bucket_is_versioned_encrypted_private_and_asks_for_tls(cloud, told, kind):
    s3, bucket = cloud.client("s3"), f"acme-night-{kind}"
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    assert all(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values())
    owner = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
    assert owner == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    [rule] = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    encryption = rule["ApplyServerSideEncryptionByDefault"]
    assert encryption["SSEAlgorithm"] == "aws:kms"
    assert encryption.get("KMSMasterKeyID") == (None if kind == "state" else told["kms_key_arn"])
    [statement] = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])["Statement"]
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "s3:*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_what_holds_data_is_not_destroyed(foundation):
    """Refused while it is planned, so nothing goes before it either; test_whole_foundation destroys one without it."""
    durable, variables, _ = foundation
    boot, boot_variables = durable.bootstrapped
    refused = "".join(
        made.run("plan", "-input=false", "-destroy", "-lock=false", allowed=(1,), **given).stderr
        for made, given in ((durable, variables), (boot, boot_variables))
    )
    assert refused.count("Error:") == refused.count("Error: Instance cannot be destroyed")
    assert set(re.findall(r"Resource (\S+) has\s+lifecycle.prevent_destroy", refused)) == {
        "aws_kms_key.this[0]",
        *(f'module.storage.aws_s3_bucket.this["{kind}"]' for kind in KINDS),
    }


def test_the_roles_policies_fit_into_iams_quotas(cloud, told):
    iam = cloud.client("iam")
    policies = [p for p in iam.list_policies(Scope="Local")["Policies"] if p["PolicyName"].startswith(OF_AIRFLOW)]
    assert len(policies) == 7
    for policy in policies:
        version = iam.get_policy_version(PolicyArn=policy["Arn"], VersionId=policy["DefaultVersionId"])
        assert _characters(version["PolicyVersion"]["Document"]) <= MANAGED_POLICY_CHARACTERS, policy["PolicyName"]
    for role in ("emr-service", "emr-instance", "emr-instance-card_movements", "ingest-host-covid_hospitals"):
        inline = iam.get_role_policy(RoleName=f"acme-night-{role}", PolicyName=role)["PolicyDocument"]
        assert _characters(inline) <= INLINE_POLICIES_CHARACTERS


def test_emr_works_under_its_own_managed_policy(cloud, told):
    role = told["emr_service_role_arn"].rsplit("/", 1)[1]
    attached = cloud.client("iam").list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    assert [p["PolicyName"] for p in attached] == ["AmazonEMRServicePolicy_v2"]


def test_the_ingestion_hosts_profile_holds_its_role_and_nothing_of_aws(cloud, told):
    iam, name = cloud.client("iam"), told["ingest_instance_profiles"]["covid_hospitals"]
    [role] = iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]["Roles"]
    assert role["RoleName"] == name == "acme-night-ingest-host-covid_hospitals"
    assert iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"] == []


def test_clusters_have_no_route_to_the_internet_that_the_public_subnet_has(cloud, told):
    ec2 = cloud.client("ec2")
    assert told["public_subnet_id"] not in told["subnet_ids"]
    for subnet, gateways in ((told["public_subnet_id"], ["igw"]), *((private, []) for private in told["subnet_ids"])):
        filters = [{"Name": "association.subnet-id", "Values": [subnet]}]
        [table] = ec2.describe_route_tables(Filters=filters)["RouteTables"]
        out = [route for route in table["Routes"] if route.get("DestinationCidrBlock") == "0.0.0.0/0"]
        assert [route["GatewayId"].split("-")[0] for route in out] == gateways
    subnets = ec2.describe_subnets(SubnetIds=[told["public_subnet_id"], *told["subnet_ids"]])["Subnets"]
    assert not any(subnet["MapPublicIpOnLaunch"] for subnet in subnets)


def test_the_default_security_group_lets_nobody_talk(cloud, told):
    filters = [{"Name": "vpc-id", "Values": [told["vpc_id"]]}, {"Name": "group-name", "Values": ["default"]}]
    [group] = cloud.client("ec2").describe_security_groups(Filters=filters)["SecurityGroups"]
    assert (group["IpPermissions"], group["IpPermissionsEgress"]) == ([], [])


def test_the_state_is_in_the_state_bucket_and_its_lock_is_released(cloud, foundation):
    s3 = cloud.client("s3")
    state = json.loads(s3.get_object(Bucket="acme-night-state", Key="foundation.tfstate")["Body"].read())
    assert len(state["resources"]) > 20
    with pytest.raises(ClientError, match="404"):
        s3.head_object(Bucket="acme-night-state", Key="foundation.tfstate.tflock")


def test_two_writers_cannot_hold_the_state_at_once(cloud, foundation):
    durable, variables, _ = foundation
    s3, lock = cloud.client("s3"), {"Bucket": "acme-night-state", "Key": "foundation.tfstate.tflock"}
    s3.put_object(**lock, Body=json.dumps({"ID": "somebody", "Who": "another night"}))
    try:
        refused = durable.run("plan", "-input=false", allowed=(1,), **variables)
        assert "Error acquiring the state lock" in refused.stderr
        assert "another night" in refused.stderr
    finally:
        s3.delete_object(**lock)


def _characters(document):
    return len(json.dumps(document, separators=(",", ":")))
