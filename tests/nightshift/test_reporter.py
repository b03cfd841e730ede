"""Telling what a night was: the record kept, SNS told or not, the ledger closed, the outcome read from it."""

import json
import re
from dataclasses import replace
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest
from airflow.sdk.exceptions import AirflowFailException
from botocore.exceptions import ClientError

from nightshift.aws import clients
from nightshift.compute.emr.client import EmrClient
from nightshift.failures import cards
from nightshift.failures.causes import Cause
from nightshift.failures.errors import Stopped
from nightshift.operators.outcome import OutcomeOperator
from nightshift.pages import history
from nightshift.report import night_index, night_page
from nightshift.report.outcome_rules import states_of
from nightshift.report.reporter import Reporter
from nightshift.state.ledger import Ledger, is_open
from tests.nightshift import figures, records
from tests.nightshift.findings import CLUSTER, GOOD, PROOF, TASKS, manifests, steps
from tests.patience import HEARD_ONCE

GREEN = dict.fromkeys(TASKS, "success")


@pytest.fixture
def post(aws):
    """A queue that hears what the foundation's topic is told; gives its messages."""
    topic = aws("sns").create_topic(Name="acme-night-runs")["TopicArn"]
    queue = aws("sqs").create_queue(QueueName="q", Attributes=HEARD_ONCE)["QueueUrl"]
    arn = aws("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    aws("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)

    def read():
        found = aws("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(message["Body"]) for message in found]

    return SimpleNamespace(read=read, topic=topic)


@pytest.fixture
def played(aws, night, monkeypatch):
    """A good night as it lies in the lake and in EMR, whose answers are given here."""
    ledger = Ledger(aws("s3"), night)
    for told in [*GOOD, PROOF]:
        ledger.append(
            told["task"], told["phase"], **{k: v for k, v in told.items() if k not in {"task", "phase", "at"}}
        )
    for manifest in manifests(night.pipeline):
        key = f"{night.record_prefix}manifests/{manifest['layer']}.json"
        aws("s3").put_object(Bucket="acme-night-lake", Key=key, Body=json.dumps(manifest))
    monkeypatch.setattr(EmrClient, "clusters", lambda *_: [CLUSTER])
    monkeypatch.setattr(EmrClient, "instances", lambda *_: [])
    monkeypatch.setattr(EmrClient, "steps", lambda *_: steps(*["COMPLETED"] * 3))
    return ledger


def kept(aws, night):
    key = f"{night.record_prefix}record.json"
    return json.loads(aws("s3").get_object(Bucket="acme-night-lake", Key=key)["Body"].read())


def test_a_night_is_kept_told_and_closed(aws, night, settings, post, played):
    told = Reporter(settings, night).report(GREEN, reported_by="report", topic_arn=post.topic)
    assert (told["outcome"], told["notified"]) == ("success", True)
    assert kept(aws, night) == json.loads(json.dumps(told))
    [message] = post.read()
    assert message["Subject"] == "mrhealth_sales 2026-01-04: success [acme-night]"
    closing = played.entries()[-1]
    assert (closing["phase"], closing["outcome"], closing["told_by"]) == ("closed", "success", "report")


def test_a_message_is_in_the_language_of_the_settings(night, settings, post, played):
    Reporter(replace(settings, language="pt-BR"), night).report(GREEN, reported_by="report", topic_arn=post.topic)
    [message] = post.read()
    assert message["Subject"] == "mrhealth_sales 2026-01-04: sucesso [acme-night]"
    assert "Desmontagem: nada ficou para trás" in message["Message"].splitlines()


def test_the_topic_is_found_by_name_when_nobody_says_which(night, settings, post, played):
    assert Reporter(settings, night).report(GREEN, reported_by="reaper")["notified"] is True
    assert len(post.read()) == 1


def test_that_sns_is_down_is_noted_and_does_not_hide_the_outcome(aws, night, settings, played):
    told = Reporter(settings, night).report(
        GREEN, reported_by="report", topic_arn="arn:aws:sns:us-east-1:123456789012:gone"
    )
    assert (told["outcome"], told["notified"], kept(aws, night)["notified"]) == ("success", False, False)
    *_, note, closing = played.entries()
    assert (note["phase"], note["act"], closing["outcome"]) == ("note", "not notified", "success")
    assert "NotFound" in note["why"]


def test_a_second_telling_replaces_the_first(aws, night, settings, post, played):
    reporter = Reporter(settings, night)
    reporter.report({**GREEN, "publish": "failed"}, reported_by="report", topic_arn=post.topic)
    cleanup_failure = cards.observed("publish", Cause.STOPPED, "Airflow has forgotten the run.")
    reporter.report(
        states_of(played.entries()), reported_by="reaper", topic_arn=post.topic, cleanup_failure=cleanup_failure
    )
    record = kept(aws, night)
    assert (record["outcome"], record["told_by"], record["finding"]["message"]) == (
        "success",
        "reaper",
        cleanup_failure["message"],
    )
    assert "Reported by the reaper: Airflow has forgotten the run." in post.read()[1]["Message"]


def test_what_cannot_be_asked_is_not_closed(night, settings, post, played, monkeypatch):
    def throttled(*_):
        raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "m"}}, "ListClusters")

    monkeypatch.setattr(EmrClient, "clusters", throttled)
    with pytest.raises(ClientError):
        Reporter(settings, night).report(GREEN, reported_by="report", topic_arn=post.topic)
    assert is_open(played.entries())
    assert post.read() == []


def test_before_the_first_foundation_a_failure_is_still_told_in_the_log(aws, night, settings, monkeypatch, caplog):
    monkeypatch.setattr(EmrClient, "clusters", lambda *_: [])
    aws("s3").delete_bucket(Bucket="acme-night-lake")
    with caplog.at_level("INFO", "nightshift.report.reporter"):
        told = Reporter(settings, night).report({"preflight": "failed"}, reported_by="report")
    assert (told["outcome"], told["notified"]) == ("failed", False)
    assert "FAILED in preflight (stopped)" in caplog.text


def test_before_the_first_foundation_the_record_is_kept_beside_terraforms_state_and_the_outcome_reads_it(
    aws, night, settings, monkeypatch, outcome
):
    """As after Ctrl-C in the very first apply: the card of what was stopped is told, not that nothing is known."""
    monkeypatch.setattr(EmrClient, "clusters", lambda *_: [])
    aws("s3").delete_bucket(Bucket="acme-night-lake")
    with pytest.raises(Stopped), Ledger(aws("s3"), night).act("apply_foundation", 1):
        raise Stopped("The night was interrupted (SIGINT).")
    told = Reporter(settings, night).report({"apply_foundation": "failed"}, reported_by="report")
    assert told["failure"]["message"] == "The night was interrupted (SIGINT)."
    body = aws("s3").get_object(Bucket="acme-night-state", Key=f"{night.record_prefix}record.json")["Body"].read()
    assert json.loads(body)["outcome"] == "failed"
    with pytest.raises(AirflowFailException, match=r"apply_foundation failed: The night was interrupted \(SIGINT\)"):
        outcome()


@pytest.fixture
def outcome(night, settings):
    task = OutcomeOperator(task_id="outcome", pipeline=night.pipeline, settings=settings)
    run = SimpleNamespace(run_id=night.run_id, run_after=night.requested_at, start_date=night.requested_at)

    def run_it():
        return task.execute({"dag_run": run, "params": {}, "ti": SimpleNamespace(try_number=1)})

    run_it.task = task
    return run_it


def test_the_outcome_is_green_when_the_record_says_so(night, settings, played, outcome):
    Reporter(settings, night).report(GREEN, reported_by="report")
    before = played.entries()
    assert outcome() == "success"
    assert played.entries() == before


def test_the_outcome_is_red_with_the_records_card_though_every_task_was_marked_green(
    night, settings, played, outcome, monkeypatch
):
    monkeypatch.setattr(EmrClient, "steps", lambda *_: steps("COMPLETED", "CANCELLED", "COMPLETED"))
    Reporter(settings, night).report(GREEN, reported_by="report")
    with pytest.raises(AirflowFailException, match="job_silver failed: Step silver is CANCELLED"):
        outcome()
    assert "FAILED in outcome (stopped): job_silver failed" in outcome.task.last_words


def test_a_run_that_nobody_closed_is_not_green(played, outcome):
    with pytest.raises(AirflowFailException, match="has no closing ledger entry"):
        outcome()
    assert "FAILED in outcome (stopped)" in outcome.task.last_words


def object_of(aws, key):
    return aws("s3").get_object(Bucket="acme-night-lake", Key=key)


def test_the_page_lies_beside_the_record_made_of_what_lies_there(aws, night, settings, post, played):
    page = figures.page("mrhealth_sales", figures.sales())
    aws("s3").put_object(Bucket="acme-night-lake", Key=f"{night.record_prefix}page.json", Body=json.dumps(page))
    Reporter(settings, night).report(GREEN, reported_by="report", topic_arn=post.topic)
    written = object_of(aws, f"{night.record_prefix}index.html")
    html = written["Body"].read().decode()
    assert written["ContentType"] == "text/html; charset=utf-8"
    assert "Mr. Health - Jardim" in html and night.slug in html
    assert f"Page: s3://acme-night-lake/{night.record_prefix}index.html" in post.read()[0]["Message"]


def test_the_link_in_the_message_opens_the_page_if_a_setting_allows_it(aws, night, settings, post, played):
    allowed = replace(settings, page_link_hours=2)
    Reporter(allowed, replace(night, settings=allowed)).report(GREEN, reported_by="report", topic_arn=post.topic)
    [link] = re.findall(r"^Page: (https://.*)$", post.read()[0]["Message"], re.MULTILINE)
    query = parse_qs(urlsplit(link).query)
    assert urlsplit(link).path.endswith("/index.html") and "acme-night-lake" in link
    # S3 gives no object under a KMS key to a signature of version 2.
    assert (query["X-Amz-Algorithm"], query["X-Amz-Expires"]) == (["AWS4-HMAC-SHA256"], ["7200"])


def test_that_link_names_the_host_of_the_lakes_region(night, monkeypatch):
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "key")
    there = replace(night.settings, region="sa-east-1", page_link_hours=2)
    link = night_page.link(clients.client(there, "s3"), replace(night, settings=there))
    assert link.startswith("https://s3.sa-east-1.amazonaws.com/acme-night-lake/runs/")


def test_a_run_that_was_refused_before_there_was_a_lake_has_no_page_and_no_error(aws, night, settings, post, caplog):
    s3 = aws("s3")
    for key in s3.list_objects_v2(Bucket=settings.bucket("lake")).get("Contents", ()):
        s3.delete_object(Bucket=settings.bucket("lake"), Key=key["Key"])
    s3.delete_bucket(Bucket=settings.bucket("lake"))
    with caplog.at_level("INFO"):
        told = Reporter(settings, night).report({"preflight": "failed"}, reported_by="report", topic_arn=post.topic)
    assert "There is no lake yet, so the run has no page there." in caplog.text
    assert not [entry for entry in caplog.records if entry.levelname == "ERROR"]
    assert not [warning for warning in told["warnings"] if "page" in warning.lower()]


def test_a_page_that_cannot_be_made_is_a_warning_and_fails_no_night(aws, night, settings, post, played, monkeypatch):
    def broken(*_, **__):
        raise KeyError("figures")

    monkeypatch.setattr(night_page.night, "html", broken)
    told = Reporter(settings, night).report(GREEN, reported_by="report", topic_arn=post.topic)
    assert (told["outcome"], told["notified"]) == ("success", True)
    assert kept(aws, night)["warnings"] == ["The page could not be made: KeyError: 'figures'"]
    assert "Page:" not in post.read()[0]["Message"].replace("The page", "")


def test_a_page_compares_its_night_with_those_of_the_one_index(aws, night, settings, played):
    before = [records.record(n, "mrhealth_sales", cost={"measured": n, "estimate": 1.0}) for n in (1, 2)]
    for each in before:
        night_index.keep(settings, each, "mrhealth_sales", {})
    told = Reporter(settings, night).report(GREEN, reported_by="report")
    page = object_of(aws, f"{night.record_prefix}index.html")["Body"].read().decode()
    costs = page.partition('<table id="costs">')[2].partition("</table>")[0]
    assert re.findall(r'value="([^"]+)" data-kind="usd"', costs)[:2] == ["1", "2"]
    [*_, own] = night_index.read(settings)["nights"]["mrhealth_sales"]
    assert own == json.loads(json.dumps(history.summary(told)))
    assert [key for key in keys(aws) if key.count("/") < 3 and key.startswith("runs/")] == ["runs/index.json"]


def keys(aws):
    return [each["Key"] for each in aws("s3").list_objects_v2(Bucket="acme-night-lake")["Contents"]]
