"""The foundation with everything switched on: expiry rules, NAT, an interface endpoint, subscribers; then destroyed."""

import pytest

pytestmark = pytest.mark.terraform


@pytest.fixture(scope="module")
def whole(slow_foundation):
    return slow_foundation.result()


def test_a_second_plan_changes_nothing(whole):
    durable, variables, *_ = whole
    assert not durable.has_changes(**variables)


def test_logs_staging_and_old_versions_expire(cloud, whole):
    s3 = cloud.client("s3")
    rules = {
        kind: {r["ID"]: r for r in s3.get_bucket_lifecycle_configuration(Bucket=f"acme-everything-{kind}")["Rules"]}
        for kind in ("raw", "lake", "artifacts", "logs")
    }
    assert rules["logs"]["expire-logs"]["Expiration"] == {"Days": 30}
    assert rules["lake"]["expire-staging"]["Expiration"] == {"Days": 7}
    assert rules["lake"]["expire-staging"]["Filter"] == {"Prefix": "staging/"}
    assert {kind: set(found) for kind, found in rules.items()} == {
        "raw": {"tidy"},
        "lake": {"tidy", "expire-staging", "expire-athena-results"},
        "artifacts": {"tidy"},
        "logs": {"tidy", "expire-logs"},
    }
    assert all(found["tidy"]["NoncurrentVersionExpiration"]["NoncurrentDays"] == 30 for found in rules.values())


def test_the_named_get_the_messages(cloud, whole):
    topic = whole[2]["topic_arn"]
    listening = cloud.client("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert {(s["Protocol"], s["Endpoint"]) for s in listening} == {
        ("email", "ops@example.com"),
        ("sqs", "arn:aws:sqs:us-east-1:123456789012:nights"),
    }


def test_destroy_leaves_no_bucket_no_network_and_no_role(cloud, whole):
    durable, variables, told, boot, boot_variables = whole
    cloud.client("s3").put_object(Bucket="acme-everything-lake", Key="gold/part-00000.parquet", Body=b"PAR1")
    durable.destroy(**variables)
    boot.destroy(**boot_variables)
    buckets = [b["Name"] for b in cloud.client("s3").list_buckets()["Buckets"]]
    assert not [name for name in buckets if name.startswith("acme-everything")]
    vpcs = cloud.client("ec2").describe_vpcs()["Vpcs"]
    assert told["vpc_id"] not in {vpc["VpcId"] for vpc in vpcs}
    iam = cloud.client("iam")
    left = [r["RoleName"] for r in iam.list_roles()["Roles"]] + [
        p["PolicyName"] for p in iam.list_policies(Scope="Local")["Policies"]
    ]
    assert not [name for name in left if name.startswith("acme-everything")]
