"""The account before the nights: an operator made it, somebody changed it, others and a dead run have things there."""

import io
import json
import zipfile
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from embedded.cloud import bootstrap, environment
from nightshift import config
from nightshift.compute.certificates import ssh_key_pair
from nightshift.infrastructure import stacks
from nightshift.infrastructure.terraform import TerraformHook
from nightshift.state import ledger
from nightshift.state.known_runs import from_run_name
from tests import callers

NAME, REGION = environment.NAME, environment.REGION
OFFICE = "203.0.113.0/24"
READERS = ("reader@example.com", "later@example.com")
BEDS_READER, BEDS_PASSWORD = "reader", "geheim"
DEAD_RUN = "wordcount/worker-was-killed"
GROUP = {"InstanceRole": "MASTER", "InstanceType": "m5.xlarge", "InstanceCount": 1}


def client(env, service):
    """A client of the operator's, whose key is the cloud's own."""
    return callers.own_client(env, service)


def of_roles(calls):
    """The calls of roles' sessions: the nights', and not the operator's."""
    return [call for call in calls if ":assumed-role/" in call["principal"]]


def make_ready(env, log):
    """What an administrator does once per account: both durable stacks. None of it is the Airflow role's work. Then
    another team starts a cluster. Gives the outputs."""
    bootstrap.ensure(env, log)
    with environment_of(env):
        settings = config.load()
        hook = TerraformHook(settings, "foundation", stacks.FOUNDATION_STATE)
        foundation = hook.apply(stacks.foundation(settings))
    make_nodes_profile(env)
    start_cluster(env, "another team's", {})
    return foundation


def make_nodes_profile(env):
    """What the other team's cluster runs under, and what is not the foundation's."""
    iam, trust = client(env, "iam"), {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}}
    document = {"Version": "2012-10-17", "Statement": [{**trust, "Action": "sts:AssumeRole"}]}
    iam.create_role(RoleName="nodes", AssumeRolePolicyDocument=json.dumps(document))
    iam.create_instance_profile(InstanceProfileName="nodes")
    iam.add_role_to_instance_profile(InstanceProfileName="nodes", RoleName="nodes")


def tell_where_beds_are(env, url):
    """The secret that the ingestion host opens."""
    secret = json.dumps({"url": url})
    client(env, "secretsmanager").create_secret(Name=f"{NAME}/sources/covid_api", SecretString=secret)


def start_cluster(env, name, tags):
    client(env, "emr").run_job_flow(
        Name=name,
        ReleaseLabel="emr-7.13.0",
        ServiceRole="service",
        JobFlowRole="nodes",
        Instances={"KeepJobFlowAliveWhenNoSteps": True, "InstanceGroups": [GROUP]},
        Tags=tag_list(tags),
    )


def leave_a_dead_run(env, role, foundation):
    """A run whose stack was applied twice, the second time with a new key pair, as a cleared task does; then its worker
    died with its Airflow, and its lease is over. Its cluster lives, and so does what terraform lost sight of.

    `role` is what makes the environment the Airflow role's.
    """
    with environment_of({**env, **role, "NIGHTSHIFT_AIRFLOW": "gone", "NIGHTSHIFT_GRACE_MINUTES": "0"}):
        settings = config.load()
        night = from_run_name(settings, DEAD_RUN, datetime.now(UTC) - timedelta(days=2))
        opened = TerraformHook(settings, "transient", night.state_key)
        for public, private in (ssh_key_pair(), ssh_key_pair()):
            keys = {"ssh_cidr": OFFICE, "ssh_public_key": public, "ssh_private_key": private}
            with ledger.of(night).act("apply_transient", 1):
                opened.apply({**stacks.transient(night, foundation), **keys})
    start_cluster(env, night.place_name, night.tags)
    leave_outside_of_the_state(env, foundation["vpc_id"], night.tags)


def leave_outside_of_the_state(env, vpc_id, tags):
    ec2, vault, lost = client(env, "ec2"), client(env, "secretsmanager"), f"{NAME}-lost"
    groups = [
        ec2.create_security_group(
            GroupName=f"{lost}-{number}",
            Description="lost",
            VpcId=vpc_id,
            TagSpecifications=spec("security-group", tags),
        )["GroupId"]
        for number in range(2)
    ]
    for group, peer in (groups, groups[::-1]):  # neither can be deleted while the other's rule names it
        pair = {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": peer}]}
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[pair])
    ec2.create_key_pair(KeyName=lost, TagSpecifications=spec("key-pair", tags))
    vault.create_secret(Name=f"{NAME}/runs/lost", SecretString="lost", Tags=tag_list(tags))


def spec(kind, tags):
    return [{"ResourceType": kind, "Tags": tag_list(tags)}]


def tag_list(tags):
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def private_keys(env, run):
    """The private keys of a run that is going on: its SSH key's and its cluster certificate's."""
    vault, s3, lake = client(env, "secretsmanager"), client(env, "s3"), {"Bucket": f"{NAME}-lake"}
    listed, tag = vault.list_secrets()["SecretList"], {"Key": "nightshift:run", "Value": run}
    own = [secret["ARN"] for secret in listed if tag in secret.get("Tags", [])]
    values = [vault.get_secret_value(SecretId=arn)["SecretString"] for arn in own]
    staged = s3.list_objects_v2(**lake, Prefix=f"staging/{run}/")["Contents"]
    for key in (item["Key"] for item in staged if item["Key"].endswith("certificates.zip")):
        archive = zipfile.ZipFile(io.BytesIO(s3.get_object(**lake, Key=key)["Body"].read()))
        values.append(archive.read("privateKey.pem").decode())
    return values


@contextmanager
def environment_of(env):
    """Terraform runs in the environment of the process, which is a night's while this lasts."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in env.items():
            patch.setenv(name, value)
        yield
