"""A pytest that is killed leaves no server behind: tests/keeper.py ends what it had started."""

import json
import os
import subprocess
import sys

import psutil

from tests import keeper
from tests.patience import lives, until, words_of
from tools import paths

CONFTEST = """
from tests import keeper

def pytest_configure():
    keeper.watch()
"""
SMALL = """
import json, os, subprocess, sys, time
from pathlib import Path
from embedded.cloud import endpoint
from tools.postgres import Postgres
from tests import keeper

TITLED = "import setproctitle, time; setproctitle.setproctitle('airflow of sorts'); time.sleep(600)"

def test_that_is_killed(tmp_path):
    endpoint.start(tmp_path, os.environ, stays=True)
    titled = subprocess.Popen([sys.executable, "-c", TITLED], start_new_session=True)
    with Postgres() as server:
        pids = [json.loads((tmp_path / "server.json").read_text())["pid"], server.pid, titled.pid]
        told = Path(os.environ["TOLD"])
        told.with_suffix(".new").write_text(json.dumps([os.environ[keeper.MARK], pids]))
        told.with_suffix(".new").rename(told)
        time.sleep(600)
"""


def test_this_pytest_has_a_keeper():
    assert os.environ[keeper.MARK] in [word for child in psutil.Process().children() for word in words_of(child)]


def test_what_a_killed_pytest_had_started_ends(tmp_path):
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_small.py").write_text(SMALL)
    env = {**os.environ, "TOLD": str(tmp_path / "told"), "PYTHONPATH": str(paths.ROOT)}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", f"--basetemp={tmp_path / 'own'}", tmp_path]
    with (tmp_path / "log").open("w") as log:
        small = subprocess.Popen(command, env=env, stdout=log, stderr=log, cwd=tmp_path)
    try:
        until(lambda: (tmp_path / "told").exists() or small.poll() is not None)
        assert small.poll() is None, (tmp_path / "log").read_text()
    finally:
        small.kill()
        small.wait()
    mark, pids = json.loads((tmp_path / "told").read_text())
    until(lambda: not any(map(lives, pids)) and not keeper.marked(mark), what="the end of all of it")


def test_a_process_that_has_ended_and_was_not_collected_yet_has_no_words_and_does_not_live():
    with subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE) as child:
        process = psutil.Process(child.pid)
        # Popen returns while the kernel still lays out the new program: for a moment its command line is empty.
        until(lambda: words_of(process)[-1:] == ["import sys; sys.stdin.read()"])
        assert lives(child.pid)
        child.stdin.close()
        until(lambda: process.status() == psutil.STATUS_ZOMBIE)
        assert words_of(process) == [] and not lives(child.pid)
