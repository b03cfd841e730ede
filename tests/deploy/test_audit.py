"""`make audit`: what its exit status says of pins, advisories and accepted.toml, with a stand-in for pip-audit."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SERVICE = """
import json, os
from pip_audit._service.interface import SkippedDependency, VulnerabilityResult
class PyPIService:
    session = None
    def __init__(self, timeout): pass
    def query(self, asked):
        told = json.loads(os.environ["ADVISORIES"]).get(f"{asked.name} {asked.version}")
        if told is None:
            return SkippedDependency(asked.name, asked.version), []
        return asked, [VulnerabilityResult(first, others, ["2.0"]) for first, *others in told]
"""
INTERFACE = """
from collections import namedtuple
class ConnectionError(Exception): pass
class ServiceError(Exception): pass
ResolvedDependency = namedtuple("ResolvedDependency", "name version")
SkippedDependency = namedtuple("SkippedDependency", "name version")
VulnerabilityResult = namedtuple("VulnerabilityResult", "id aliases fix_versions")
"""
ACCEPTED = '[[accepted]]\npackage = "old_thing"\nversion = "1.0"\nadvisories = ["CVE-1"]\nreason = "never called"\n'


@pytest.fixture
def audit(tmp_path):
    """Plays the audit of two pins, about which `advisories` are known."""
    for name, text in [
        ("requirements/run.txt", "old-thing[more]==1.0 \\\n    --hash=sha256:00\n"),
        ("requirements/constraints-mwaa-3.3.1.txt", "nobody-has-it==9\n"),
        ("requirements/accepted.toml", ACCEPTED),
        ("include/flink_jobs/requirements.txt", "# pins\nFlinky==2.0\n"),
        ("pip_audit/_service/pypi.py", SERVICE),
        ("pip_audit/_service/interface.py", INTERFACE),
    ]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    shutil.copy(ROOT / "requirements/audit.py", tmp_path / "requirements")

    def play(advisories):
        env = {**os.environ, "PYTHONPATH": str(tmp_path), "ADVISORIES": json.dumps(advisories)}
        command = [sys.executable, "requirements/audit.py"]
        return subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)

    return play


def test_nothing_new_is_a_success_and_an_alias_is_enough_to_be_named(audit):
    done = audit({"old-thing 1.0": [["PYSEC-1", "CVE-1"]], "flinky 2.0": []})
    assert (done.returncode, done.stdout) == (0, "2 pins answered for: 0 new advisories, 1 that accepted.toml names.\n")


def test_an_advisory_that_nobody_named_fails_with_its_names_its_file_and_its_remedy(audit):
    done = audit({"old-thing 1.0": [], "flinky 2.0": [["CVE-2", "GHSA-2"], ["PYSEC-2", "CVE-2"]]})
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "flinky 2.0 (include/flink_jobs/requirements.txt): CVE-2, GHSA-2, PYSEC-2; fixed in 2.0",
        "2 pins answered for: 1 new advisories, 0 that accepted.toml names.",
    ]


def test_an_advisory_is_accepted_for_the_named_version_alone(audit):
    done = audit({"old-thing 1.0": [], "flinky 2.0": [["CVE-1"]]})
    assert done.returncode == 1


def test_a_pin_that_nobody_answers_for_is_not_called_clean(audit):
    done = audit({"old-thing 1.0": []})
    assert done.returncode == 2
    assert done.stdout.splitlines()[0] == "No answer about 1 of 2 pins: flinky 2.0."
