"""Clusters through boto3: their life, what is refused, how they are listed and ended."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.server import LocalCloud
from localcloud.settings import Settings
from tests.localcloud.helpers import (
    Client,
    PlayedSteps,
    client_of,
    cluster_request,
    step,
    wait_for_cluster,
)
from tests.patience import Clock, until

FLEETS = {
    "InstanceGroups": [],
    "InstanceFleets": [
        {
            "InstanceFleetType": "MASTER",
            "TargetOnDemandCapacity": 1,
            "InstanceTypeConfigs": [{"InstanceType": "m5.xlarge"}],
        },
        {
            "InstanceFleetType": "CORE",
            "TargetOnDemandCapacity": 3,
            "TargetSpotCapacity": 2,
            "InstanceTypeConfigs": [{"InstanceType": "m5.2xlarge", "WeightedCapacity": 2}],
        },
    ],
}


def run(emr: Any, **options: Any) -> str:
    return emr.run_job_flow(**cluster_request(**options))["JobFlowId"]


def instance_states(aws: Client, cluster_id: str) -> list[str]:
    by_cluster = {"Name": "tag:aws:elasticmapreduce:job-flow-id", "Values": [cluster_id]}
    found = aws("ec2").describe_instances(Filters=[by_cluster])["Reservations"]
    return [i["State"]["Name"] for reservation in found for i in reservation["Instances"]]


def test_a_cluster_without_steps_becomes_ready_and_waits(emr: Any) -> None:
    cluster_id = run(emr)
    emr.get_waiter("cluster_running").wait(ClusterId=cluster_id, WaiterConfig={"Delay": 1, "MaxAttempts": 600})
    status = emr.describe_cluster(ClusterId=cluster_id)["Cluster"]["Status"]
    assert status["State"] == "WAITING"
    assert status["Timeline"]["CreationDateTime"] <= status["Timeline"]["ReadyDateTime"]


def test_a_transient_cluster_runs_its_steps_and_terminates(emr: Any, aws: Client, steps: PlayedSteps) -> None:
    cluster_id = run(emr, keep=False, Steps=[step("ok"), step("ok")])
    emr.get_waiter("cluster_terminated").wait(ClusterId=cluster_id, WaiterConfig={"Delay": 1, "MaxAttempts": 600})
    status = emr.describe_cluster(ClusterId=cluster_id)["Cluster"]["Status"]
    assert (status["State"], status["StateChangeReason"]["Code"]) == ("TERMINATED", "ALL_STEPS_COMPLETED")
    assert len(steps.requests) == 2
    assert instance_states(aws, cluster_id) == ["terminated"]
    assert until(lambda: steps.forgotten) == [cluster_id]


def test_phases_last_as_long_as_the_settings_say(tmp_path: Any, steps: PlayedSteps) -> None:
    settings = Settings(home=tmp_path, port=0, provisioning_seconds=600, bootstrap_seconds=700, termination_seconds=800)
    clock = Clock()
    with LocalCloud(settings, runner=steps, clock=clock) as cloud:
        emr = client_of(cloud)("emr")
        cluster_id = run(emr)
        wait_for_cluster(emr, cluster_id, "STARTING")
        for state, seconds in (("BOOTSTRAPPING", 600), ("WAITING", 700)):
            clock.forward(seconds)
            wait_for_cluster(emr, cluster_id, state)
        emr.terminate_job_flows(JobFlowIds=[cluster_id])
        wait_for_cluster(emr, cluster_id, "TERMINATING")
        clock.forward(800)
        timeline = wait_for_cluster(emr, cluster_id, "TERMINATED")["Status"]["Timeline"]
    assert timeline["ReadyDateTime"] - timeline["CreationDateTime"] >= timedelta(seconds=600 + 700)
    assert timeline["EndDateTime"] - timeline["ReadyDateTime"] >= timedelta(seconds=800)


def test_a_cluster_is_described_as_it_was_asked_for(emr: Any, subnet: str) -> None:
    configurations = [{"Classification": "spark-defaults", "Properties": {"spark.x": "1"}}]
    cluster_id = run(
        emr,
        instances={**FLEETS, "Ec2SubnetIds": [subnet], "TerminationProtected": True},
        LogUri="s3://logs/emr",
        Applications=[{"Name": "Spark"}],
        Configurations=configurations,
        StepConcurrencyLevel=3,
        Tags=[{"Key": "team", "Value": "night"}],
        AutoTerminationPolicy={"IdleTimeout": 120},
    )
    cluster = wait_for_cluster(emr, cluster_id, "WAITING")
    assert cluster["InstanceCollectionType"] == "INSTANCE_FLEET"
    assert cluster["Ec2InstanceAttributes"]["Ec2SubnetId"] == subnet
    assert cluster["Ec2InstanceAttributes"]["IamInstanceProfile"] == "nodes"
    assert cluster["Configurations"] == configurations
    assert cluster["Tags"] == [{"Key": "team", "Value": "night"}]
    assert (cluster["LogUri"], cluster["StepConcurrencyLevel"]) == ("s3://logs/emr", 3)
    assert (cluster["TerminationProtected"], cluster["AutoTerminate"]) == (True, False)
    assert cluster["MasterPublicDnsName"].startswith("ip-10-0-1-")
    # One m5.xlarge weighs 8 and three of two units each m5.2xlarge 16, for one started hour.
    assert cluster["NormalizedInstanceHours"] == 8 + 2 * 16 + 1 * 16


def test_a_termination_protected_cluster_refuses_to_terminate(emr: Any) -> None:
    cluster_id = run(emr, instances={"TerminationProtected": True})
    with pytest.raises(ClientError, match=r"ValidationException.*termination protected"):
        emr.terminate_job_flows(JobFlowIds=[cluster_id])
    emr.set_termination_protection(JobFlowIds=[cluster_id], TerminationProtected=False)
    emr.terminate_job_flows(JobFlowIds=[cluster_id])
    status = wait_for_cluster(emr, cluster_id, "TERMINATED")["Status"]
    assert status["StateChangeReason"] == {"Code": "USER_REQUEST", "Message": "Terminated by user request"}


def test_a_cluster_that_need_not_live_on_ends_when_told_so(emr: Any) -> None:
    cluster_id = run(emr)
    wait_for_cluster(emr, cluster_id, "WAITING")
    emr.set_keep_job_flow_alive_when_no_steps(JobFlowIds=[cluster_id], KeepJobFlowAliveWhenNoSteps=False)
    wait_for_cluster(emr, cluster_id, "TERMINATED")


def test_an_unknown_cluster_answers_as_emr_does(emr: Any) -> None:
    with pytest.raises(ClientError) as refused:
        emr.describe_cluster(ClusterId="j-UNKNOWN")
    assert refused.value.response["Error"]["Code"] == "InvalidRequestException"
    assert refused.value.response["Error"]["Message"] == "Cluster id 'j-UNKNOWN' is not valid."


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ServiceRole": ""}, "ServiceRole is required"),
        ({"ReleaseLabel": "seven"}, "release label is invalid: seven"),
        ({"Name": "a|b"}, "Name may not contain"),
        ({"StepConcurrencyLevel": 257}, "between 1 and 256"),
        ({"AutoTerminationPolicy": {"IdleTimeout": 59}}, "between 60 and 604800"),
        ({"SecurityConfiguration": "none-such"}, "'none-such' does not exist"),
        ({"Steps": [step("ok")] * 257}, "Maximum number of steps"),
        ({"StepConcurrencyLevel": 2, "Steps": [step(action="CANCEL_AND_WAIT")]}, "must be CONTINUE"),
        ({"instances": {"InstanceFleets": FLEETS["InstanceFleets"]}}, "mutually exclusive"),
        ({"instances": {"InstanceGroups": [], "InstanceFleets": FLEETS["InstanceFleets"][1:]}}, "exactly one MASTER"),
    ],
)
def test_a_request_that_cannot_be_right_is_refused_and_makes_nothing(
    emr: Any, change: dict[str, Any], message: str
) -> None:
    with pytest.raises(ClientError, match=message):
        run(emr, **change)
    assert emr.list_clusters()["Clusters"] == []


def test_a_subnet_that_does_not_exist_ends_the_cluster_with_a_validation_error(emr: Any) -> None:
    cluster_id = run(emr, instances={"Ec2SubnetId": "subnet-gone"})
    status = wait_for_cluster(emr, cluster_id, "TERMINATED_WITH_ERRORS")["Status"]
    assert status["StateChangeReason"]["Code"] == "VALIDATION_ERROR"
    assert "subnet-gone" in status["StateChangeReason"]["Message"]


def test_a_bootstrap_script_that_is_not_in_s3_fails_the_bootstrap(emr: Any, aws: Client, bucket: str) -> None:
    aws("s3").put_object(Bucket=bucket, Key="there.sh", Body=b"true")
    actions = [
        {"Name": key, "ScriptBootstrapAction": {"Path": f"s3://{bucket}/{key}", "Args": ["x"]}}
        for key in ("there.sh", "gone.sh")
    ]
    good, bad = run(emr, BootstrapActions=actions[:1]), run(emr, BootstrapActions=actions)
    wait_for_cluster(emr, good, "WAITING")
    status = wait_for_cluster(emr, bad, "TERMINATED_WITH_ERRORS")["Status"]
    assert "bootstrap action 2 file from S3" in status["StateChangeReason"]["Message"]
    listed = emr.list_bootstrap_actions(ClusterId=good)["BootstrapActions"]
    assert listed == [{"Name": "there.sh", "ScriptPath": f"s3://{bucket}/there.sh", "Args": ["x"]}]


def test_clusters_are_listed_over_pages_in_an_order_that_is_not_their_ages(emr: Any) -> None:
    ids = [run(emr, keep=False) for _ in range(51)]
    pages = list(emr.get_paginator("list_clusters").paginate())
    assert [len(page["Clusters"]) for page in pages] == [50, 1]
    listed = [c["Id"] for page in pages for c in page["Clusters"]]
    assert set(listed) == set(ids)
    assert listed not in (ids, ids[::-1])


def test_clusters_are_listed_by_state_and_creation_time(emr: Any) -> None:
    alive, ended = run(emr), run(emr, keep=False)
    wait_for_cluster(emr, alive, "WAITING")
    wait_for_cluster(emr, ended, "TERMINATED")
    listed = emr.list_clusters(ClusterStates=["WAITING"])["Clusters"]
    assert [cluster["Id"] for cluster in listed] == [alive]
    hour = timedelta(hours=1)
    now = datetime.now(UTC)
    assert emr.list_clusters(CreatedAfter=now + hour)["Clusters"] == []
    assert len(emr.list_clusters(CreatedAfter=now - hour, CreatedBefore=now + hour)["Clusters"]) == 2


def test_regions_and_accounts_are_kept_apart(aws: Client) -> None:
    cluster_id = run(aws("emr"))
    assert aws("emr", region="us-east-1").list_clusters()["Clusters"] == []
    arn = aws("emr").describe_cluster(ClusterId=cluster_id)["Cluster"]["ClusterArn"]
    assert arn == f"arn:aws:elasticmapreduce:eu-west-1:123456789012:cluster/{cluster_id}"


def test_a_configured_account_owns_everything(tmp_path: Any, steps: PlayedSteps) -> None:
    with LocalCloud(Settings(home=tmp_path, port=0, account="999988887777"), runner=steps) as cloud:
        client = client_of(cloud)
        assert client("sts").get_caller_identity()["Account"] == "999988887777"
        arn = client("emr").run_job_flow(**cluster_request())["ClusterArn"]
    assert ":999988887777:" in arn


def test_tags_of_a_cluster_are_tags_of_its_instances(emr: Any, aws: Client) -> None:
    cluster_id = run(emr, Tags=[{"Key": "kept", "Value": "1"}, {"Key": "gone", "Value": "1"}])
    wait_for_cluster(emr, cluster_id, "WAITING")
    emr.add_tags(ResourceId=cluster_id, Tags=[{"Key": "new", "Value": "2"}])
    emr.remove_tags(ResourceId=cluster_id, TagKeys=["gone"])
    instance = emr.list_instances(ClusterId=cluster_id)["Instances"][0]["Ec2InstanceId"]
    found = aws("ec2").describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]["Tags"]
    tags = {tag["Key"]: tag["Value"] for tag in found}
    assert tags == {
        "kept": "1",
        "new": "2",
        "aws:elasticmapreduce:job-flow-id": cluster_id,
        "aws:elasticmapreduce:instance-group-role": "MASTER",
    }
    described = emr.describe_cluster(ClusterId=cluster_id)["Cluster"]["Tags"]
    assert described == [{"Key": "kept", "Value": "1"}, {"Key": "new", "Value": "2"}]


def test_an_action_that_is_not_there_answers_501_which_is_final(emr: Any) -> None:
    with pytest.raises(ClientError) as refused:
        emr.list_notebook_executions()
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
