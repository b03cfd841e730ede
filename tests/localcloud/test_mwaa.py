"""MWAA's environments: made, changed and looked at as AWS does it, and without an Airflow."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.client import Client as Admin
from localcloud.server import LocalCloud
from localcloud.settings import Settings
from tests.localcloud.helpers import REGION, Client, PlayedSteps, client_at
from tests.patience import Clock

NAME = "acme-nightshift-test"


@pytest.fixture
def mwaa(cloud: LocalCloud) -> Any:
    return client(cloud)


def client(cloud: LocalCloud) -> Any:
    """AWS puts `api.` before the host, which 127.0.0.1 has no name for."""
    return client_at(cloud.access, "mwaa", inject_host_prefix=False)


@pytest.fixture
def asked(aws: Client, bucket: str) -> dict[str, Any]:
    """What CreateEnvironment takes: a versioned bucket, two subnets in two zones."""
    aws("s3").put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    ec2 = aws("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    made = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{i}.0/24", AvailabilityZone=f"{REGION}{zone}")
        for i, zone in enumerate("aab")
    ]
    subnets = [answer["Subnet"]["SubnetId"] for answer in made]
    return {
        "Name": NAME,
        "ExecutionRoleArn": "arn:aws:iam::123456789012:role/airflow",
        "SourceBucketArn": f"arn:aws:s3:::{bucket}",
        "DagS3Path": "mwaa/dags",
        "NetworkConfiguration": {"SubnetIds": subnets[1:], "SecurityGroupIds": ["sg-1"]},
        "AirflowConfigurationOptions": {"secrets.backend": "a.B"},
        "Tags": {"nightshift:name": NAME},
    }


def test_an_environment_is_made_looked_at_and_removed(mwaa: Any, asked: dict[str, Any]) -> None:
    arn = mwaa.create_environment(**asked, LoggingConfiguration={"TaskLogs": {"Enabled": True, "LogLevel": "INFO"}})
    found = mwaa.get_environment(Name=NAME)["Environment"]
    assert (found["Arn"], found["Status"], found["Tags"]) == (arn["Arn"], "AVAILABLE", asked["Tags"])
    assert found["AirflowConfigurationOptions"] == {"secrets.backend": "a.B"}
    assert found["LoggingConfiguration"]["TaskLogs"]["CloudWatchLogGroupArn"].endswith(f"airflow-{NAME}-Task")
    assert not found["LoggingConfiguration"]["WorkerLogs"]["Enabled"]
    assert found["WebserverUrl"].endswith(f".{REGION}.airflow.amazonaws.com")
    assert mwaa.list_environments()["Environments"] == [NAME]
    mwaa.delete_environment(Name=NAME)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        mwaa.get_environment(Name=NAME)


def test_tags_are_kept_by_arn(mwaa: Any, asked: dict[str, Any]) -> None:
    arn = mwaa.create_environment(**asked)["Arn"]
    mwaa.tag_resource(ResourceArn=arn, Tags={"a": "1", "b": "2"})
    mwaa.untag_resource(ResourceArn=arn, tagKeys=["a", "nightshift:name"])
    assert mwaa.list_tags_for_resource(ResourceArn=arn)["Tags"] == {"b": "2"}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def slow(tmp_path: Path, clock: Clock) -> Iterator[Any]:
    """MWAA where what is asked for takes ten minutes by that clock."""
    settings = Settings(home=tmp_path / "slow", port=0, provisioning_seconds=600)
    with LocalCloud(settings, runner=PlayedSteps(), clock=clock) as running:
        yield client(running)


def test_a_change_takes_its_time_and_shuts_out_another(slow: Any, asked: dict[str, Any], clock: Clock) -> None:
    slow.create_environment(**asked)
    assert slow.get_environment(Name=NAME)["Environment"]["Status"] == "CREATING"
    with pytest.raises(ClientError, match="is CREATING"):
        slow.update_environment(Name=NAME, MaxWorkers=3)
    clock.forward(600)
    assert slow.get_environment(Name=NAME)["Environment"]["Status"] == "AVAILABLE"
    slow.update_environment(Name=NAME, MaxWorkers=3, NetworkConfiguration={"SecurityGroupIds": ["sg-2"]})
    found = slow.get_environment(Name=NAME)["Environment"]
    assert (found["Status"], found["MaxWorkers"]) == ("UPDATING", 3)
    assert found["NetworkConfiguration"] == {**asked["NetworkConfiguration"], "SecurityGroupIds": ["sg-2"]}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"SourceBucketArn": "arn:aws:s3:::nobodys"}, "nobodys does not exist"),
        ({"NetworkConfiguration": {"SubnetIds": ["subnet-1", "subnet-2"]}}, "subnet-1"),
        ({"PluginsS3Path": "mwaa/plugins.zip"}, "has no version at all"),
        ({"StartupScriptS3Path": "mwaa/kept.sh", "StartupScriptS3ObjectVersion": "x"}, "has no version x"),
    ],
)
def test_what_aws_would_refuse_is_refused(
    aws: Client, mwaa: Any, bucket: str, asked: dict[str, Any], change: dict[str, Any], said: str
) -> None:
    aws("s3").put_object(Bucket=bucket, Key="mwaa/kept.sh", Body=b"true")
    with pytest.raises(ClientError, match=rf"ValidationException.*{said}"):
        mwaa.create_environment(**{**asked, **change})


def test_a_bucket_without_versions_and_one_zone_alone_are_refused(
    aws: Client, mwaa: Any, bucket: str, asked: dict[str, Any]
) -> None:
    first, _ = asked["NetworkConfiguration"]["SubnetIds"]
    one_zone = {**asked, "NetworkConfiguration": {"SubnetIds": [first, first]}}
    with pytest.raises(ClientError, match="two different availability zones"):
        mwaa.create_environment(**one_zone)
    aws("s3").put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    with pytest.raises(ClientError, match="must be versioned"):
        mwaa.create_environment(**asked)


def test_versions_of_the_files_are_what_it_is_told(aws: Client, mwaa: Any, bucket: str, asked: dict[str, Any]) -> None:
    put = aws("s3").put_object(Bucket=bucket, Key="mwaa/startup.sh", Body=b"true")["VersionId"]
    mwaa.create_environment(**asked)
    mwaa.update_environment(Name=NAME, StartupScriptS3Path="mwaa/startup.sh", StartupScriptS3ObjectVersion=put)
    assert mwaa.get_environment(Name=NAME)["Environment"]["StartupScriptS3ObjectVersion"] == put


def test_two_of_one_name_and_an_airflow_are_refused(mwaa: Any, asked: dict[str, Any]) -> None:
    mwaa.create_environment(**asked)
    with pytest.raises(ClientError, match="already exists"):
        mwaa.create_environment(**asked)
    with pytest.raises(ClientError, match=r"AccessDeniedException.*no InvokeRestApi"):
        mwaa.invoke_rest_api(Name=NAME, Path="/dags", Method="GET")


def test_calls_are_recorded_with_their_parameters_but_no_secret(
    cloud: LocalCloud, mwaa: Any, asked: dict[str, Any]
) -> None:
    arn = mwaa.create_environment(**asked)["Arn"]
    mwaa.list_tags_for_resource(ResourceArn=arn)
    calls = [call for call in Admin(cloud.access).calls() if call["service"] == "mwaa"]
    assert [(call["operation"], call["params"]) for call in calls] == [
        ("CreateEnvironment", {name: value for name, value in asked.items() if name != "AirflowConfigurationOptions"}),
        ("ListTagsForResource", {"ResourceArn": arn}),
    ]


def test_who_asks_by_a_proxy_is_answered(cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """terraform's way in: `api.127.0.0.1` has no address, but a proxy need not look it up."""
    monkeypatch.setenv("HTTP_PROXY", cloud.endpoint)
    by_proxy = client_at(cloud.access, "mwaa")
    assert by_proxy.list_environments()["Environments"] == []
