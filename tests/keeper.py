"""Ends what a pytest leaves behind however it ended: a SIGKILL gives it no time to stop its servers and nights.

A process of its own watches a pytest, and when that has ended it kills every process that carries the pytest's mark in
its environment: whoever is started inherits it, also through a shell, a session of its own or another user id. What a
localcloud starts carries no mark (a step finds nothing of the server's environment), and ends with its localcloud.
"""

import os
import subprocess
import sys
import time
import uuid
from contextlib import suppress
from pathlib import Path

import psutil

MARK = "PYTEST_KEPT_AS"
LOOK_SECONDS = 0.5
PATIENCE = 120  # seconds in which what is killed must be gone


def watch() -> None:
    """Mark this process's children to come, and start the keeper that outlives it."""
    unmarked = {key: value for key, value in os.environ.items() if key != MARK}  # by a pytest that started this one
    os.environ[MARK] = uuid.uuid4().hex
    os.environ["SPT_NOENV"] = "1"  # setproctitle, which Airflow uses, writes its title over the environment else
    command = [sys.executable, "-I", Path(__file__), str(os.getpid()), os.environ[MARK]]
    subprocess.Popen(command, env=unmarked, start_new_session=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def keep(pid: int, mark: str) -> None:
    """Wait for the end of this process's parent, then end all that carry its mark, until nobody does."""
    while os.getppid() == pid:
        time.sleep(LOOK_SECONDS)
    deadline = time.monotonic() + PATIENCE
    while (left := marked(mark)) and time.monotonic() < deadline:
        for process in left:
            with suppress(psutil.Error):
                process.kill()
        psutil.wait_procs(left, timeout=1)


def marked(mark: str) -> list[psutil.Process]:
    """Who carries it and lives."""
    return [process for process in psutil.process_iter() if _carries(process, mark)]


def _carries(process: psutil.Process, mark: str) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE and process.environ().get(MARK) == mark
    except psutil.Error:  # ended, or somebody else's
        return False


if __name__ == "__main__":
    keep(int(sys.argv[1]), sys.argv[2])
