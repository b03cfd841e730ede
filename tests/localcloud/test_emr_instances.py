"""Nodes, groups and fleets through boto3, and the EC2 instances that stand for them."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localcloud.helpers import Client, cluster_request, wait_for_cluster
from tests.localcloud.test_emr_clusters import FLEETS

CORE = {"InstanceRole": "CORE", "InstanceType": "m5.large", "InstanceCount": 2}
TASK = {"InstanceRole": "TASK", "InstanceType": "m5.large", "InstanceCount": 1, "Market": "SPOT"}
MASTER = {"InstanceRole": "MASTER", "InstanceType": "m5.xlarge", "InstanceCount": 1}


def ready(emr: Any, **options: Any) -> str:
    cluster_id = emr.run_job_flow(**cluster_request(**options))["JobFlowId"]
    wait_for_cluster(emr, cluster_id, "WAITING")
    return cluster_id


def test_nodes_are_instances_in_the_clusters_subnet(emr: Any, aws: Client, subnet: str) -> None:
    cluster_id = ready(emr, instances={"InstanceGroups": [MASTER, CORE], "Ec2SubnetId": subnet})
    nodes = emr.list_instances(ClusterId=cluster_id)["Instances"]
    assert {node["Status"]["State"] for node in nodes} == {"RUNNING"}
    found = aws("ec2").describe_instances(InstanceIds=[node["Ec2InstanceId"] for node in nodes])
    instances = [i for reservation in found["Reservations"] for i in reservation["Instances"]]
    assert {(i["SubnetId"], i["State"]["Name"]) for i in instances} == {(subnet, "running")}
    assert {i["PrivateIpAddress"] for i in instances} == {node["PrivateIpAddress"] for node in nodes}


def test_nodes_are_listed_by_role_group_and_state(emr: Any) -> None:
    cluster_id = ready(emr, instances={"InstanceGroups": [MASTER, CORE]})
    core = next(
        g for g in emr.list_instance_groups(ClusterId=cluster_id)["InstanceGroups"] if g["InstanceGroupType"] == "CORE"
    )
    assert (core["RequestedInstanceCount"], core["RunningInstanceCount"]) == (2, 2)
    for filters in ({"InstanceGroupTypes": ["CORE"]}, {"InstanceGroupId": core["Id"]}):
        listed = emr.list_instances(ClusterId=cluster_id, **filters)["Instances"]
        assert {node["InstanceGroupId"] for node in listed} == {core["Id"]}
        assert len(listed) == 2
    assert emr.list_instances(ClusterId=cluster_id, InstanceStates=["TERMINATED"])["Instances"] == []


def test_groups_are_added_and_resized_while_the_cluster_lives(emr: Any) -> None:
    cluster_id = ready(emr)
    (group_id,) = emr.add_instance_groups(JobFlowId=cluster_id, InstanceGroups=[TASK])["InstanceGroupIds"]
    for size in (3, 1):
        emr.modify_instance_groups(
            ClusterId=cluster_id, InstanceGroups=[{"InstanceGroupId": group_id, "InstanceCount": size}]
        )
        running = emr.list_instances(ClusterId=cluster_id, InstanceGroupId=group_id, InstanceStates=["RUNNING"])[
            "Instances"
        ]
        assert [node["Market"] for node in running] == ["SPOT"] * size


def test_a_fleet_fills_its_targets_by_weight(emr: Any) -> None:
    cluster_id = ready(emr, instances=FLEETS)
    fleets = {f["InstanceFleetType"]: f for f in emr.list_instance_fleets(ClusterId=cluster_id)["InstanceFleets"]}
    core = fleets["CORE"]
    # 3 units of On-Demand need two instances of weight 2, so one unit more is provisioned than asked for.
    assert (core["TargetOnDemandCapacity"], core["ProvisionedOnDemandCapacity"]) == (3, 4)
    assert (core["TargetSpotCapacity"], core["ProvisionedSpotCapacity"]) == (2, 2)
    listed = emr.list_instances(ClusterId=cluster_id, InstanceFleetType="CORE")["Instances"]
    assert sorted(node["Market"] for node in listed) == ["ON_DEMAND", "ON_DEMAND", "SPOT"]


def test_a_fleet_is_added_and_resized_while_the_cluster_lives(emr: Any) -> None:
    cluster_id = ready(emr, instances=FLEETS)
    task = {
        "InstanceFleetType": "TASK",
        "TargetSpotCapacity": 1,
        "InstanceTypeConfigs": [{"InstanceType": "m5.xlarge"}],
    }
    fleet_id = emr.add_instance_fleet(ClusterId=cluster_id, InstanceFleet=task)["InstanceFleetId"]
    emr.modify_instance_fleet(
        ClusterId=cluster_id, InstanceFleet={"InstanceFleetId": fleet_id, "TargetSpotCapacity": 4}
    )
    fleets = {f["Id"]: f for f in emr.list_instance_fleets(ClusterId=cluster_id)["InstanceFleets"]}
    assert fleets[fleet_id]["ProvisionedSpotCapacity"] == 4


def test_groups_and_fleets_exclude_each_other_in_emrs_words(emr: Any) -> None:
    groups, fleets = ready(emr), ready(emr, instances=FLEETS)
    with pytest.raises(ClientError, match=r"ListInstanceFleets request only supports .* instance fleets"):
        emr.list_instance_fleets(ClusterId=groups)
    with pytest.raises(ClientError, match=r"ListInstanceGroups request only supports .* instance groups"):
        emr.list_instance_groups(ClusterId=fleets)
