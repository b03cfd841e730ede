"""Sweeping what a state lost, while AWS's lists lag behind its deletions."""

import pytest
from botocore.exceptions import ClientError

from nightshift.aws import clients
from nightshift.compute.resources import Resource
from nightshift.infrastructure import inventory
from nightshift.infrastructure.sweep import GROUPS, sweep
from nightshift.state.ledger import Ledger

UNKNOWN = "Security configuration with name 'x' does not exist."


def refusal(code, words="m"):
    return ClientError({"Error": {"Code": code, "Message": words}}, "Delete")


@pytest.fixture
def listed(aws, night, monkeypatch):
    """Let AWS list these things of the run, whether they are there or not."""

    def show(*things):
        monkeypatch.setattr(
            inventory, "of_run", lambda night: [Resource(kind, found, night.run, None) for kind, found in things]
        )

    return show


@pytest.fixture
def refused(settings):
    """Let AWS refuse an operation."""

    def refuse(service, operation, error):
        def answer(model, **_):
            if model.name == operation:
                raise error

        clients.client(settings, service).meta.events.register("before-call", answer)

    return refuse


def notes(aws, night):
    return [e["id"] for e in Ledger(aws("s3"), night).entries() if e.get("act") == "removed"]


def test_a_group_that_is_listed_though_it_is_gone_does_not_keep_the_next_from_being_removed(aws, night, listed):
    ec2 = aws("ec2")
    gone, there = (ec2.create_security_group(GroupName=name, Description="d")["GroupId"] for name in "ab")
    ec2.delete_security_group(GroupId=gone)
    listed((GROUPS, gone), (GROUPS, there))
    assert sweep(night, "destroy_transient") == [f"{GROUPS}: {there}"]
    assert notes(aws, night) == [there]


def test_an_ingestion_host_that_no_state_knows_is_ended_before_its_group_is_removed(aws, night, listed):
    ec2 = aws("ec2")
    group = ec2.create_security_group(GroupName="host", Description="d")["GroupId"]
    [host] = ec2.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1, SecurityGroupIds=[group])["Instances"]
    listed(("instances", host["InstanceId"]), (GROUPS, group))
    assert sweep(night, "destroy_transient") == [f"instances: {host['InstanceId']}", f"{GROUPS}: {group}"]
    [kept] = ec2.describe_instances()["Reservations"]
    assert kept["Instances"][0]["State"]["Name"] == "terminated"


@pytest.mark.parametrize(
    ("kind", "service", "operation", "code", "words"),
    [
        ("key pairs", "ec2", "DeleteKeyPair", "InvalidKeyPair.NotFound", "m"),
        ("secrets", "secretsmanager", "DeleteSecret", "ResourceNotFoundException", "m"),
        ("security configurations", "emr", "DeleteSecurityConfiguration", "InvalidRequestException", UNKNOWN),
    ],
)
def test_what_aws_says_is_gone_needs_no_removal(aws, night, listed, refused, kind, service, operation, code, words):
    listed((kind, "x"))
    refused(service, operation, refusal(code, words))
    assert sweep(night, "destroy_transient") == []


def test_a_rule_that_went_while_the_groups_were_cut_apart_is_cut(aws, night, listed, refused):
    group = aws("ec2").create_security_group(GroupName="a", Description="d")["GroupId"]
    listed((GROUPS, group))
    refused("ec2", "RevokeSecurityGroupEgress", refusal("InvalidSecurityGroupRuleId.NotFound"))
    assert sweep(night, "destroy_transient") == [f"{GROUPS}: {group}"]


def test_a_group_that_is_still_used_is_an_error(aws, night, listed, refused):
    listed((GROUPS, aws("ec2").create_security_group(GroupName="a", Description="d")["GroupId"]))
    refused("ec2", "DeleteSecurityGroup", refusal("DependencyViolation"))
    with pytest.raises(ClientError, match="DependencyViolation"):
        sweep(night, "destroy_transient")
