"""A process is known to be dead by looking at it: killed, reaped or not, or followed by another with its pid."""

import json
import os
import signal
from dataclasses import replace

import psutil

from nightshift.run import processes
from nightshift.run.processes import Process, death


def test_a_killed_process_is_dead_at_once_also_before_its_parent_has_asked(child):
    process = processes.of(child.pid)
    assert death(process) == ""
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert death(process) == f"its process {child.pid} on {process.host} is gone"
    child.wait()
    assert death(process)


def test_a_process_that_sleeps_with_its_laptop_is_not_dead(child):
    child.send_signal(signal.SIGSTOP)
    while psutil.Process(child.pid).status() != psutil.STATUS_STOPPED:
        pass
    assert death(processes.of(child.pid)) == ""


def test_another_process_with_its_pid_is_not_taken_for_it():
    assert death(replace(processes.this(), started="1"))


def test_of_another_machine_nothing_is_known():
    mine = processes.this()
    assert death(replace(mine, machine="after the next boot", started="1")) == ""
    assert death(None) == ""


def test_a_process_is_read_back_as_it_was_written():
    mine = processes.this()
    assert Process.parsed(json.loads(json.dumps(mine.facts))) == mine
    assert Process.parsed(None) is None


def test_a_pid_that_nobody_has_is_no_process(child):
    child.kill()
    child.wait()
    assert processes.of(child.pid) is None


def test_a_process_that_hides_from_this_user_is_not_dead(child, tmp_path, monkeypatch):
    process = processes.of(child.pid)
    monkeypatch.setattr(processes, "PROC", tmp_path)
    assert death(process) == ""
    child.kill()
    child.wait()
    assert death(process)
