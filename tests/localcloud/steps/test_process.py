"""The process of a step: nothing of it outlives its end, its kill, or the server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from localcloud.steps.process import StepProcess, open_files
from tests.patience import lives, until

ROOT = Path(__file__).parents[3]


@pytest.fixture
def start(tmp_path):
    started = []

    def start(*argv, grace=1.0):
        process = StepProcess(argv, tmp_path, {"PATH": os.environ["PATH"]}, tmp_path, grace_seconds=grace)
        started.append(process)
        return process

    yield start
    for process in started:
        process.stop()
        process.wait()


def pids_in(path):
    return [int(word) for word in path.read_text().split()] if path.exists() else []


def test_the_exit_status_and_the_output_are_the_programs_own(start, tmp_path):
    assert start("bash", "-c", "echo out; echo err >&2; exit 7").wait() == 7
    assert (tmp_path / "stdout").read_text() == "out\n"
    assert (tmp_path / "stderr").read_text() == "err\n"


def test_a_program_that_dies_of_a_signal_ends_as_in_a_shell(start):
    assert start("bash", "-c", "kill -KILL $$").wait() == 128 + 9


def test_a_program_that_is_missing_ends_with_127_and_says_so(start, tmp_path):
    assert start("no-such-program").wait() == 127
    assert "no-such-program: cannot be started" in (tmp_path / "stderr").read_text()


def test_the_program_finds_no_input(start, tmp_path):
    assert start("cat").wait() == 0


def test_a_stopped_step_may_clean_up(start, tmp_path):
    step = start(
        "bash", "-c", "trap 'echo cleaned; exit 0' TERM; echo ready; while true; do sleep 0.05; done", grace=30
    )
    until(lambda: (tmp_path / "stdout").read_text() == "ready\n")
    step.stop()
    assert step.wait() == 143
    assert "cleaned" in (tmp_path / "stdout").read_text()


def test_a_step_that_ignores_sigterm_is_killed_after_the_grace(start, tmp_path):
    step = start("bash", "-c", "trap '' TERM; echo $$ > pid; while true; do sleep 0.05; done", grace=0.3)
    until(lambda: pids_in(tmp_path / "pid"))
    step.stop()
    assert step.wait() == 143
    assert not lives(pids_in(tmp_path / "pid")[0])


# A child, one in a process group of its own as PySpark's daemon is, and one in a session of its own.
FAMILY = """
sleep 600 & echo $! >> pids
python3 -c 'import os,time; os.setpgid(0,0); time.sleep(600)' & echo $! >> pids
setsid sleep 600 & echo $! >> pids
(setsid bash -c 'echo $$ >> pids; exec sleep 600' &)
"""


def test_a_kill_takes_children_groups_and_daemons(start, tmp_path):
    step = start("bash", "-c", FAMILY + "wait")
    until(lambda: len(pids_in(tmp_path / "pids")) == 4)
    step.stop()
    step.wait()
    assert not [pid for pid in pids_in(tmp_path / "pids") if lives(pid)]


def test_a_step_that_ends_leaves_nothing_running(start, tmp_path):
    step = start("bash", "-c", FAMILY + "until [ $(wc -l < pids) = 4 ]; do sleep 0.02; done; exit 5")
    assert step.wait() == 5
    assert not [pid for pid in pids_in(tmp_path / "pids") if lives(pid)]


SERVER = """
import os, sys, time
from pathlib import Path
from localcloud.steps.process import StepProcess
place = Path(sys.argv[1])
StepProcess(["bash", "-c", sys.argv[2]], place, {"PATH": os.environ["PATH"]}, place, grace_seconds=0.5)
time.sleep(600)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc")
def test_a_server_that_is_killed_takes_all_of_a_step_with_it(tmp_path):
    server = subprocess.Popen([sys.executable, "-c", textwrap.dedent(SERVER), str(tmp_path), FAMILY + "wait"], cwd=ROOT)
    try:
        until(lambda: len(pids_in(tmp_path / "pids")) == 4)
        assert all(lives(pid) for pid in pids_in(tmp_path / "pids"))
    finally:
        server.send_signal(signal.SIGKILL)
        server.wait()
    until(lambda: not [pid for pid in pids_in(tmp_path / "pids") if lives(pid)])


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc")
def test_a_supervisor_that_is_killed_takes_the_program_with_it(start, tmp_path):
    step = start("bash", "-c", "echo $$ > pid; exec sleep 600")
    until(lambda: pids_in(tmp_path / "pid"))
    os.kill(step.session, signal.SIGKILL)
    assert step.wait() == -signal.SIGKILL
    until(lambda: not lives(pids_in(tmp_path / "pid")[0]))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc")
def test_files_that_a_step_has_open_for_writing_are_known(start, tmp_path):
    (tmp_path / "read").write_text("x")
    step = start("bash", "-c", "exec 5>written 6<read; echo ready; sleep 600")
    until(lambda: (tmp_path / "stdout").read_text() == "ready\n")
    held = open_files({step.session})
    assert tmp_path / "written" in held
    assert tmp_path / "read" not in held
    assert open_files(set()) == set()
