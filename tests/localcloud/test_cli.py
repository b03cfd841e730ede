"""The command line, with the real detached server: up, status, faults, down."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from localcloud import credentials
from localcloud.credentials import Access
from localcloud.daemon import exports
from localcloud.settings import Settings
from tests.localcloud.helpers import client_at, cluster_request, step
from tests.patience import lives, until

ROOT = Path(__file__).parents[2]


class Shell:
    """Runs `python -m localcloud …` in a directory that is not the project's."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.home = directory / ".localcloud"
        self.environ = {**os.environ, "PYTHONPATH": str(ROOT), "LOCALCLOUD_PORT": "0"}
        self.environ.pop("LOCALCLOUD_HOME", None)

    def __call__(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "localcloud", *words]
        return subprocess.run(
            command, cwd=self.directory, env=self.environ, capture_output=True, text=True, timeout=300, check=False
        )

    def state(self) -> dict[str, Any]:
        return json.loads((self.home / "server.json").read_text())

    def access(self) -> Access:
        return Access(self.state()["endpoint"], credentials.read(self.home / "credentials"))


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    shell = Shell(tmp_path)
    yield shell
    shell("down")


@pytest.fixture
def owner() -> Iterator[subprocess.Popen[bytes]]:
    """A process that a server is told to live with."""
    process = subprocess.Popen(["sleep", "600"])
    yield process
    process.kill()
    process.wait()


def test_up_is_idempotent_and_down_leaves_no_process(shell: Shell) -> None:
    first, second = shell("up"), shell("up")
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    state = shell.state()
    assert exports(state["endpoint"], Settings(home=shell.home)) in first.stdout
    assert f"was up already: {state['endpoint']}" in second.stdout
    assert f"localcloud is up: {state['endpoint']}" in shell("status").stdout
    assert shell("down").stdout == "localcloud is down\n"
    until(lambda: not lives(state["pid"]))  # the kernel takes a moment to bury what has let go of its memory
    assert not (shell.home / "server.json").exists()


def test_without_a_server_status_fails_and_down_does_not(shell: Shell) -> None:
    status, down = shell("status"), shell("down")
    assert (status.returncode, down.returncode) == (1, 0)
    assert down.stdout == "localcloud was not up\n"


def test_a_taken_port_is_said_in_one_sentence(shell: Shell) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = shell("up", "--port", str(port))
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"localcloud: port {port} on 127.0.0.1 is taken")
    assert refused.stderr.count("\n") == 1


def test_a_server_that_was_killed_is_not_mistaken_for_a_running_one(shell: Shell) -> None:
    shell("up")
    killed = shell.state()["pid"]
    os.kill(killed, signal.SIGKILL)
    until(lambda: shell("status").returncode, lambda code: code == 1)
    assert "is up:" in shell("up").stdout
    assert shell.state()["pid"] != killed


def test_faults_are_armed_listed_and_cleared_from_the_shell(shell: Shell) -> None:
    shell("up")
    added = shell("faults", "add", "step-failure", "--step", "gold*", "--times", "2", "--message", "disk full")
    assert added.stdout == "fault-1  step-failure  2 x  step=gold*  message=disk full\n"
    shell("faults", "add", "sns-down", "--forever")
    assert shell("faults", "list").stdout.splitlines()[1] == "fault-2  sns-down  for ever"
    assert shell("faults", "clear").stdout == "cleared: 2\n"
    assert shell("faults", "list").stdout == "no fault is armed\n"


def test_asking_for_faults_without_a_server_says_how_to_start_one(shell: Shell) -> None:
    refused = shell("faults", "list")
    assert refused.returncode == 1
    assert "start it with `localcloud up`" in refused.stderr


def test_a_foreground_server_ends_cleanly_when_it_is_told_to(shell: Shell) -> None:
    command = [sys.executable, "-m", "localcloud", "up", "--foreground"]
    with subprocess.Popen(command, cwd=shell.directory, env=shell.environ, stderr=subprocess.PIPE) as server:
        until((shell.home / "server.json").exists)
        server.send_signal(signal.SIGINT)
        _, errors = server.communicate(timeout=300)
    assert server.returncode == 0, errors
    assert b"Traceback" not in errors


def hanging_step(shell: Shell, emr: Any, s3: Any) -> None:
    script = (
        f"sleep 600 & echo $! > {shell.directory}/pid.new; mv {shell.directory}/pid.new {shell.directory}/pid; wait"
    )
    emr.run_job_flow(**cluster_request(Steps=[step("bash", "-c", script)]))


def time_limit(shell: Shell, emr: Any, s3: Any) -> None:
    """What a cluster's own limit leaves: a timer in a session of its own, detached from all that started it."""
    s3.create_bucket(Bucket="actions")
    timer = (
        'setsid bash -c \'echo $$ >"$1.new"; mv "$1.new" "$1"; sleep 600; :\' timer "$1" </dev/null >/dev/null 2>&1 &'
    )
    s3.put_object(Bucket="actions", Key="limit.sh", Body=f"#!/bin/bash\n{timer}\n".encode())
    script = {"Path": "s3://actions/limit.sh", "Args": [str(shell.directory / "pid")]}
    emr.run_job_flow(**cluster_request(BootstrapActions=[{"Name": "limit", "ScriptBootstrapAction": script}]))


@pytest.mark.parametrize("end", ["down", "kill", "owner"])
@pytest.mark.parametrize("work", [hanging_step, time_limit])
def test_no_process_of_a_cluster_outlives_the_server(
    shell: Shell, owner: subprocess.Popen[bytes], work: Any, end: str
) -> None:
    shell("up", "--owner", str(owner.pid))
    state, pid_file = shell.state(), shell.directory / "pid"
    work(shell, client_at(shell.access(), "emr"), client_at(shell.access(), "s3", "us-east-1"))
    until(pid_file.exists)
    first = psutil.Process(int(pid_file.read_text()))
    pids = [state["pid"], first.pid, *(child.pid for child in first.children(recursive=True))]
    if end == "down":
        assert shell("down").returncode == 0
    elif end == "kill":
        os.kill(state["pid"], signal.SIGKILL)
    else:
        owner.kill()
        owner.wait()
    until(lambda: not any(lives(pid) for pid in pids))


def test_help_lists_every_command_and_every_fault(shell: Shell) -> None:
    commands = shell("--help").stdout
    assert all(word in commands for word in ("up", "status", "down", "faults", "clusters"))
    kinds = shell("faults", "add", "--help").stdout
    assert "capacity-refused" in kinds
    assert "node-lost" in kinds
