"""What befalls a task: one function a column, done to the task at the moment that the cell chose."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

import psutil

from tests.chaos.cells import Column
from tools import paths

if TYPE_CHECKING:
    from tests.chaos.play import Play

PATIENCE = 60  # seconds: a heartbeat, Airflow's SIGTERM, five seconds later its SIGKILL
NOTICED = 2  # seconds until a task's supervisor has heard of a mark, with the rig's heartbeats


def sigkill(play: "Play") -> None:
    """The task's runner and everything below it die; its supervisor lives and tells Airflow."""
    if play.victim.process is None:
        play.rig.stack.restart("triggerer", signal.SIGKILL)
        return
    tree = play.victim.tree()
    for process in tree:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(tree, timeout=PATIENCE)


def sigterm(play: "Play") -> None:
    """The LocalExecutor's process that supervises the task is asked to end; a deferred task's is the triggerer."""
    if play.victim.process is None:
        play.rig.stack.restart("triggerer", signal.SIGTERM)
        return
    os.kill(play.victim.process.ppid(), signal.SIGTERM)
    time.sleep(1)
    play.victim.thaw()


def mark_task(play: "Play") -> None:
    play.rig.api.mark_task(play.cell.dag, play.run_id, play.cell.task, "failed")
    _let_die(play)


def mark_run(play: "Play") -> None:
    play.rig.api.mark_run(play.cell.dag, play.run_id, "failed")
    _let_die(play)


def clear(play: "Play") -> None:
    play.rig.api.clear(play.cell.dag, play.run_id, play.cell.task)
    _let_die(play)


def restart(play: "Play") -> None:
    """The scheduler's machine dies, its workers and their tasks with it, and comes back."""
    play.rig.stack.restart("scheduler", signal.SIGKILL)


def airflow_down(play: "Play") -> None:
    """The scheduler's machine dies for longer than the night's lease; a person reaps from a shell; it comes back."""
    play.rig.stack.restart("scheduler", signal.SIGKILL, lambda: _reap_from_a_shell(play))


def _reap_from_a_shell(play: "Play") -> None:
    time.sleep(float(play.rig.env["NIGHTSHIFT_GRACE_MINUTES"]) * 60 + 1)
    command = [sys.executable, "-m", "embedded", "reap"]
    done = subprocess.run(command, env=play.rig.env, cwd=paths.ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"nightshift reap ended with {done.returncode}: {done.stdout}{done.stderr}"
    left = play.facts.alive()
    assert not left, f"nightshift reap left {left} and said: {done.stdout}"


def _let_die(play: "Play") -> None:
    """Airflow ends a task that it no longer wants; what it froze in must move for that."""
    if play.victim.process is None:
        return
    if play.victim.frozen:
        time.sleep(NOTICED)
        play.victim.thaw()
    psutil.wait_procs([play.victim.process], timeout=PATIENCE)


ACTS: dict[str, Callable[["Play"], None]] = {
    Column.SIGKILL: sigkill,
    Column.SIGTERM: sigterm,
    Column.MARK_TASK: mark_task,
    Column.MARK_RUN: mark_run,
    Column.CLEAR: clear,
    Column.RESTART: restart,
    Column.SHELL: airflow_down,
}
