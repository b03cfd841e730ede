"""Least privilege of the Airflow role: whatever a night asks AWS is allowed, and what no night asks is not.

The nights' own calls (boto3 of the tasks and terraform, told apart by their user agents) are held against the policies
that terraform rendered, read back from where it applied them.
"""

from dataclasses import replace

import pytest

from tests.iam import grants
from tests.iam.needs import Place, Unmapped, needs
from tests.iam.reasons import AIRFLOW

pytestmark = [pytest.mark.spark, pytest.mark.terraform]

TASKS, TERRAFORM = "AmPP/", "HashiCorp/"  # the amazon provider's hooks and terraform say so of themselves


@pytest.fixture(scope="module")
def granted(played):
    return grants.of_role(played.client("iam"), played.foundation["airflow_role_arn"].rsplit("/", 1)[1])


@pytest.fixture(scope="module")
def asked(played, place):
    calls = [call for call in played.calls if TASKS in call["user_agent"] or TERRAFORM in call["user_agent"]]
    return {need for call in calls for need in needs(call, place)}


def test_the_nights_were_what_they_should_be(played):
    assert [night["state"] for night in played.nights] == ["success", "success", "failed"]
    assert played.nights[2]["tasks"]["step_wordcount"] == "failed"


def test_nobody_else_called_but_who_brought_the_files(played):
    others = [c for c in played.calls if TASKS not in c["user_agent"] and TERRAFORM not in c["user_agent"]]
    assert {(c["operation"], c["params"]["Bucket"]) for c in others} == {("PutObject", "nightshift-local-raw")}


def test_whatever_a_night_asks_is_allowed(asked, granted):
    assert grants.refused(asked, granted) == []


def test_what_no_night_asks_is_not_allowed_unless_a_reason_is_written_down(asked, granted):
    assert grants.in_vain(asked, granted, AIRFLOW) == []


def test_every_reason_still_holds(asked, granted):
    assert grants.outdated(asked, granted, AIRFLOW) == []


def test_without_any_one_grant_a_night_would_be_refused(asked, granted):
    """Mutation: each needed grant is taken away alone. One that is not missed is given twice."""
    not_missed = []
    for grant in grants.grants(granted):
        served = [need for need in asked if grant.serves(need)]
        kept = [s for s in granted if s is not grant.statement]
        rest = [g.alone() for g in grants.grants([grant.statement]) if g != grant]
        if served and not grants.refused(served, [*kept, *rest]):
            not_missed.append(str(grant))
    assert not_missed == []


def test_without_any_one_statement_a_night_would_be_refused(asked, granted):
    excused = {reason.sid for reason in AIRFLOW if reason.action == "*"}
    for statement in granted:
        if statement.sid not in excused:
            assert grants.refused(asked, [s for s in granted if s is not statement]), statement.sid


def test_a_cluster_or_a_group_of_somebody_else_is_out_of_reach(played, place, granted):
    """The tags in the conditions decide: the same calls on what carries another name."""
    theirs = {"nightshift:name": "somebody-else"}
    tried = [
        {**call, "resource_tags": {resource: theirs for resource in call["resource_tags"]}}
        for call in played.calls
        if call["operation"] in ("TerminateJobFlows", "AddJobFlowSteps", "DescribeCluster", "DeleteSecurityGroup")
    ]
    assert tried
    refused = grants.refused([need for call in tried for need in needs(call, place)], granted)
    assert {line.split(" on ")[0] for line in refused} >= {
        "emr:TerminateJobFlows: elasticmapreduce:TerminateJobFlows",
        "ec2:DeleteSecurityGroup: ec2:DeleteSecurityGroup",
    }


def test_a_cluster_without_this_names_tag_is_not_started(played, place, granted):
    run = next(call for call in played.calls if call["operation"] == "RunJobFlow")
    refused = grants.refused(needs({**run, "request_tags": {}}, place), granted)
    assert any("elasticmapreduce:RunJobFlow on" in line for line in refused)


def test_roles_are_handed_to_their_own_service_only(asked, granted):
    handed = [need for need in asked if need.action == "iam:PassRole"]
    assert len(handed) == 2
    elsewhere = [replace(need, context={"iam:passedtoservice": "lambda.amazonaws.com"}) for need in handed]
    assert len(grants.refused(elsewhere, granted)) == 2


def test_a_call_that_nobody_looked_up_is_not_guessed():
    with pytest.raises(Unmapped, match="DeleteBucket was called"):
        needs({"service": "s3", "operation": "DeleteBucket", "params": {}}, Place("us-east-1", "123456789012"))
