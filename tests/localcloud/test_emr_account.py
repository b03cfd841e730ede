"""Policies, security configurations and what EMR offers, through boto3."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localcloud.helpers import cluster_request, wait_for_cluster


@pytest.fixture
def cluster_id(emr: Any) -> str:
    found = emr.run_job_flow(**cluster_request())["JobFlowId"]
    wait_for_cluster(emr, found, "WAITING")
    return found


def test_an_auto_termination_policy_is_put_read_and_removed(emr: Any, cluster_id: str) -> None:
    policy = {"IdleTimeout": 60}
    emr.put_auto_termination_policy(ClusterId=cluster_id, AutoTerminationPolicy=policy)
    assert emr.get_auto_termination_policy(ClusterId=cluster_id)["AutoTerminationPolicy"] == policy
    emr.remove_auto_termination_policy(ClusterId=cluster_id)
    assert "AutoTerminationPolicy" not in emr.get_auto_termination_policy(ClusterId=cluster_id)


def test_a_managed_scaling_policy_is_put_read_and_removed(emr: Any, cluster_id: str) -> None:
    limits = {"UnitType": "Instances", "MinimumCapacityUnits": 1, "MaximumCapacityUnits": 4}
    emr.put_managed_scaling_policy(ClusterId=cluster_id, ManagedScalingPolicy={"ComputeLimits": limits})
    found = emr.get_managed_scaling_policy(ClusterId=cluster_id)["ManagedScalingPolicy"]
    assert found == {"ComputeLimits": limits}
    emr.remove_managed_scaling_policy(ClusterId=cluster_id)
    assert "ManagedScalingPolicy" not in emr.get_managed_scaling_policy(ClusterId=cluster_id)


def test_flags_of_a_cluster_are_read_back(emr: Any, cluster_id: str) -> None:
    emr.set_visible_to_all_users(JobFlowIds=[cluster_id], VisibleToAllUsers=False)
    emr.set_unhealthy_node_replacement(JobFlowIds=[cluster_id], UnhealthyNodeReplacement=True)
    cluster = emr.describe_cluster(ClusterId=cluster_id)["Cluster"]
    assert (cluster["VisibleToAllUsers"], cluster["UnhealthyNodeReplacement"]) == (False, True)


def test_a_security_configuration_lives_until_it_is_deleted(emr: Any) -> None:
    emr.create_security_configuration(Name="tls", SecurityConfiguration='{"a": 1}')
    with pytest.raises(ClientError, match="already exists"):
        emr.create_security_configuration(Name="tls", SecurityConfiguration="{}")
    assert emr.describe_security_configuration(Name="tls")["SecurityConfiguration"] == '{"a": 1}'
    assert [c["Name"] for c in emr.list_security_configurations()["SecurityConfigurations"]] == ["tls"]
    assert emr.run_job_flow(**cluster_request(SecurityConfiguration="tls"))["JobFlowId"].startswith("j-")
    emr.delete_security_configuration(Name="tls")
    with pytest.raises(ClientError, match="'tls' does not exist"):
        emr.describe_security_configuration(Name="tls")


def test_block_public_access_is_on_until_it_is_switched_off(emr: Any) -> None:
    found = emr.get_block_public_access_configuration()["BlockPublicAccessConfiguration"]
    assert found["BlockPublicSecurityGroupRules"] is True
    off = {"BlockPublicSecurityGroupRules": False, "PermittedPublicSecurityGroupRuleRanges": []}
    emr.put_block_public_access_configuration(BlockPublicAccessConfiguration=off)
    assert emr.get_block_public_access_configuration()["BlockPublicAccessConfiguration"] == off


def test_releases_and_instance_types_can_be_asked_for(emr: Any) -> None:
    labels = emr.list_release_labels(Filters={"Prefix": "emr-7", "Application": "spark@3.5.6"})["ReleaseLabels"]
    assert labels == ["emr-7.13.0"]
    applications = emr.describe_release_label(ReleaseLabel="emr-7.13.0")["Applications"]
    assert {"Name": "Hadoop", "Version": "3.4.2"} in applications
    types = emr.list_supported_instance_types(ReleaseLabel="emr-7.13.0")["SupportedInstanceTypes"]
    assert next(t for t in types if t["Type"] == "m6g.2xlarge")["MemoryGB"] == 32
    with pytest.raises(ClientError, match="release label is invalid"):
        emr.describe_release_label(ReleaseLabel="emr-0.0.0")
