"""A night in a process of its own, on a toy DAG in the real Airflow: its events, its input, its end when stopped."""

import os
import re
import signal

import boto3
import pytest

from embedded.airflow import database
from embedded.errors import NightError
from embedded.runs.requests import Order
from embedded.runs.runner import Runner
from embedded.uploads import delivery
from tests.house import ROOT
from tests.patience import until
from tools.errors import CommandError


@pytest.fixture
def env(cloud_env, toy_dags, migrated, tmp_path):
    database.copied(tmp_path / "airflow", migrated)
    return {**cloud_env, "AIRFLOW__CORE__DAGS_FOLDER": str(toy_dags)}


@pytest.fixture
def raw(cloud_env):
    s3 = boto3.client("s3", endpoint_url=cloud_env["AWS_ENDPOINT_URL"], region_name="us-east-1")
    s3.create_bucket(Bucket="nightshift-local-raw")
    return s3


@pytest.fixture(autouse=True)
def credentials(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")


def order(uploads=(), **conf):
    return Order("toy", conf, list(uploads), [key.rsplit("/", 1)[0] + "/" for _, key in uploads])


def test_a_night_tells_its_tasks_brings_its_input_and_its_end(env, raw, tmp_path):
    file = tmp_path / "book.txt"
    file.write_text("once")
    raw.put_object(Bucket="nightshift-local-raw", Key="inbox/old.txt", Body=b"of another night")
    with Runner(env, tmp_path / "log", lambda _again: None) as runner:
        runner.work_under({"AWS_ACCESS_KEY_ID": "its-role"})
        orders = [order([(str(file), "inbox/book.txt")], seconds=0.1), order(broken=False)]
        events = [e for e in runner.play(env, orders, tick=60) if e["event"] != "tick"]
    first = [(e["event"], e.get("task")) for e in events][: events.index(nights(events)[0])]
    names = ("open_state", "apply_foundation", "work", "destroy")
    told = [(kind, name) for name in names for kind in ("running", "success")]
    assert first == [*told[:4], ("delivered", None), *told[4:]]
    assert [e["state"] for e in nights(events)] == ["success", "success"]
    objects = raw.list_objects_v2(Bucket="nightshift-local-raw")["Contents"]
    assert [item["Key"] for item in objects] == ["inbox/book.txt"]
    assert runner._process.returncode == 0
    said = re.findall(r"conducted by (\d+) as its-role for ([0-9.]+)", (tmp_path / "log").read_text())
    assert said == [(str(runner._process.pid), "0.1"), (str(runner._process.pid), "0")], "each run has its own params"


def test_an_interrupted_night_fails_its_work_without_a_retry_and_tears_down(env, tmp_path):
    heard = []
    with Runner(env, tmp_path / "log", heard.append) as runner:
        events = []
        for event in runner.play(env, [order(seconds=60), order()], tick=60):
            events.append(event)
            if (event["event"], event.get("task")) == ("running", "work"):
                until(lambda: "conducted by" in (tmp_path / "log").read_text(), what="the work itself")
                signal.raise_signal(signal.SIGINT)
    assert heard == [False] and runner.interrupted
    (night,) = nights(events)
    assert night["tasks"] == {
        "open_state": "success",
        "apply_foundation": "success",
        "work": "failed",
        "destroy": "success",
    }
    failed = next(e for e in events if e["event"] == "failed")
    assert failed["error"] == "The night was interrupted (SIGINT)."


def test_input_that_cannot_be_uploaded_stops_the_work_and_not_the_teardown(env, raw, tmp_path):
    with Runner(env, tmp_path / "log", lambda _again: None) as runner:
        events = list(runner.play(env, [order([(str(tmp_path / "gone"), "inbox/gone")])], tick=60))
    (night,) = nights(events)
    assert (night["tasks"]["work"], night["tasks"]["destroy"]) == ("failed", "success")
    assert any("The input could not be uploaded" in (e.get("error") or "") for e in events)


def test_a_process_that_dies_before_its_night_is_told_with_its_last_lines(env, tmp_path):
    (tmp_path / "dags" / "toy.py").write_text("raise RuntimeError('an airflow file without its dag')")
    with (
        Runner(env, tmp_path / "log", lambda _again: None) as runner,
        pytest.raises(NightError, match=r"ended with 1: .*an airflow file without its dag"),
    ):
        list(runner.play(env, [order()], tick=60))


def test_a_process_that_dies_of_a_full_disk_says_what_to_do(env, tmp_path):
    (tmp_path / "dags" / "toy.py").write_text("open('/dev/full', 'w').write('an airflow dag' * 9999)")
    with (
        Runner(env, tmp_path / "log", lambda _again: None) as runner,
        pytest.raises(NightError, match=r"The disk is full: free space .* ./nightshift reap"),
    ):
        list(runner.play(env, [order()], tick=60))


def test_a_player_without_orders_leaves_no_process(env, tmp_path):
    with Runner(env, tmp_path / "log", lambda _again: None) as runner:
        process = runner._process
    assert process.poll() is not None


def test_a_run_gets_a_database_of_its_own_or_hears_of_set_up(migrated, tmp_path):
    home = database.copied(tmp_path / "run", migrated)
    assert (home / "airflow.db").stat().st_size == (migrated / "airflow.db").stat().st_size
    with pytest.raises(CommandError, match="run `make setup`"):
        database.copied(tmp_path / "other", tmp_path / "absent")


def test_a_delivery_replaces_what_was_under_its_prefixes_only(cloud_env, raw, tmp_path):
    for key in ("a/old", "b/old"):
        raw.put_object(Bucket="nightshift-local-raw", Key=key, Body=b"")
    (tmp_path / "new").write_text("new")
    assert delivery.deliver(cloud_env, ["a/"], [(str(tmp_path / "new"), "a/new")]) == 1
    found = {item["Key"] for item in raw.list_objects_v2(Bucket="nightshift-local-raw")["Contents"]}
    assert {"a/new", "b/old"} <= found and "a/old" not in found


def test_a_file_that_is_there_already_keeps_the_time_at_which_it_came(cloud_env, raw, tmp_path):
    place = {"Bucket": "nightshift-local-raw", "Key": "a/in"}
    upload = (str(tmp_path / "in"), "a/in")
    (tmp_path / "in").write_text("one")
    delivery.deliver(cloud_env, ["a/"], [upload])
    told = raw.head_object(**place)["Metadata"]
    raw.put_object(**place, Body=b"eno", Metadata=told)  # it would be overwritten if it were uploaded again
    delivery.deliver(cloud_env, ["a/"], [upload])
    assert raw.get_object(**place)["Body"].read() == b"eno"
    (tmp_path / "in").write_text("two")
    delivery.deliver(cloud_env, ["a/"], [upload])
    assert raw.get_object(**place)["Body"].read() == b"two"


def test_of_files_that_are_called_alike_the_one_that_was_written_last_comes_last(cloud_env, raw, tmp_path):
    """By S3's whole seconds, or within one by the names: the longer one is taken for the later."""
    written = ["item_pedido.csv", "PEDIDO (1).csv", "pedido.csv", "pedido-corrigido.csv"]
    for second, name in enumerate(written):
        (tmp_path / name).write_text(name)
        os.utime(tmp_path / name, (second, second))
    delivery.deliver(cloud_env, ["a/"], [(str(tmp_path / name), f"a/{name}") for name in sorted(written)])
    found = raw.list_objects_v2(Bucket="nightshift-local-raw", Prefix="a/")["Contents"]
    came = {item["Key"].removeprefix("a/"): item["LastModified"] for item in found}
    assert came["PEDIDO (1).csv"] <= came["pedido.csv"] <= came["pedido-corrigido.csv"]
    (tmp_path / "pedido (2).csv").write_text("")
    os.utime(tmp_path / "pedido (2).csv", (1, 1))
    delivery.deliver(cloud_env, ["b/"], [(str(tmp_path / n), f"b/{n}") for n in ("pedido (2).csv", "pedido.csv")])
    [copy, last] = raw.list_objects_v2(Bucket="nightshift-local-raw", Prefix="b/")["Contents"]
    assert copy["LastModified"] < last["LastModified"]


def nights(events):
    return [e for e in events if e["event"] == "night"]


def test_the_process_finds_this_tree_whatever_python_and_path_it_has(tmp_path):
    shows_its_path = ("/bin/sh", "-c", 'echo "$PYTHONPATH"')
    for name, given, path in (("own", {}, f"{ROOT}"), ("more", {"PYTHONPATH": "elsewhere"}, f"{ROOT}:elsewhere")):
        said = tmp_path / name
        with Runner(given, said, lambda _again: None, shows_its_path):  # whose end kills the process
            until(lambda said=said, path=path: said.read_text() == f"{path}\n", what=f"the path {path}")
