"""A night on an Airflow elsewhere, without one: the events that its answers become."""

import httpx
import pytest

from embedded.cloud import clients
from embedded.errors import CloudError
from embedded.runs.remote import RemoteRunner
from embedded.runs.requests import Order
from tools.errors import StackError

QUIET = 3600.0


class FakeApi:
    """Answers with one look after the other, the last for ever."""

    def __init__(self, *looks):
        self.looks, self.asked = list(looks), []

    def trigger(self, dag_id, conf):
        self.asked.append((dag_id, conf))
        return f"run-{len(self.asked)}"

    def run_state(self, dag_id, run_id):
        return self.looks[0][0]

    def task_states(self, dag_id, run_id):
        return (self.looks.pop(0) if len(self.looks) > 1 else self.looks[0])[1]


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr("embedded.runs.remote.LOOK_SECONDS", 0)


def played(api, tmp_path, *orders, env=None, tick=QUIET):
    return list(RemoteRunner(api, tmp_path / "log").play(env or {}, orders, tick))


def test_each_task_is_told_when_it_begins_and_ends_and_then_the_night(tmp_path):
    looks = ({"a": "running", "b": None}, {"a": "deferred"})
    api = FakeApi(*(("running", look) for look in looks), ("success", {"a": "success", "b": "skipped"}))
    events = played(api, tmp_path, Order("toy", {"x": 1}, [], []))
    assert [(e["event"], e.get("task")) for e in events] == [
        ("running", "a"),
        ("success", "a"),
        ("skipped", "b"),
        ("night", None),
    ]
    assert events[-1]["state"] == "success" and events[-1]["tasks"] == {"a": "success", "b": "skipped"}
    assert api.asked == [("toy", {"x": 1})]
    assert len((tmp_path / "log").read_text().splitlines()) == len(events)


def test_after_a_failed_night_no_other_is_triggered(tmp_path):
    api = FakeApi(("failed", {"a": "failed"}))
    events = played(api, tmp_path, Order("one", {}, [], []), Order("two", {}, [], []))
    assert [e["event"] for e in events] == ["failed", "night"]
    assert [dag for dag, _ in api.asked] == ["one"]


def test_silence_is_told_as_a_tick(tmp_path):
    api = FakeApi(("running", {}), ("running", {}), ("success", {}))
    assert [e["event"] for e in played(api, tmp_path, Order("toy", {}, [], []), tick=0)] == ["tick", "tick", "night"]


def test_a_server_that_is_too_busy_for_a_moment_is_asked_again_and_a_dead_one_told(tmp_path, monkeypatch):
    api = FakeApi(("success", {}))
    state, answers = api.run_state, iter([httpx.ReadTimeout("busy"), httpx.ReadTimeout("busy"), None])

    def busy(*run):
        if problem := next(answers, None):
            raise problem
        return state(*run)

    api.run_state, api.url = busy, "http://airflow"
    assert played(api, tmp_path, Order("toy", {}, [], []))[-1]["state"] == "success"

    monkeypatch.setattr("embedded.runs.remote.PATIENCE_SECONDS", 0)
    answers = iter([httpx.ConnectError("gone")] * 9)
    with pytest.raises(StackError, match="no longer answers"):
        played(api, tmp_path, Order("toy", {}, [], []))


def test_input_comes_before_the_run_when_there_is_a_bucket(cloud_env, tmp_path):
    s3, bucket = clients.s3(cloud_env), f"{cloud_env['NIGHTSHIFT_NAME']}-raw"
    s3.create_bucket(Bucket=bucket)
    text = tmp_path / "a.txt"
    text.write_text("word")
    played(FakeApi(("success", {})), tmp_path, Order("toy", {}, [(str(text), "in/a.txt")], ["in/"]), env=cloud_env)
    assert s3.get_object(Bucket=bucket, Key="in/a.txt")["Body"].read() == b"word"


def test_input_that_cannot_be_uploaded_is_one_sentence_and_no_run(cloud_env, tmp_path):
    api = FakeApi(("success", {}))
    lost = {**cloud_env, "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
    with pytest.raises(CloudError, match="could not be uploaded"):
        played(api, tmp_path, Order("toy", {}, [("/nowhere", "k")], []), env=lost)
    assert api.asked == []
