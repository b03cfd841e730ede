"""The stack of one run on localcloud: applied, planned again, destroyed, with and without a way in; nothing stays."""

from hashlib import sha256

import pytest

from nightshift.keys import ssh_key_pair

pytestmark = pytest.mark.terraform

RUN = "wordcount/manual__2026-01-05T03-00-00-00-00"
NAME = f"acme-night-{sha256(RUN.encode()).hexdigest()[:12]}"
TAGS = {
    "nightshift:name": "acme-night",
    "nightshift:owner": "data-team@acme",
    "nightshift:pipeline": "wordcount",
    "nightshift:run": RUN,
    "nightshift:business_date": "2026-01-04",
    "nightshift:expires": "2026-01-05T09:00:00+00:00",
    "for-use-with-amazon-emr-managed-policies": "true",
}
OFFICE = "203.0.113.0/24"


@pytest.fixture
def variables(foundation):
    told = foundation[2]
    return {
        "name": "acme-night",
        "owner": "data-team@acme",
        "region": "us-east-1",
        "max_retries": 3,
        "run": RUN,
        "pipeline": "wordcount",
        "business_date": "2026-01-04",
        "expires": "2026-01-05T09:00:00+00:00",
        "vpc_id": told["vpc_id"],
        "kms_key_arn": told["kms_key_arn"],
        "certificates": f"s3://{told['buckets']['lake']}/certificates/night.zip",
    }


@pytest.fixture
def transient(cloud, stack, foundation, variables):
    """The stack with its state in S3; what a failed test left is destroyed."""
    opened = stack("stacks/transient", cloud.env)
    opened.open(f"transient/{RUN}.tfstate", "acme-night-state")
    yield opened
    if opened.run("state", "list", allowed=(0, 1)).stdout:  # 1: there is no state at all
        opened.destroy(**variables)


def test_a_run_comes_tagged_and_goes_and_leaves_nothing(cloud, transient, variables):
    told = transient.apply(**variables)
    assert not {"key_name", "key_secret_arn"} & set(told), "terraform leaves outputs that are null out of its answer"
    assert told["security_configuration"] == NAME
    groups = _groups(cloud)
    assert {g["GroupName"] for g in groups} == {f"{NAME}-{role}" for role in ("master", "worker", "service")}
    assert all(TAGS.items() <= {t["Key"]: t["Value"] for t in group["Tags"]}.items() for group in groups)
    assert {told[f"{role}_security_group_id"] for role in ("master", "worker", "service")} == {
        g["GroupId"] for g in groups
    }
    assert not transient.has_changes(**variables)

    _let_emr_add_its_rules(cloud, told)
    assert not transient.has_changes(**variables)
    transient.destroy(**variables)
    _nothing_is_left(cloud)


def test_the_private_key_is_in_secrets_manager_only(cloud, transient, variables):
    public, private = ssh_key_pair()
    asked = {**variables, "ssh_cidr": OFFICE, "ssh_public_key": public}
    told = transient.apply(**asked, ssh_private_key=private)
    assert told["key_name"] == f"{NAME}-ssh"
    assert _secret(cloud, told) == private
    secrets = [line for line in private.splitlines() if "-----" not in line]
    state = _state(cloud)
    assert public in state
    assert not [line for line in secrets if line in state]
    assert _open_to_ssh(cloud, told) == [OFFICE]
    assert not transient.has_changes(**asked), "a plan without the private key must see no change"

    # A task that is tried again makes a new pair: both halves change together.
    public, private = ssh_key_pair()
    told = transient.apply(**{**asked, "ssh_public_key": public}, ssh_private_key=private)
    assert _secret(cloud, told) == private

    # The teardown knows neither half any more, only what the night was asked.
    transient.destroy(**variables, ssh_cidr=OFFICE)
    _nothing_is_left(cloud)


def _let_emr_add_its_rules(cloud, told):
    """What EMR does while a cluster runs: rules that point from group to group, which block deleting either."""
    ec2 = cloud.client("ec2")
    pairs = (("master", "worker"), ("worker", "master"))
    for group, peer in pairs:
        permission = {
            "IpProtocol": "tcp",
            "FromPort": 0,
            "ToPort": 65535,
            "UserIdGroupPairs": [{"GroupId": told[f"{peer}_security_group_id"]}],
        }
        ec2.authorize_security_group_ingress(GroupId=told[f"{group}_security_group_id"], IpPermissions=[permission])


def _nothing_is_left(cloud):
    assert _groups(cloud) == []
    assert cloud.client("ec2").describe_key_pairs()["KeyPairs"] == []
    assert cloud.client("secretsmanager").list_secrets(IncludePlannedDeletion=True)["SecretList"] == []
    assert cloud.client("emr").list_security_configurations()["SecurityConfigurations"] == []


def _groups(cloud):
    filters = [{"Name": "tag:nightshift:run", "Values": [RUN]}]
    return cloud.client("ec2").describe_security_groups(Filters=filters)["SecurityGroups"]


def _secret(cloud, told):
    return cloud.client("secretsmanager").get_secret_value(SecretId=told["key_secret_arn"])["SecretString"]


def _state(cloud):
    """Every version of the run's state, also those that a later apply replaced."""
    s3, where = cloud.client("s3"), {"Bucket": "acme-night-state"}
    versions = s3.list_object_versions(**where, Prefix=f"transient/{RUN}.tfstate")["Versions"]
    bodies = [s3.get_object(**where, Key=v["Key"], VersionId=v["VersionId"])["Body"].read() for v in versions]
    return b"".join(bodies).decode()


def _open_to_ssh(cloud, told):
    [group] = cloud.client("ec2").describe_security_groups(GroupIds=[told["master_security_group_id"]])[
        "SecurityGroups"
    ]
    ssh = [p for p in group["IpPermissions"] if p.get("FromPort") == 22]
    return [network["CidrIp"] for permission in ssh for network in permission["IpRanges"]]
