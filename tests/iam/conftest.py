"""Nights played once for the folder on a localcloud of their own, and every AWS call that they made."""

import io
import os
import secrets
import zipfile
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import boto3
import pytest
from botocore.config import Config

from embedded import bootstrap, cloud, conduct, environment, places, toolchain
from embedded.night import Order
from embedded.player import Player
from localcloud.client import Client
from nightshift.config import Settings
from nightshift.hooks.terraform import TerraformHook
from nightshift.keys import ssh_key_pair
from tests.iam.needs import Place

NAME, REGION = environment.NAME, environment.REGION
OFFICE = "203.0.113.0/24"
READERS = ("reader@example.com", "later@example.com")  # the second one since the operator's apply
DAY, RED_DAY = "2026-01-04", "2026-01-05"
WITNESS = "witness"
LOG_DELAY_SECONDS = "2"  # EMR pushes a step's logs after the step: who reads them at once meets a 404


@dataclass(frozen=True)
class Played:
    """What was asked of the cloud, how the nights ended, and where they left what.

    calls: of the nights alone; by_operator: how many went before, while the account was made ready.
    private_keys: in use while the first night ran, its way in and its certificate.
    """

    env: Mapping[str, str]
    foundation: Mapping[str, object]
    calls: list[dict]
    events: list[dict]
    by_operator: int
    private_keys: list[str]
    airflow_home: Path
    log: Path
    server_log: Path

    def client(self, service):
        return client(self.env, service)

    @property
    def nights(self):
        return [event for event in self.events if event["event"] == "night"]


def client(env, service):
    """A client of the tests' own: its key tells its calls from the nights'."""
    keys = {"aws_access_key_id": WITNESS, "aws_secret_access_key": "test", "region_name": REGION}
    paths = Config(s3={"addressing_style": "path"}, proxies={})
    return boto3.client(service, endpoint_url=env["AWS_ENDPOINT_URL"], config=paths, **keys)


@pytest.fixture(scope="session")
def played(tmp_path_factory):
    """A good night with a way in, the same date again, and one whose step fails; the foundation was there before."""
    home, scratch, tools = tmp_path_factory.mktemp("cloud"), tmp_path_factory.mktemp("nights"), toolchain.find()
    slow_logs = {**environment.with_tools(tools), "LOCALCLOUD_LOG_DELAY_SECONDS": LOG_DELAY_SECONDS}
    endpoint = cloud.start(home, slow_logs)
    try:
        airflow_home = conduct.airflow_home(scratch / "airflow", Path(os.environ["AIRFLOW_HOME"]))
        env = {**environment.embedded(endpoint, tools, airflow_home), "NIGHTSHIFT_EMAIL_ENDPOINTS": ",".join(READERS)}
        env["AWS_SECRET_ACCESS_KEY"] = secrets.token_urlsafe(30)  # localcloud takes any; this one can be searched for
        yield play(env, scratch, home / "server.log")
    finally:
        cloud.stop(home, os.environ)


@pytest.fixture(scope="session")
def place(played):
    """Which key each bucket, the topic and the secrets are encrypted with; none where AWS manages it."""
    s3, key = played.client("s3"), played.foundation["kms_key_arn"]
    keys = {bucket["Name"]: encryption_key(s3, bucket["Name"]) for bucket in s3.list_buckets()["Buckets"]}
    return Place(REGION, key.split(":")[4], {**keys, "topic": key, "secrets": key})


def encryption_key(s3, bucket):
    [rule] = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    return rule["ApplyServerSideEncryptionByDefault"].get("KMSMasterKeyID")


def play(env, scratch, server_log):
    server, log = Client(env["AWS_ENDPOINT_URL"]), scratch / "nights.log"
    events, keys = [], []
    with Player(env, log, lambda _again: None) as player:
        foundation = make_ready(env, log)
        by_operator = server.forget_calls()
        server.add_fault("step-failure", cluster=f"*{RED_DAY}*", message="out of memory")
        for event in player.play(env, orders(scratch), tick=60):
            events.append(event)
            if not keys and (event["event"], event.get("task")) == ("running", "create_cluster"):
                keys = private_keys(env)
    try_twice(env, foundation)
    calls = [call for call in server.calls() if call["access_key"] != WITNESS]
    return Played(env, foundation, calls, events, by_operator, keys, scratch / "airflow", log, server_log)


def private_keys(env):
    """The private keys of the night that is running: the SSH key's and the cluster certificate's."""
    vault, s3, lake = client(env, "secretsmanager"), client(env, "s3"), {"Bucket": f"{NAME}-lake"}
    values = [vault.get_secret_value(SecretId=s["ARN"])["SecretString"] for s in vault.list_secrets()["SecretList"]]
    staged = [item["Key"] for item in s3.list_objects_v2(**lake, Prefix="staging/")["Contents"]]
    for key in (key for key in staged if key.endswith("certificates.zip")):
        archive = zipfile.ZipFile(io.BytesIO(s3.get_object(**lake, Key=key)["Body"].read()))
        values.append(archive.read("privateKey.pem").decode())
    return values


def orders(scratch):
    text = scratch / "text.txt"
    text.write_text("uma noite, outra noite\n" * 20)
    return [night(text, DAY, ssh_cidr=OFFICE), night(text, DAY, ssh_cidr=None), night(text, RED_DAY, ssh_cidr=None)]


def night(text, day, **conf):
    """A wordcount night on one file, in a folder of its day."""
    folder = f"iam/{day}/"
    conf = {"business_date": day, "input_prefix": folder, **conf}
    return Order("wordcount", conf, [(str(text), f"{folder}{text.name}")], [])


def make_ready(env, log):
    """What an administrator does once per account: both durable stacks. None of it is the Airflow role's work. Then
    somebody changes by hand what a night may repair, and another team starts a cluster."""
    bootstrap.ensure(env, log)
    shared = {"name": NAME, "region": REGION}
    with environment_of(env):
        foundation = stack("foundation", "foundation.tfstate").apply({**shared, "email_endpoints": READERS[:1]})
    drift(env, foundation)
    start_somebody_elses_cluster(env)
    return foundation


def start_somebody_elses_cluster(env):
    """It is in every list, and whoever asked more about it would be refused."""
    group = {"InstanceRole": "MASTER", "InstanceType": "m5.xlarge", "InstanceCount": 1}
    client(env, "emr").run_job_flow(
        Name="another team's",
        ReleaseLabel="emr-7.13.0",
        ServiceRole="theirs",
        JobFlowRole="theirs",
        Instances={"KeepJobFlowAliveWhenNoSteps": True, "InstanceGroups": [group]},
    )


def drift(env, foundation):
    s3, topic = client(env, "s3"), foundation["topic_arn"]
    for bucket in foundation["buckets"].values():
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
        s3.delete_bucket_encryption(Bucket=bucket)
        s3.delete_bucket_tagging(Bucket=bucket)
    client(env, "sns").set_topic_attributes(
        TopicArn=topic, AttributeName="KmsMasterKeyId", AttributeValue="alias/aws/sns"
    )
    client(env, "sns").untag_resource(ResourceArn=topic, TagKeys=["nightshift:name"])
    gold = foundation["databases"]["gold"]
    client(env, "glue").update_database(Name=gold, DatabaseInput={"Name": gold, "Description": "mine"})


def try_twice(env, foundation):
    """apply_transient cleared and tried again: the second try makes a new key pair. Then its teardown."""
    known = {
        "name": NAME,
        "region": REGION,
        "run": "wordcount/cleared",
        "pipeline": "wordcount",
        "business_date": DAY,
        "expires": "2026-01-05T09:00:00Z",
        "vpc_id": foundation["vpc_id"],
        "ssh_cidr": OFFICE,
        "kms_key_arn": foundation["kms_key_arn"],
        "certificates": f"s3://{NAME}-lake/staging/wordcount/c.zip",
    }
    with environment_of(env):
        opened = stack("transient", "transient/wordcount/cleared.tfstate")
        for public, private in (ssh_key_pair(), ssh_key_pair()):
            opened.apply({**known, "ssh_public_key": public, "ssh_private_key": private})
        opened.destroy(known)


def stack(name, state_key):
    return TerraformHook(Settings(name=NAME, region=REGION, include_dir=places.ROOT / "include"), name, state_key)


@contextmanager
def environment_of(env):
    """Terraform runs in the environment of the process, which is a night's while this lasts."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in env.items():
            patch.setenv(name, value)
        yield
