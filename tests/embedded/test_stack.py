"""Airflow with its real scheduler: up, a run with teardown, a failing run, and nothing left."""

import gzip
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import quote

import psutil
import pytest

from embedded.airflow import api
from embedded.airflow.api import AirflowApi
from embedded.airflow.stack import AirflowStack
from embedded.cloud import clients, endpoint, environment
from nightshift.compute.emr.target import place_of
from nightshift.config import Settings
from nightshift.operators.links import COMPUTE, GOLD, PAGE, RECORD, STEP_LOG
from nightshift.pages import night
from nightshift.pipelines import PIPELINES
from nightshift.report import night_index, products
from nightshift.report import record as built
from nightshift.report.outcome_rules import RunFacts
from nightshift.run import run_context
from nightshift.run.ids import slug_of
from nightshift.run.links import JOB_KEY
from tests import browser
from tests.localcloud.helpers import cluster_request
from tests.nightshift import figures, findings
from tests.nightshift.records import ZONE, record
from tests.patience import lives, until, words_of
from tools import paths
from tools.errors import StackError

pytestmark = pytest.mark.scheduler
OFTEN = {
    "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "1",
    "AIRFLOW__DAG_PROCESSOR__BUNDLE_REFRESH_CHECK_INTERVAL": "1",
}


@pytest.mark.long  # tests/chaos does all of it to whole nights, test_api.py the waiting for a DAG
def test_runs_end_as_their_tasks_do_and_no_process_is_left(cloud_env, toy_dags, tmp_path, monkeypatch):
    env = {**cloud_env, "AIRFLOW__CORE__DAGS_FOLDER": str(toy_dags)}
    with AirflowStack(env, tmp_path / "airflow", tmp_path / "logs", settings=OFTEN) as stack:
        assert set(stack.api.dags()) == {"toy"}
        a_dag_that_is_not_read_yet_is_waited_for_and_one_that_is_nowhere_is_named(stack, toy_dags, monkeypatch)
        good, bad = stack.api.trigger("toy"), stack.api.trigger("toy", {"seconds": 600})
        assert stack.api.wait("toy", good, seconds=600) == "success"
        # Marked while its task only waits to run, Airflow would skip the task and call the run a success.
        until(lambda: stack.api.task_states("toy", bad)["work"] == "running")
        stack.api.mark_run("toy", bad, "failed")
        assert stack.api.wait("toy", bad, seconds=600) == "failed"
        assert stack.api.task_states("toy", good)["destroy"] == "success"
        marked = stack.api.trigger("toy", {"seconds": 600})
        until(lambda: stack.api.task_states("toy", marked).get("work") == "running")
        stack.restart("scheduler", signal.SIGKILL)
        stack.api.mark_task("toy", marked, "work", "failed")
        assert stack.api.wait("toy", marked, seconds=600) == "failed"
        assert {"work", "destroy", "open_state"} <= set(stack.api.clear("toy", marked, "work"))
        until(lambda: stack.api.task_states("toy", marked)["work"] == "running")
        stack.api.mark_run("toy", marked, "failed")
        assert stack.api.wait("toy", marked, seconds=600) == "failed"
        parts = [psutil.Process(pid) for pid in stack.pids.values()]
        family = [*parts, *(child for part in parts for child in part.children(recursive=True))]
    assert [process for process in family if lives(process.pid)] == []


def a_dag_that_is_not_read_yet_is_waited_for_and_one_that_is_nowhere_is_named(stack, folder, monkeypatch):
    processor = psutil.Process(stack.pids["dag-processor"])
    processor.suspend()  # or it may have read the file before it is looked for
    (folder / "late.py").write_text((folder / "toy.py").read_text().replace('DAG("toy"', 'DAG("late"'))
    assert "late" not in stack.api.dags()
    processor.resume()
    assert stack.api.wait("late", stack.api.trigger("late"), seconds=600) == "success"
    with monkeypatch.context() as patch, pytest.raises(StackError, match="no DAG nobody in 1 s: there are late, toy; "):
        patch.setattr(api, "READ_SECONDS", 1)
        stack.api.trigger("nobody")


# What a page from the lake would do to its reader.
THIEF = """<p id=stolen></p><script>
let seen = "nothing"; try { seen = document.cookie || parent.document.cookie || "nothing"; } catch (closed) {}
document.getElementById("stolen").textContent = seen;</script>"""
PICTURES = paths.ROOT / ".nightshift" / "ui" / "pictures"


def nights(run):
    """The last ten nights of two products: the latest of wordcount is `run`, one of sales failed and left a cluster."""
    said = "Step silver is FAILED: OutOfMemoryError: Java heap space"
    failure = {"task": "job_silver", "cause": "capacity", "message": said}
    for ago in range(10, 0, -1):
        started = datetime.now(UTC) - timedelta(days=ago - 1, minutes=20)
        times = {"started_at": started.isoformat(), "ended_at": (started + timedelta(minutes=14)).isoformat()}
        day = str(started.date() - timedelta(days=1))
        own = {"run_id": run, "slug": slug_of(run), "outcome": "success with warnings"} if ago == 1 else {}
        yield record(ago, business_date=day, **times, **own)
        bad = {"outcome": "failed", "failure": failure, "proof": {"alive": ["cluster j-1"]}} if ago == 1 else {}
        gold = [{"table": "alerts", "uri": f"s3://l/gold/mrhealth_sales/alerts/business_date={day}/", "rows": 3}]
        cost = {"measured": 0.31 + ago / 9, "estimate": 0.9}
        yield record(ago, "mrhealth_sales", business_date=day, cost=cost, gold=[] if bad else gold, **times, **bad)


def the_pages_of_nightshift_are_in_airflows_ui(address, user, password, env, whole, servers):
    """Seen by a browser, which starts a run by its form: a night of the lake on Home, in the sidebar, in its DAG's tab
    and its run's tab, and behind the links of its tasks. `whole` is the record of a night, `servers` are the processes
    of Airflow's API."""
    shutil.rmtree(PICTURES, ignore_errors=True)
    PICTURES.mkdir(parents=True)
    there, airflow = (address, user, password, str(PICTURES), "wordcount"), AirflowApi(address, user, password)
    until(lambda: "wordcount" in airflow.dags(), seconds=600)
    script = Path(__file__).with_name("ui_pages.py")
    run = browser.play(script, "form", *there, "2026-01-04").strip()
    answer_late(airflow, run, servers)
    s3, lake = clients.s3(env), f"{environment.NAME}-lake"
    s3.create_bucket(Bucket=lake)
    index = night_index.empty(products.all_of_them())
    played = [*nights(run)]
    for each in played:
        index = night_index.updated(index, each, each["pipeline"], ZONE)
    s3.put_object(Bucket=lake, Key=night_index.KEY, Body=json.dumps(index))
    page = night.html(whole, figures.page("wordcount", figures.words())).replace("</main>", f"{THIEF}</main>")
    for name, body in (("index.html", page), ("record.json", json.dumps(whole))):
        s3.put_object(Bucket=lake, Key=f"runs/wordcount/{slug_of(run)}/{name}", Body=body)
    pushed_links(airflow, run, env, s3)
    said = browser.play(script, "pages", *there, run)
    pages = dict(line.split(": ", 1) for line in said.splitlines())
    assert f"! WordCount {played[-2]['business_date']}" in pages["1-home"] and "✗ MrHealth sales" in pages["1-home"]
    assert "cluster j-1" in pages["4-alive"]
    assert run in pages["2-nights"] and run in pages["7-dag"]
    assert [name for name in ("Compute", "Step log", "Record", "Gold", "Page") if not pages.get(name)] == []
    assert len(list(PICTURES.iterdir())) == 17
    assert airflow.wait("wordcount", run, seconds=600) == "success"
    assert airflow.call("GET", f"/dags/wordcount/dagRuns/{run}/taskInstances/preflight")["try_number"] == 1


def answer_late(airflow, run, servers):
    """While a task runs, Airflow's API answers nothing for longer than Airflow gives it by default, which is 5 s."""
    until(lambda: airflow.task_states("wordcount", run).get("preflight") in {"running", "success"}, seconds=600)
    for server in servers:
        server.suspend()
    time.sleep(7)
    for server in servers:
        server.resume()


def pushed_links(airflow, run, env, s3):
    """What a night's tasks push when they end, for a run that ended before them: a cluster, a step's log, the links."""
    cluster = clients.client(env, "emr").run_job_flow(**cluster_request())["JobFlowId"]
    logs = f"{environment.NAME}-logs"
    s3.create_bucket(Bucket=logs)
    body = gzip.compress(b"Counting words of the text\n")
    s3.put_object(Bucket=logs, Key=f"emr/{cluster}/steps/s-1/stdout.gz", Body=body)
    job = {"target": "emr", "place_id": cluster, "job_id": "s-1"}
    push_xcom(airflow, run, "start_compute", "return_value", {"target": "emr", "id": cluster})
    push_xcom(airflow, run, "job_wordcount", JOB_KEY, job)
    of_task = {"start_compute": [COMPUTE], "job_wordcount": [STEP_LOG], "report": [PAGE, RECORD, GOLD]}
    for task, those in of_task.items():
        key = SimpleNamespace(dag_id="wordcount", run_id=run, task_id=task)
        for link in those:
            push_xcom(airflow, run, task, link.xcom_key, link.get_link(None, ti_key=key))


def push_xcom(airflow, run, task, key, value):
    path = f"/dags/wordcount/dagRuns/{quote(run)}/taskInstances/{task}/xcomEntries"
    airflow.call("POST", path, {"key": key, "value": value})


def environ_of(process):
    """The environment of a process; {} of one that is gone."""
    try:
        return process.environ()
    except psutil.Error:
        return {}


@pytest.fixture
def whole_record():
    """The record of a good night of wordcount, with all that report writes."""
    pipeline, settings = PIPELINES["wordcount"], Settings(name=environment.NAME)
    asked = datetime(2026, 1, 5, 3, tzinfo=UTC)
    facts = RunFacts(
        entries=[*findings.GOOD, findings.PROOF],
        states=dict.fromkeys(findings.TASKS, "success"),
        places=[place_of(findings.CLUSTER)],
        jobs=findings.jobs("COMPLETED", names=["wordcount"]),
        manifests=findings.manifests(pipeline),
        ended_at=findings.NOW + timedelta(minutes=9),
    )
    run = run_context.from_run(settings, pipeline, f"manual__{asked.isoformat()}", asked, {})
    return json.loads(json.dumps(built.build(run, facts)))


@pytest.mark.terraform
def test_the_ui_prints_address_and_login_and_stops_everything_on_sigterm(whole_record):
    env = {key: value for key, value in os.environ.items() if key != "AWS_ENDPOINT_URL"}
    command = [sys.executable, "-m", "embedded", "ui"]
    with subprocess.Popen(command, cwd=paths.ROOT, env=env, stdout=subprocess.PIPE, text=True) as ui:
        lines = []
        try:
            for line in ui.stdout:
                lines.append(line.strip())
                if line.startswith("Ctrl-C"):
                    break
            family = psutil.Process(ui.pid).children(recursive=True)
            address, user, _, password = (word for line in lines[1:3] for word in line.split()[1:])
            if browser.chromium():
                servers = [each for each in family if "api_server" in " ".join(words_of(each)).replace("-", "_")]
                theirs = next(given for given in map(environ_of, family) if "AIRFLOW__API__PORT" in given)
                the_pages_of_nightshift_are_in_airflows_ui(address, user, password, theirs, whole_record, servers)
            seen = endpoint.running(paths.LOCALCLOUD_HOME)  # so that `cloud status`, `reap` and `diagnose` see it too
        finally:
            ui.send_signal(signal.SIGTERM)
        assert ui.wait(timeout=300) == 0
    assert seen and endpoint.running(paths.LOCALCLOUD_HOME) is None
    assert [line.split(":")[0] for line in lines[1:4]] == ["Airflow", "Login", "Cloud"] and len(family) >= 4
    assert [process for process in family if lives(process.pid)] == []
