"""The evaluator of policies, held against what IAM's user guide says it does."""

import pytest

from localcloud.iam.needs import Place, needs
from localcloud.iam.policies import Need, allowed, matches, statements

GROUP = "arn:aws:ec2:us-east-1:123456789012:security-group/sg-1"
OWN = {"aws:resourcetag/nightshift:name": "acme"}


def policy(**statement):
    return list(statements("p", {"Statement": [{"Effect": "Allow", "Action": "s3:GetObject", **statement}]}))


@pytest.mark.parametrize(
    ("pattern", "value", "same"),
    [
        ("arn:aws:s3:::lake/*", "arn:aws:s3:::lake/a/b", True),
        ("arn:aws:s3:::lake/*", "arn:aws:s3:::lake", False),
        ("arn:aws:s3:::lake/*", "arn:aws:s3:::lakes/a", False),
        ("arn:aws:s3:::la?e", "arn:aws:s3:::lake", True),
        ("arn:aws:s3:::l.ke", "arn:aws:s3:::lake", False),
        ("*", "anything:at/all", True),
    ],
)
def test_wildcards_stand_for_any_characters_and_nothing_else_does(pattern, value, same):
    assert matches(pattern, value) is same


@pytest.mark.parametrize(
    ("service", "operation", "params", "action", "resource"),
    [
        ("athena", "CreateWorkGroup", {"Name": "acme"}, "athena:CreateWorkGroup", "arn:aws:athena:r:1:workgroup/acme"),
        ("athena", "GetNamedQuery", {"NamedQueryId": "q"}, "athena:GetNamedQuery", "arn:aws:athena:r:1:workgroup/acme"),
        (
            "athena",
            "GetNamedQuery",
            {"NamedQueryId": "?"},
            "athena:GetNamedQuery",
            "arn:aws:athena:r:1:workgroup/primary",
        ),
        ("glue", "GetTable", {"DatabaseName": "d", "Name": "v"}, "glue:GetTable", "arn:aws:glue:r:1:table/d/v"),
        ("glue", "DeleteTable", {"DatabaseName": "d", "Name": "v"}, "glue:DeleteTable", "arn:aws:glue:r:1:table/d/v"),
    ],
)
def test_views_and_saved_queries_need_rights_on_their_workgroup_and_table(service, operation, params, action, resource):
    class Known(Place):
        def workgroup_of(self, query):
            return {"q": "acme"}.get(query, "")

    call = {"service": service, "operation": operation, "params": params, "resource_tags": {}, "request_tags": {}}
    assert (action, resource) in [(need.action, need.resource) for need in needs(call, Known("r", "1"))]


def test_an_action_is_compared_without_case_and_a_resource_with_it():
    granted = policy(Resource="arn:aws:s3:::lake/*")
    assert allowed(Need("S3:getobject", "arn:aws:s3:::lake/a"), granted)
    assert not allowed(Need("s3:GetObject", "arn:aws:s3:::LAKE/a"), granted)
    assert not allowed(Need("s3:PutObject", "arn:aws:s3:::lake/a"), granted)


def test_every_condition_must_hold_and_an_absent_key_fails():
    tagged = {"StringEquals": {"aws:ResourceTag/nightshift:name": ["acme", "acme-2"]}}
    granted = policy(Action="ec2:DeleteSecurityGroup", Resource="*", Condition=tagged)
    assert allowed(Need("ec2:DeleteSecurityGroup", GROUP, OWN), granted)
    assert not allowed(Need("ec2:DeleteSecurityGroup", GROUP, {**OWN, next(iter(OWN)): "somebody"}), granted)
    assert not allowed(Need("ec2:DeleteSecurityGroup", GROUP), granted)


def test_a_denial_wins_and_no_statement_is_a_denial():
    granted = policy(Resource="*")
    denied = policy(Effect="Deny", Action="s3:*", Resource="arn:aws:s3:::lake/*")
    assert allowed(Need("s3:GetObject", "arn:aws:s3:::raw/a"), [*granted, *denied])
    assert not allowed(Need("s3:GetObject", "arn:aws:s3:::lake/a"), [*granted, *denied])
    assert not allowed(Need("s3:GetObject", "arn:aws:s3:::lake/a"), [])


def test_not_resource_means_all_others():
    granted = policy(Resource=[], NotResource="arn:aws:s3:::lake/*")
    assert allowed(Need("s3:GetObject", "arn:aws:s3:::raw/a"), granted)
    assert not allowed(Need("s3:GetObject", "arn:aws:s3:::lake/a"), granted)


def test_an_operator_that_nobody_wrote_is_not_guessed():
    granted = policy(Resource="*", Condition={"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}})
    with pytest.raises(KeyError, match="IpAddress"):
        allowed(Need("s3:GetObject", "arn:aws:s3:::lake/a"), granted)


def test_what_carries_another_name_is_denied_and_what_carries_none_is_not():
    """StringNotEquals holds for an absent key (User Guide, "String condition operators"); Null false asks for it."""
    another = {
        "StringNotEquals": {"aws:ResourceTag/nightshift:name": "acme"},
        "Null": {"aws:ResourceTag/nightshift:name": "false"},
    }
    granted = policy(Resource="*", Action="ec2:DeleteSecurityGroup")
    denied = policy(Effect="Deny", Resource="*", Action="ec2:DeleteSecurityGroup", Condition=another)
    of = [Need("ec2:DeleteSecurityGroup", GROUP, tags) for tags in (OWN, {next(iter(OWN)): "acme-prod"}, {})]
    assert [allowed(need, [*granted, *denied]) for need in of] == [True, False, True]
    without_null = policy(
        Effect="Deny", Resource="*", Action="ec2:*", Condition={"StringNotEquals": another["StringNotEquals"]}
    )
    assert [allowed(need, [*granted, *without_null]) for need in of] == [True, False, False]
