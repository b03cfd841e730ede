"""Faults: which strikes, how often, and what AWS's clients see of it."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from localcloud.errors import FaultError
from localcloud.faults import Fault, FaultBook, FaultKind, parse
from localcloud.server import LocalCloud
from tests.localcloud.helpers import (
    Client,
    PlayedSteps,
    cluster_request,
    step,
    wait_for_cluster,
    wait_for_step,
)
from tests.localcloud.test_emr_clusters import FLEETS
from tests.localcloud.test_emr_instances import CORE, MASTER
from tests.patience import until


def run(emr: Any, **options: Any) -> str:
    return emr.run_job_flow(**cluster_request(**options))["JobFlowId"]


def test_a_fault_strikes_as_often_as_it_says_and_is_gone() -> None:
    book = FaultBook()
    book.add(Fault(FaultKind.SNS_DOWN, times=2))
    struck = [book.strike(FaultKind.SNS_DOWN, operation="Publish") is not None for _ in range(3)]
    assert struck == [True, True, False]
    assert book.armed() == []


def test_a_fault_for_ever_strikes_until_it_is_cleared() -> None:
    book = FaultBook()
    armed = book.add(Fault(FaultKind.SNS_DOWN, times=None))
    assert all(book.strike(FaultKind.SNS_DOWN) for _ in range(5))
    assert (book.clear("fault-none"), book.clear(armed.id)) == (0, 1)
    assert book.strike(FaultKind.SNS_DOWN) is None


def test_a_fault_strikes_only_what_its_patterns_match() -> None:
    book = FaultBook()
    book.add(Fault(FaultKind.S3_SLOW_DOWN, bucket="*-lake", key="gold/*"))
    assert not book.strike(FaultKind.S3_SLOW_DOWN, bucket="acme-raw", key="gold/x")
    assert not book.strike(FaultKind.S3_INTERNAL_ERROR, bucket="acme-lake", key="gold/x")
    assert book.strike(FaultKind.S3_SLOW_DOWN, bucket="acme-lake", key="gold/x")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"kind": "flood"}, "there is no fault 'flood'"),
        ({"kind": "sns-down", "times": 0}, "at least once"),
        ({"kind": "sns-down", "seconds": -1}, "in the past"),
        ({"kind": "node-lost", "node": "edge"}, "no node role 'edge'"),
        ({"kind": "sns-down", "colour": "red"}, "has no colour"),
        ({"kind": "capacity-refused", "market": "flea"}, "no market 'flea'"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(FaultError, match=message):
        parse(values)


def test_a_throttled_run_job_flow_makes_no_cluster_and_the_next_one_does(emr: Any, cloud: LocalCloud) -> None:
    cloud.faults.add(Fault(FaultKind.RUN_JOB_FLOW_THROTTLED, cluster="night*"))
    with pytest.raises(ClientError, match="ThrottlingException"):
        run(emr)
    assert emr.list_clusters()["Clusters"] == []
    assert run(emr)


def test_any_emr_call_can_be_throttled(emr: Any, cloud: LocalCloud) -> None:
    cloud.faults.add(Fault(FaultKind.EMR_THROTTLED, operation="List*"))
    with pytest.raises(ClientError, match="ThrottlingException"):
        emr.list_clusters()
    assert emr.list_clusters()["Clusters"] == []


def test_a_lost_answer_leaves_a_cluster_that_the_caller_does_not_know(emr: Any, cloud: LocalCloud) -> None:
    cloud.faults.add(Fault(FaultKind.RUN_JOB_FLOW_ANSWER_LOST))
    with pytest.raises(ConnectionClosedError):
        run(emr)
    assert [c["Name"] for c in emr.list_clusters()["Clusters"]] == ["night"]


@pytest.mark.parametrize(("instances", "code"), [({}, "INTERNAL_ERROR"), (FLEETS, "INSTANCE_FLEET_TIMEOUT")])
def test_refused_capacity_ends_the_cluster_before_it_has_nodes(
    emr: Any, cloud: LocalCloud, instances: dict[str, Any], code: str
) -> None:
    cloud.faults.add(Fault(FaultKind.CAPACITY_REFUSED))
    cluster_id = run(emr, instances=instances)
    status = wait_for_cluster(emr, cluster_id, "TERMINATED_WITH_ERRORS")["Status"]
    assert status["StateChangeReason"]["Code"] == code
    assert "insufficient" in status["StateChangeReason"]["Message"]
    assert status["ErrorDetails"][0]["ErrorCode"] == "INTERNAL_ERROR_EC2_INSUFFICIENT_CAPACITY_AZ"
    assert emr.list_instances(ClusterId=cluster_id)["Instances"] == []


@pytest.fixture
def zones(aws: Client) -> dict[str, str]:
    """A subnet in each of two availability zones, by the zone's letter."""
    ec2 = aws("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    blocks = {"a": "10.0.1.0/24", "b": "10.0.2.0/24"}
    return {
        zone: ec2.create_subnet(VpcId=vpc, CidrBlock=block, AvailabilityZone=f"eu-west-1{zone}")["Subnet"]["SubnetId"]
        for zone, block in blocks.items()
    }


def test_capacity_is_refused_only_in_the_zone_that_the_fault_names(
    emr: Any, cloud: LocalCloud, zones: dict[str, str]
) -> None:
    cloud.faults.add(Fault(FaultKind.CAPACITY_REFUSED, zone="eu-west-1a", times=None))
    here, there = zones["a"], zones["b"]
    refused = run(emr, instances={**FLEETS, "Ec2SubnetIds": [here, there]})
    wait_for_cluster(emr, refused, "TERMINATED_WITH_ERRORS")
    wait_for_cluster(emr, run(emr, instances={**FLEETS, "Ec2SubnetIds": [there, here]}), "WAITING")


def test_capacity_is_refused_only_to_clusters_that_ask_for_the_market_of_the_fault(emr: Any, cloud: LocalCloud) -> None:
    cloud.faults.add(Fault(FaultKind.CAPACITY_REFUSED, market="spot", times=None))
    wait_for_cluster(emr, run(emr, instances=FLEETS), "TERMINATED_WITH_ERRORS")
    wait_for_cluster(emr, run(emr), "WAITING")


def test_a_failed_bootstrap_ends_the_cluster_and_its_nodes(emr: Any, cloud: LocalCloud) -> None:
    cloud.faults.add(Fault(FaultKind.BOOTSTRAP_FAILURE))
    cluster_id = run(emr, Steps=[step("ok")])
    status = wait_for_cluster(emr, cluster_id, "TERMINATED_WITH_ERRORS")["Status"]
    assert status["StateChangeReason"]["Code"] == "BOOTSTRAP_FAILURE"
    assert "bootstrap action 1 returned a non-zero return code" in status["StateChangeReason"]["Message"]
    (node,) = emr.list_instances(ClusterId=cluster_id)["Instances"]
    assert node["Status"]["State"] == "TERMINATED"
    assert emr.list_steps(ClusterId=cluster_id)["Steps"][0]["Status"]["State"] == "CANCELLED"


def test_a_slow_start_keeps_the_cluster_in_starting(emr: Any, cloud: LocalCloud) -> None:
    cloud.faults.add(Fault(FaultKind.SLOW_START, seconds=0.3))
    timeline = wait_for_cluster(emr, run(emr), "WAITING")["Status"]["Timeline"]
    assert (timeline["ReadyDateTime"] - timeline["CreationDateTime"]).total_seconds() >= 0.3


def test_a_failing_step_fails_with_the_message_it_was_given(emr: Any, cloud: LocalCloud, steps: PlayedSteps) -> None:
    cloud.faults.add(Fault(FaultKind.STEP_FAILURE, step="gold*", message="out of memory"))
    cluster_id = run(emr, Steps=[step("ok", name="silver"), step("ok", name="gold")])
    silver, gold = (s["Id"] for s in reversed(emr.list_steps(ClusterId=cluster_id)["Steps"]))
    failed = wait_for_step(emr, cluster_id, gold, "FAILED")["Status"]
    assert failed["FailureDetails"]["Message"] == "out of memory"
    wait_for_step(emr, cluster_id, silver, "COMPLETED")
    assert steps.requests[1].args[:2] == ("bash", "-c")


def test_a_lost_core_node_is_replaced_and_the_cluster_lives(emr: Any, aws: Client, cloud: LocalCloud) -> None:
    cluster_id = run(emr, instances={"InstanceGroups": [MASTER, CORE]})
    wait_for_cluster(emr, cluster_id, "WAITING")
    cloud.faults.add(Fault(FaultKind.NODE_LOST))
    nodes = until(
        lambda: emr.list_instances(ClusterId=cluster_id, InstanceGroupTypes=["CORE"])["Instances"],
        lambda found: len(found) == 3,
    )
    assert sorted(node["Status"]["State"] for node in nodes) == ["RUNNING", "RUNNING", "TERMINATED"]
    (lost,) = [node for node in nodes if node["Status"]["State"] == "TERMINATED"]
    assert lost["Status"]["StateChangeReason"]["Code"] == "INSTANCE_FAILURE"
    instance = aws("ec2").describe_instances(InstanceIds=[lost["Ec2InstanceId"]])["Reservations"][0]["Instances"][0]
    assert instance["State"]["Name"] == "terminated"
    assert wait_for_cluster(emr, cluster_id, "WAITING")


def test_a_lost_master_ends_the_cluster_and_interrupts_its_step(emr: Any, cloud: LocalCloud) -> None:
    cluster_id = run(emr, Steps=[step("hold")])
    (running,) = emr.list_steps(ClusterId=cluster_id)["Steps"]
    wait_for_step(emr, cluster_id, running["Id"], "RUNNING")
    cloud.faults.add(Fault(FaultKind.NODE_LOST, node="master"))
    status = wait_for_cluster(emr, cluster_id, "TERMINATED_WITH_ERRORS")["Status"]
    assert status["StateChangeReason"]["Code"] == "INSTANCE_FAILURE"
    wait_for_step(emr, cluster_id, running["Id"], "INTERRUPTED")


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [(FaultKind.S3_SLOW_DOWN, 503, "SlowDown"), (FaultKind.S3_INTERNAL_ERROR, 500, "InternalError")],
)
def test_s3_errors_are_s3s_own_and_a_retrying_client_survives_them(
    aws: Client, cloud: LocalCloud, bucket: str, kind: FaultKind, status: int, code: str
) -> None:
    cloud.faults.add(Fault(kind, operation="PUT", bucket=bucket, key="data/*"))
    with pytest.raises(ClientError) as refused:
        aws("s3").put_object(Bucket=bucket, Key="data/x", Body=b"1" * 100_000)
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert refused.value.response["Error"]["Code"] == code
    cloud.faults.add(Fault(kind, operation="PUT", bucket=bucket))
    aws("s3", retries=3).put_object(Bucket=bucket, Key="data/x", Body=b"2")
    assert aws("s3").get_object(Bucket=bucket, Key="data/x")["Body"].read() == b"2"


def test_sns_is_down_for_the_calls_that_were_named(aws: Client, cloud: LocalCloud) -> None:
    sns = aws("sns")
    topic = sns.create_topic(Name=f"topic-{uuid.uuid4().hex}")["TopicArn"]
    cloud.faults.add(Fault(FaultKind.SNS_DOWN, operation="Publish"))
    assert sns.get_topic_attributes(TopicArn=topic)
    with pytest.raises(ClientError, match="ServiceUnavailable"):
        sns.publish(TopicArn=topic, Message="x")
    assert sns.publish(TopicArn=topic, Message="x")["MessageId"]
