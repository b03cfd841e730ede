"""The stack of one run on localcloud: applied, planned again, destroyed, with and without its extras; nothing stays."""

import base64
import functools
from hashlib import sha256

import pytest

from localcloud.client import Client
from localcloud.iam.needs import Place, needs
from nightshift.compute.certificates import ssh_key_pair
from tests import callers
from tests.iam import grants

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
RUNS_OWN = "night"  # the caller by whose key the calls of this stack are told from those of others at the same time


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
    opened = stack("stacks/transient", callers.environment(cloud.env, RUNS_OWN))
    opened.open(f"transient/{RUN}.tfstate", "acme-night-state")
    yield opened
    if opened.run("state", "list", allowed=(0, 1)).stdout:  # 1: there is no state at all
        opened.destroy(**variables)


def test_a_run_comes_tagged_and_goes_and_leaves_nothing(cloud, transient, variables):
    told = transient.apply(**variables)
    assert not {"key_name", "key_secret_arn", "ingest_instance_id"} & set(told), (
        "terraform leaves outputs that are null out of its answer"
    )
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


def test_the_private_key_is_in_secrets_manager_only(cloud, foundation, transient, variables):
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
    host = {"ingest_host": _host(foundation[2])}
    told = transient.apply(**{**asked, **host, "ssh_public_key": public}, ssh_private_key=private)
    assert _secret(cloud, told) == private

    # The teardown knows neither half any more, only what the night was asked; a host that ended itself is no hindrance.
    cloud.client("ec2").terminate_instances(InstanceIds=[told["ingest_instance_id"]])
    transient.destroy(**variables, **host, ssh_cidr=OFFICE)
    _nothing_is_left(cloud)


def test_an_ingestion_host_comes_tagged_and_closed_and_goes_with_its_run(cloud, foundation, transient, variables):
    told = foundation[2]
    asked = {**variables, "ingest_host": {**_host(told), "limit_minutes": 45}}
    Client(cloud.access).forget_calls()
    made = transient.apply(**asked)

    [instance] = _hosts(cloud)
    assert instance["InstanceId"] == made["ingest_instance_id"]
    assert (instance["State"]["Name"], instance["SubnetId"]) == ("running", told["public_subnet_id"])
    assert instance["InstanceType"] == "t3.small"
    assert instance["PublicIpAddress"]
    assert instance["IamInstanceProfile"]["Arn"].endswith(
        f"instance-profile/{told['ingest_instance_profiles']['covid_hospitals']}"
    )
    assert {t["Key"]: t["Value"] for t in instance["Tags"]} == {**TAGS, "Name": f"{NAME}-ingest-host"}
    [volume] = _volumes(cloud, instance)
    assert (volume["Encrypted"], volume["KmsKeyId"]) == (True, told["kms_key_arn"])
    assert TAGS.items() <= {t["Key"]: t["Value"] for t in volume["Tags"]}.items()
    assert _talks(cloud, instance) == ([], {(443, "0.0.0.0/0"), (5432, "10.42.0.0/16")})
    assert _shuts_down(cloud, instance) == ("terminate", "#!/bin/sh\nshutdown -P +45\n")
    assert not transient.has_changes(**asked)

    transient.destroy(**asked)
    _nothing_is_left(cloud)
    _airflow_may_do_whatever_terraform_asked(cloud, told)


def _airflow_may_do_whatever_terraform_asked(cloud, told):
    place = Place("us-east-1", told["kms_key_arn"].split(":")[4])
    calls = [call for call in Client(cloud.access).calls() if call["access_key"] == callers.key(cloud.env, RUNS_OWN)]
    assert {"GetParameter", "RunInstances", "TerminateInstances"} <= {call["operation"] for call in calls}
    granted = grants.of_role(cloud.client("iam"), told["airflow_role_arn"].rsplit("/", 1)[1])
    assert grants.refused([need for call in calls for need in needs(call, place)], granted) == []

    launch = next(call for call in calls if call["operation"] == "RunInstances")
    elsewhere = {**launch, "resource_tags": {}}
    nameless = {**launch, "params": {k: v for k, v in launch["params"].items() if not k.startswith("TagSpec")}}
    for other, kind in (
        (elsewhere, "subnet/"),
        (elsewhere, "security-group/"),
        (nameless, "instance/"),
        (nameless, "volume/"),
    ):
        assert any(kind in line for line in grants.refused(needs(other, place), granted))


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
    assert _hosts(cloud) == []
    assert _volumes(cloud) == []
    assert _groups(cloud) == []
    assert cloud.client("ec2").describe_key_pairs()["KeyPairs"] == []
    assert cloud.client("secretsmanager").list_secrets(IncludePlannedDeletion=True)["SecretList"] == []
    assert cloud.client("emr").list_security_configurations()["SecurityConfigurations"] == []


def _groups(cloud):
    filters = [{"Name": "tag:nightshift:run", "Values": [RUN]}]
    return cloud.client("ec2").describe_security_groups(Filters=filters)["SecurityGroups"]


def _host(told):
    return {
        "subnet_id": told["public_subnet_id"],
        "instance_profile": told["ingest_instance_profiles"]["covid_hospitals"],
    }


def _hosts(cloud):
    filters = [
        {"Name": "tag:nightshift:run", "Values": [RUN]},
        {"Name": "instance-state-name", "Values": ["pending", "running", "stopping", "stopped", "shutting-down"]},
    ]
    found = cloud.client("ec2").describe_instances(Filters=filters)["Reservations"]
    return [instance for reservation in found for instance in reservation["Instances"]]


def _volumes(cloud, instance=None):
    """The instance's volumes; without one, every volume there is."""
    filters = [{"Name": "attachment.instance-id", "Values": [instance["InstanceId"]]}] if instance else []
    return cloud.client("ec2").describe_volumes(Filters=filters)["Volumes"]


def _talks(cloud, instance):
    """Who may come in, and (port, network) that the instance may reach."""
    ids = [group["GroupId"] for group in instance["SecurityGroups"]]
    [group] = cloud.client("ec2").describe_security_groups(GroupIds=ids)["SecurityGroups"]
    reached = {(rule["FromPort"], net["CidrIp"]) for rule in group["IpPermissionsEgress"] for net in rule["IpRanges"]}
    return group["IpPermissions"], reached


def _shuts_down(cloud, instance):
    """What its own shutdown does, and what it runs when it starts."""
    ask = functools.partial(cloud.client("ec2").describe_instance_attribute, InstanceId=instance["InstanceId"])
    behaviour = ask(Attribute="instanceInitiatedShutdownBehavior")["InstanceInitiatedShutdownBehavior"]["Value"]
    return behaviour, base64.b64decode(ask(Attribute="userData")["UserData"]["Value"]).decode()


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
