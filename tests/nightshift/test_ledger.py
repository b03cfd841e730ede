"""The ledger: nothing lost, nothing overwritten."""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from airflow.sdk.exceptions import AirflowTaskTimeout, TaskDeferred
from botocore.exceptions import ClientError, EndpointConnectionError

from nightshift.aws.conditional import LOST, delete_if, put_if
from nightshift.failures.errors import JobFailed
from nightshift.run.run_context import IDENTITY
from nightshift.state.ledger import OPEN, Ledger, is_open, lease_of, marker, open_runs, over

SLOW = ClientError({"Error": {"Code": "SlowDown", "Message": "m"}}, "PutObject")


@pytest.fixture
def ledger(aws, night):
    return Ledger(aws("s3"), night)


def phases(ledger):
    return [(e["task"], e["phase"]) for e in ledger.entries()]


def test_an_act_leaves_an_entry_before_and_after(ledger):
    with ledger.act("start_compute", attempt=1) as facts:
        assert phases(ledger) == [("start_compute", "begin")]
        facts["cluster_id"] = "j-1"
    assert phases(ledger)[1:] == [("start_compute", "end")]
    assert ledger.entries()[1]["cluster_id"] == "j-1"


def test_a_failed_act_says_why_and_what_next_and_lets_the_error_go_on(ledger):
    with pytest.raises(JobFailed), ledger.act("job_gold", attempt=2):
        raise JobFailed("Step gold is FAILED: boom")
    entry = ledger.entries()[-1]
    assert (entry["phase"], entry["attempt"], entry["cause"]) == ("failed", 2, "code")
    assert entry["message"] == "Step gold is FAILED: boom"
    assert entry["next_action"].startswith("Fix the code")
    assert entry["links"]["record"].endswith("/record.json")


@pytest.mark.parametrize("down", [EndpointConnectionError(endpoint_url="https://s3"), SLOW], ids=["silent", "refused"])
def test_what_the_act_failed_of_is_not_hidden_by_a_ledger_that_cannot_be_written(aws, night, caplog, down):
    def unreachable(**_):
        raise down

    s3 = aws("s3")
    with pytest.raises(JobFailed, match="boom"), Ledger(s3, night).act("job_gold", attempt=1):
        s3.meta.events.register("before-call.s3", unreachable)
        raise JobFailed("Step gold is FAILED: boom")
    assert "FAILED in job_gold (code): Step gold is FAILED: boom" in caplog.text


def test_a_deferred_act_stays_open_until_it_is_resumed(ledger):
    with pytest.raises(TaskDeferred), ledger.act("job_gold", attempt=1):
        raise TaskDeferred(trigger=None, method_name="resume")
    with ledger.act("job_gold", attempt=1, resumed=True):
        pass
    assert phases(ledger) == [("job_gold", "begin"), ("job_gold", "end")]


def test_two_writers_at_once_lose_nothing(localcloud, night):
    """On localcloud, whose conditional writes are one at a time as S3's are; moto looks first and writes then."""
    localcloud()
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=night.settings.bucket("lake"))

    def write(number):
        Ledger(s3, night).append("t", "begin", number=number)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(24)))
    entries = Ledger(s3, night).entries()
    assert sorted(e["number"] for e in entries) == list(range(24))


def test_an_act_lists_the_ledger_once_and_an_entry_is_read_once(aws, night):
    s3 = aws("s3")
    ledger, called = Ledger(s3, night), Counter()
    s3.meta.events.register("before-call.s3", lambda model, **_: called.update([model.name]))
    with ledger.act("audit", attempt=1):
        pass
    Ledger(aws("s3"), night).append("audit", "end")  # another writer has taken the next number
    ledger.append("audit", "end")
    assert called["ListObjectsV2"] == 1
    for _ in range(3):
        assert phases(ledger) == [("audit", "begin"), *[("audit", "end")] * 3]
    assert called["GetObject"] == 4


def test_a_lake_that_comes_during_an_act_has_the_entries_from_then_on(aws, night):
    aws("s3").delete_bucket(Bucket="acme-night-lake")
    ledger = Ledger(aws("s3"), night)
    with ledger.act("apply_foundation", attempt=1):
        assert phases(ledger) == [("apply_foundation", "begin")]
        aws("s3").create_bucket(Bucket="acme-night-lake")
    assert phases(ledger) == [("apply_foundation", "end")]


def test_before_the_first_foundation_there_is_no_lake_and_the_ledger_is_beside_terraforms_state(aws, night):
    aws("s3").delete_bucket(Bucket="acme-night-lake")
    ledger = Ledger(aws("s3"), night)
    with ledger.act("apply_foundation", attempt=1):
        pass
    assert phases(ledger) == [("apply_foundation", "begin"), ("apply_foundation", "end")]
    ledger.close("failed", reported_by="report")
    assert not is_open(ledger.entries())


def test_without_any_bucket_there_is_no_ledger_and_that_is_no_error(aws, night):
    for kind in ("lake", "state"):
        aws("s3").delete_bucket(Bucket=f"acme-night-{kind}")
    ledger = Ledger(aws("s3"), night)
    with ledger.act("preflight", attempt=1):
        pass
    assert ledger.entries() == []


def test_a_task_that_ran_out_of_time_leaves_its_word_too(ledger):
    with pytest.raises(AirflowTaskTimeout), ledger.act("apply_transient", attempt=1):
        raise AirflowTaskTimeout("Timeout, PID: 7")
    assert ledger.entries()[-1]["cause"] == "timeout"


def test_a_run_is_open_from_its_first_act_until_it_is_closed(aws, ledger, night):
    assert open_runs(aws("s3"), night.settings) == []
    with ledger.act("preflight", attempt=1):
        assert open_runs(aws("s3"), night.settings) == [night.identity]
    assert is_open(ledger.entries())
    ledger.close("success", reported_by="report")
    assert open_runs(aws("s3"), night.settings) == []
    assert not is_open(ledger.entries())
    assert ledger.entries()[-1]["identity"] == night.identity


def test_a_cleared_run_is_open_again_with_a_new_expiry(aws, ledger, night):
    with ledger.act("preflight", attempt=1):
        pass
    later = replace(night, started_at=night.requested_at + timedelta(hours=30))
    with Ledger(aws("s3"), later).act("start_compute", attempt=2):
        [marker] = open_runs(aws("s3"), night.settings)
    assert marker["started_at"] == "2026-01-06T09:00:00+00:00"
    with ledger.act("late", attempt=1):  # an older try of it does not turn the clock back
        assert open_runs(aws("s3"), night.settings) == [marker]


def test_a_marker_that_is_removed_while_it_is_renewed_is_made_anew(aws, ledger, night):
    with ledger.act("preflight", attempt=1):
        pass
    later, s3 = replace(night, started_at=night.requested_at + timedelta(hours=30)), aws("s3")
    s3.meta.events.register(
        "before-call.s3.PutObject", lambda params, **_: ledger.unmark() if "If-Match" in params["headers"] else None
    )
    with Ledger(s3, later).act("start_compute", attempt=2):
        assert open_runs(aws("s3"), night.settings) == [later.identity]


def test_a_run_whose_task_begins_while_it_is_closed_keeps_its_marker(aws, ledger, night, monkeypatch):
    append = Ledger.append

    def begin_meanwhile(self, task, phase, **facts):
        append(self, task, phase, **facts)
        if phase == "closed":
            append(self, "start_compute", "begin", attempt=2)

    monkeypatch.setattr(Ledger, "append", begin_meanwhile)
    ledger.close("failed", reported_by="reaper")
    assert open_runs(aws("s3"), night.settings) == [night.identity]


def test_the_lease_of_an_act_is_its_own_limit_and_the_grace(ledger, settings):
    began = datetime.now(UTC)
    with ledger.act("job_gold", attempt=1, limit=timedelta(minutes=180)):
        held = lease_of(ledger.entries()) - began
    assert timedelta(minutes=240) <= held < timedelta(minutes=241)
    assert timedelta(minutes=60) <= lease_of(ledger.entries()) - began < timedelta(minutes=61)


def test_a_note_is_no_sign_of_life(ledger):
    assert lease_of([]) is None
    ledger.note("reaper", "unlocked", "its owner is dead", lock="1")
    assert lease_of(ledger.entries()) is None
    assert not is_open(ledger.entries())


NOW = datetime(2026, 1, 5, 3, tzinfo=UTC)


def said(task, phase="begin", lease=None):
    return {"task": task, "phase": phase, **({"lease": lease.isoformat()} if lease else {})}


def test_a_run_is_given_up_when_its_ledger_is_closed_or_its_lease_has_ended():
    assert over([said("a", lease=NOW), said("ledger", "closed")], NOW) == "its ledger is closed"
    assert over([said("a", lease=NOW)], NOW) == over([said("a")], NOW) == ""
    late = NOW + timedelta(minutes=1)
    assert over([said("a", lease=NOW)], late) == "its lease expired at 2026-01-05T03:00Z"


def test_a_run_whose_process_is_gone_is_given_up_before_its_lease_has_ended():
    gone = "its process 7 on laptop is gone"
    assert over([said("a", lease=NOW)], NOW, gone) == gone
    assert over([said("a", lease=NOW), said("ledger", "closed")], NOW, gone) == "its ledger is closed"


def test_the_lease_is_that_of_the_runs_own_last_sign_of_life_whatever_its_task_is_called():
    later, latest = NOW + timedelta(hours=1), NOW + timedelta(hours=2)
    entries = [said("z", lease=NOW), said("a", lease=later), said("reaper", lease=latest), said("a", "note")]
    assert lease_of(entries) == later
    assert lease_of([said("a", "note"), said("reaper", lease=latest)]) is None


def test_a_number_that_another_writer_took_meanwhile_is_followed_by_the_next(aws, night, monkeypatch):
    late = Ledger(aws("s3"), night)
    late.append("a", "begin")
    with monkeypatch.context() as before:
        before.setattr(late, "_listed", lambda: (night.settings.bucket("lake"), []))  # before the other wrote
        late.append("b", "begin")
    assert [key[-11:] for key in late._listed()[1]] == ["000000.json", "000001.json"]


class Answers:
    """An S3 that answers every change with one error; with none, it lets it happen."""

    def __init__(self, code):
        self._code = code

    def put_object(self, **_):
        if self._code:
            raise ClientError({"Error": {"Code": self._code, "Message": "m"}}, "any")
        return {"ETag": "e"}

    delete_object = put_object


@pytest.mark.parametrize(
    "act", [lambda s3: put_if(s3, "b", "k", b"", IfMatch="e"), lambda s3: delete_if(s3, "b", "k", "e")]
)
def test_a_change_under_a_condition_says_whether_it_held_and_raises_what_is_another_error(act):
    assert act(Answers(None))
    assert not any(act(Answers(code)) for code in LOST)
    with pytest.raises(ClientError, match="SlowDown"):
        act(Answers("SlowDown"))


def test_a_marker_may_say_more_than_an_identity_and_not_less(aws, night, caplog):
    def read(content):
        s3 = aws("s3")
        s3.put_object(Bucket=night.settings.bucket("lake"), Key=f"{OPEN}x/y.json", Body=json.dumps(content))
        return marker(s3, night.settings, "x/y")

    more = {**night.identity, "later": "version"}
    least = {key: value for key, value in more.items() if key in IDENTITY}
    assert read(more) == more
    assert read(least) == least
    assert read({"started_at": "now"}) is None
    assert read(["no", "dict"]) is None
    assert "is not a valid run marker" in caplog.text
