"""Another user of this machine while a step of Spark's runs: every socket that its processes listen on, every file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import psutil
import pytest

from embedded.terminal.logs import new_log
from localcloud.credentials import Access, Credentials
from localcloud.steps import StepRunner, StepSettings
from tests.localcloud.steps import neighbour
from tests.localcloud.steps.conftest import request_of
from tests.patience import until
from tools import paths

pytestmark = [
    pytest.mark.spark,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can play another user"),
]

WORD, KEY, JAR = "a row of nobody else's", "the-key-of-the-step", b"the user's own code"

# Serves all that Spark serves: rows that are cached, jars, Python's workers and their sums. It waits to be knocked at.
JOB = f"""
import json, os, sys, time
from pyspark.sql import SparkSession

spark, (ready, go) = SparkSession.builder.getOrCreate(), sys.argv[1:]
sc = spark.sparkContext
rows = sc.parallelize([{WORD!r}], 1).map(str).cache()
assert rows.collect() == [{WORD!r}]
facts = {{
    "app": sc.applicationId,
    "rows": rows.id(),
    "rpc": int(sc.getConf().get("spark.driver.port")),
    "blocks": sc._jvm.org.apache.spark.SparkEnv.get().blockManager().blockManagerId().port(),
    "py4j": int(os.environ["PYSPARK_GATEWAY_PORT"]),
    "sums": sc._accumulatorServer.server_address[1],
    "token": os.environ["PYSPARK_GATEWAY_SECRET"],
}}
with open(ready + ".part", "w") as file:
    json.dump(facts, file)
os.rename(ready + ".part", ready)
while not os.path.exists(go):
    time.sleep(0.02)
assert rows.collect() == [{WORD!r}]
spark.stop()
"""


@pytest.fixture(scope="module")
def open_place() -> Iterator[Path]:
    """A folder that every user of this machine may enter, as a home or a checkout often is."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture
def knocked(s3: Any, open_place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the neighbour of a running step was told, and how the step ended after it."""
    for key, body in {"main.py": JOB.encode(), "own.jar": JAR}.items():
        s3.put_object(Bucket="lake", Key=key, Body=body)
    monkeypatch.setattr(paths, "STATE", open_place / ".nightshift")
    monkeypatch.setattr(paths, "LOGS", open_place / ".nightshift" / "logs")
    new_log("night").write_text(WORD)
    runner = StepRunner(open_place / "work", settings=StepSettings(cores=1))
    ready, go, ends = tmp_path / "ready", tmp_path / "go", []
    words = ("spark-submit", "--jars", "s3://lake/own.jar", "s3://lake/main.py", str(ready), str(go))
    request = request_of(*words, access=Access("http://127.0.0.1:9", Credentials("key", KEY)))
    before = _processes()  # other tests' databases, this worker's Spark
    step = Thread(target=lambda: ends.append(runner.run(request)))
    step.start()
    try:
        until(lambda: ready.exists() or ends)
        assert not ends, ends
        facts = json.loads(ready.read_text())
        told = _told({**facts, "top": str(open_place), **_of_step(before)})
    finally:
        go.touch()
        step.join()
        runner.close()
    return {**told, "facts": facts, "ended": ends[0].exit_code}


def _processes() -> list[psutil.Process]:
    return psutil.Process().children(recursive=True)


def _of_step(before: list[psutil.Process]) -> dict[str, list[int]]:
    """The processes that are new since then, and the ports on which they listen."""
    new = [process for process in _processes() if process not in before]
    links = [link for process in new for link in process.net_connections("tcp")]
    assert {link.laddr.ip.removeprefix("::ffff:") for link in links} == {"127.0.0.1"}  # Java has one socket for both
    ports = {link.laddr.port for link in links if link.status == psutil.CONN_LISTEN}
    return {"pids": [process.pid for process in new], "ports": sorted(ports)}


def _told(facts: dict[str, Any]) -> dict[str, Any]:
    command = [sys.executable, "-I", neighbour.__file__, json.dumps(facts)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd="/")
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_another_user_of_this_machine_gets_nothing_of_a_running_step(knocked: dict[str, Any]) -> None:
    facts, said = knocked["facts"], {(port, knock): answer for port, knock, answer in knocked["answers"]}
    names = {facts[name]: name for name in ("rpc", "blocks", "py4j", "sums")}
    assert len({port for port, _ in said}) == 1 + len(names)  # that of Python's workers; one more is to be knocked at
    told = {(names.get(port, "workers"), knock): answer for (port, knock), answer in said.items()}

    assert told["py4j", "py4j without token"] == "!xsAuthentication error: unexpected command.\n"
    assert told["py4j", "py4j with another token"] == "!xsAuthentication error: bad auth token received.\n"
    for name in ("rpc", "blocks"):
        assert "Expected SaslMessage" in told[name, "the block of cached rows"]
    assert "was not found" in told["rpc", "a jar"]  # it is asked before SASL
    assert told["workers", "a worker with another secret"].endswith("err")
    assert {answer for (name, _), answer in told.items() if name == "sums"} == {""}

    read = dict(knocked["read"])
    assert {Path(path).name for path in read} == {"cmdline"}  # neither environment nor memory, and none of its files
    for secret in (WORD, KEY, facts["token"], JAR.decode(), "spark-core"):
        assert not [knock for knock, answer in told.items() if secret in answer]
        assert not [path for path, text in read.items() if secret in text]
    assert knocked["ended"] == 0
