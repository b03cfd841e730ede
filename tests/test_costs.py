"""What a test file costs is booked to it: the CPU of its processes, whatever their environment, and what they are."""

import json
import os
import subprocess
import sys

import pytest

from tests import costs
from tools import paths

BUSY = """
import subprocess, sys
from pathlib import Path

SPIN = "import sys, time; end = time.process_time() + 1\\nwhile time.process_time() < end: pass"

def test_that_spins(tmp_path):
    java = tmp_path / "java"
    java.symlink_to(sys.executable)
    subprocess.run([java, "-c", SPIN], env={}, check=True)
"""


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["alone", "two workers"])
def test_a_files_cpu_and_starts_are_its_own(tmp_path, workers):
    (tmp_path / "test_busy.py").write_text(BUSY)
    (tmp_path / "test_idle.py").write_text("def test_nothing():\n    pass\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "tests.costs", "--costs=told.json"]
    env = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST")}
    env["PYTHONPATH"] = str(paths.ROOT)
    subprocess.run([*command, *workers], cwd=tmp_path, env=env, check=True, capture_output=True)
    told = json.loads((tmp_path / "told.json").read_text())["files"]
    assert told["test_busy.py"]["cpu"] >= 0.7
    assert (told["test_busy.py"]["starts"], told["test_busy.py"]["tests"]) == ({"jvm": 1}, 1)
    assert (told["test_idle.py"]["starts"], told["test_idle.py"]["tests"]) == ({}, 1)


def test_the_table_adds_rooms_up():
    file = {"wall": 2.0, "cpu": 1.0, "tests": 3, "starts": {"jvm": 1}}
    lines = list(costs.table({"files": {"tests/a/test_x.py": file, "tests/a/test_y.py": file}, "tests": {}}))
    assert lines[2] == "| a | 6 | 4 | 2 |  |  |  |  |  | 2 |"
    assert lines[3].startswith("| **all** | 6 | 4 | 2 |")
