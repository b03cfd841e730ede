"""Differences in terraform's plan JSON, stacks that cannot be compared, CloudTrail's answer, the command's lines. The
real plan is in tests/terraform/test_foundation.py."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from embedded.commands import drift_process
from nightshift.aws import clients
from nightshift.infrastructure import drift
from nightshift.infrastructure.drift import Comparison, Difference
from nightshift.report import night_index

NOW = datetime(2026, 1, 5, 7, tzinfo=UTC)
RESOURCE = {"type": "aws_x", "name": "this", "expressions": {"size": {"constant_value": 5}}}
CONFIGURATION = {"root_module": {"module_calls": {"a": {"module": {"resources": [RESOURCE]}}}}}
POLICY = [("policy.S[0].E", '"Allow"', '"Deny"')]
TAGS = Difference("foundation", "aws_s3_bucket.raw", "tags.team", "null", '"growth"', "acme-raw")


def change(before, after, actions=("update",), **more):
    inner = {"actions": [*actions], "before": before, "after": after, **more}
    return {
        "address": 'module.a[0].aws_x.this["k"]',
        "mode": "managed",
        "type": "aws_x",
        "name": "this",
        "module_address": "module.a[0]",
        "change": inner,
    }


def seen(*planned, drifted=()):
    plan = {"resource_changes": [*planned], "resource_drift": [*drifted], "configuration": CONFIGURATION}
    return [(d.attribute, d.before, d.after) for d in drift.differences("foundation", plan)]


def test_a_plan_goes_from_what_is_to_what_terraform_wants_and_drift_the_other_way():
    planned = change({"id": "x", "size": 7}, {"id": "x", "size": 5})
    drifted = change({"id": "x", "size": 5}, {"id": "x", "size": 7})
    assert seen(planned, drifted=[drifted]) == seen(planned) == seen(drifted=[drifted]) == [("size", "5", "7")]


@pytest.mark.parametrize(
    ("before", "after", "differs"),
    [
        ({"tags": {"a": "1", "b": "2"}}, {"tags": {"a": "1"}, "tags_all": {"a": "1"}}, [("tags.b", "null", '"2"')]),
        ({"policy": '{"S": [{"E": "Deny"}]}'}, {"policy": '{"S": [{"E": "Allow"}]}'}, POLICY),
        ({"rules": [1, 2]}, {"rules": [1]}, [("rules", "[1]", "[1, 2]")]),
        ({"name": "", "list": []}, {"name": None, "list": None}, []),
        ({"text": "[not json"}, {"text": "{nor this"}, [("text", '"{nor this"', '"[not json"')]),
    ],
)
def test_an_attribute_is_named_down_to_the_part_that_differs(before, after, differs):
    assert seen(change(before, after)) == differs


def test_a_secret_is_not_shown_and_what_only_an_apply_knows_is_no_difference():
    changed = change(
        {"password": "old", "arn": "a", "more": {"key": "k"}},
        {"password": "new", "more": {"key": "j"}},
        before_sensitive={"password": True},
        after_sensitive={"more": {"key": True}},
        after_unknown={"arn": True},
    )
    assert seen(changed) == [
        ("more.key", '"(sensitive)"', '"k"'),
        ("password", '"new"', '"(sensitive)"'),
    ]


def test_drift_of_what_terraform_does_not_set_is_none():
    """Such as the policies of a role that are resources of their own: the next refresh finds them in the role."""
    changed = change({"size": 5, "inline_policy": []}, {"size": 6, "inline_policy": [{"name": "own"}]})
    assert seen(drifted=[changed]) == [("size", "5", "6")]


def test_a_resource_that_is_gone_or_not_applied_yet_is_one_difference():
    assert seen(change(None, {"id": "x"}, ["create"])) == [("resource", '"exists"', "null")]
    assert seen(change({"id": "x"}, None, ["delete"])) == [("resource", "null", '"exists"')]
    assert seen(drifted=[change({"id": "x"}, None, ["delete"])]) == [("resource", '"exists"', "null")]
    assert seen(change({"a": 1}, {"a": 1}, ["no-op"]), change(None, {"a": 1}, ["read"])) == []


def test_a_long_value_is_cut_and_another_value_is_another_difference():
    [(_, before, _)] = seen(change({"text": "y"}, {"text": "x" * 500}))
    assert len(before) == drift.LONGEST and before.endswith("...")
    assert replace(TAGS, after='"sales"').digest != TAGS.digest == replace(TAGS, who="ana").digest


@pytest.fixture
def state(aws, settings):
    s3 = aws("s3")
    s3.create_bucket(Bucket=settings.bucket("state"))

    def put(key, body=b'{"resources": []}'):
        s3.put_object(Bucket=settings.bucket("state"), Key=key, Body=body)

    return put


def test_a_stack_that_is_destroyed_unknown_or_locked_is_not_planned(state, settings):
    applied = b'{"resources": [1]}'
    for key, body in {"analytics.tfstate": b"{}", "other-team.tfstate": applied, "people.tfstate": applied}.items():
        state(key, body)
    lock = {"ID": "1", "Who": "ana@laptop", "Operation": "OperationTypeApply", "Created": "2026-01-05T07:00:00Z"}
    state("people.tfstate.tflock", json.dumps(lock).encode())
    state("transient/wordcount/r1.tfstate", applied)
    compared = drift.compare(settings)
    assert (compared.stacks, compared.differences) == (["analytics"], [])
    assert compared.unseen == {
        "other-team": "include/terraform/stacks has no stack for other-team.tfstate.",
        "people": "The state people.tfstate is locked by ana@laptop.",
    }


def test_without_a_state_bucket_there_is_nothing_to_compare(aws, settings):
    assert drift.compare(settings) == Comparison([], [], {})


class Trail:
    """CloudTrail's answer, as boto3 gives it."""

    def lookup_events(self, LookupAttributes, MaxResults):  # noqa: N803 - boto3's names
        assert LookupAttributes == [{"AttributeKey": "ResourceName", "AttributeValue": "acme-raw"}] and MaxResults
        read = {"ReadOnly": "true", "EventName": "GetBucketTagging", "EventTime": NOW}
        wrote = {"ReadOnly": "false", "EventName": "PutBucketTagging", "EventTime": NOW, "Username": "ana"}
        return {"Events": [read, wrote]}


def test_who_changed_a_resource_is_its_last_event_that_is_no_read(settings, monkeypatch):
    monkeypatch.setattr(clients, "client", lambda _settings, service: {"cloudtrail": Trail()}[service])
    [named] = drift.who_changed(settings, [TAGS])
    line = 'foundation: aws_s3_bucket.raw tags.team: null -> "growth" (ana, PutBucketTagging, 2026-01-05 07:00Z)'
    assert str(named) == line


def test_what_a_stack_had_that_cannot_be_compared_this_time_stays_known(state, aws, settings):
    topic = aws("sns").create_topic(Name=f"{settings.name}-runs")["TopicArn"]
    people = replace(TAGS, stack="people", address="aws_iam_role.reader")
    assert topic and len(drift.notify(settings, Comparison([TAGS, people], ["foundation", "people"], {}), NOW)) == 2
    assert drift.notify(settings, Comparison([], ["foundation"], {"people": "locked"}), NOW) == []
    assert [entry["stack"] for entry in drift.known(settings).values()] == ["people"]


def test_the_index_says_how_many_and_since_when(aws, settings):
    aws("s3").create_bucket(Bucket=settings.bucket("lake"))
    entries = [{"since": "2026-01-05"}, {"since": "2026-01-03"}]
    assert night_index.keep_drift(settings, entries, "2026-01-06T07:00Z")
    drifted = night_index.read(settings)["drift"]
    assert drifted == {"attributes": 2, "since": "2026-01-03", "checked_at": "2026-01-06T07:00Z"}


@pytest.mark.parametrize(
    ("compared", "status", "last"),
    [
        (Comparison([], ["foundation"], {}), 0, "Compared foundation: nothing differs."),
        (Comparison([TAGS], ["foundation"], {"people": "x"}), 1, "Compared foundation: 1 attribute differs."),
        (Comparison([], ["foundation"], {"people": "no right"}), 2, "Compared foundation: nothing differs."),
        (Comparison([], [], {"people": "no right"}), 2, "Not compared: people: no right"),
        (Comparison([], [], {}), 2, "No stack is applied here."),
    ],
)
def test_the_command_says_what_differs_and_what_it_could_not_see(compared, status, last):
    assert (drift_process.status(compared), [*drift_process.lines(compared)][-1]) == (status, last)
