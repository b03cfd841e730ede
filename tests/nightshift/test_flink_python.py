"""The bootstrap action that makes the Python of Flink's jobs, with stand-ins for the programs of a node."""

import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "include" / "emr" / "flink_python.sh"
ASKED = ("/usr/bin/python3.11", "s3://b/requirements.txt", "/opt/flink", "s3://b/wheels/")
AWS = """#!/bin/bash
if [ "$3" != --recursive ]; then printf 'apache-flink==1\\napache-flink-libraries==1\\n'
elif [ -n "$WHEEL" ]; then touch "$5/$WHEEL"; fi
"""
SUDO = """#!/bin/bash
echo "$@" >>"$SAID"
[[ "$1" != */pip ]] || { cat "${@: -1}" >>"$SAID"; exit "${PIP:-0}"; }
"""


@pytest.fixture
def act(tmp_path):
    """Run the action; gives its exit status, what it printed, and what root was asked to do."""
    for name, text in {"aws": AWS, "sudo": SUDO, "has-all": "#!/bin/sh\n", "has-none": "#!/bin/sh\nexit 1\n"}.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    said = tmp_path / "said"

    def run(**variables):
        said.write_text("")
        own = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "TMPDIR": str(tmp_path), "SAID": str(said)}
        command = ["bash", str(SCRIPT), *ASKED]
        done = subprocess.run(command, env={**own, **variables}, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr, said.read_text().splitlines()

    return run


def test_the_packages_but_for_emrs_own_flink_come_from_pypi_when_no_wheels_are_in_s3(act):
    code, _, (venv, pip, *requirements) = act()
    assert (code, venv) == (0, "/usr/bin/python3.11 -m venv --clear /opt/flink")
    assert pip.startswith("/opt/flink/bin/pip install --quiet --no-deps -r ")
    assert requirements == ["apache-flink==1"]


def test_wheels_in_s3_are_all_that_is_looked_at(act):
    _, _, (_, pip, *_) = act(WHEEL="apache_flink-1-py3-none-any.whl")
    assert "--no-index --find-links" in pip


def test_a_python_that_flinks_client_knows_is_used_only_when_it_has_everything(act, tmp_path):
    code, told, asked = act(PYFLINK_CLIENT_EXECUTABLE=str(tmp_path / "has-all"))
    assert (code, asked) == (0, [])
    assert "has what Flink's jobs import" in told
    assert act(PYFLINK_CLIENT_EXECUTABLE=str(tmp_path / "has-none"))[2] != []


def test_a_python_that_cannot_be_made_fails_the_node_and_says_what_to_do(act):
    code, told, _ = act(PIP="1")
    assert code == 1
    assert "fill s3://b/wheels/ (pip download), or give the nodes NAT" in told
