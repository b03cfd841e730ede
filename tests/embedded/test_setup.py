"""Set-up in a bare copy of the tree: which Python it takes, and when it has nothing to do."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def copy(tmp_path):
    """The files that set-up reads, and nothing else."""
    tree = tmp_path / "tree"
    (tree / "embedded").mkdir(parents=True)
    shutil.copy(ROOT / "embedded/setup.sh", tree / "embedded")
    shutil.copytree(ROOT / "requirements", tree / "requirements")
    for name in ("requirements.txt", "requirements-dev.txt"):
        shutil.copy(ROOT / name, tree)
    return tree


def set_up(tree, path, **env):
    """Run set-up with `path` before the system's tools, none of which is a Python."""
    tools = tree.parent / "tools"
    if not tools.exists():
        tools.mkdir()
        for name in ("bash", "cat", "cksum", "mkdir", "dirname", "tail", "rm"):
            (tools / name).symlink_to(shutil.which(name))
    command = [shutil.which("bash"), str(tree / "embedded/setup.sh")]
    given = {"PATH": f"{path}:{tools}", "HOME": str(tree), **env}
    return subprocess.run(command, env=given, capture_output=True, text=True, check=False)


def fake(folder, name, body):
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{body}\n")
    (folder / name).chmod(0o755)


def test_pythons_that_do_not_run_are_passed_over_and_none_left_is_one_sentence(copy, tmp_path):
    shims = tmp_path / "shims"
    for name in ("python3.12", "python3.11", "python3"):
        fake(shims, name, "echo 'pyenv: command not found' >&2; exit 127")
    done = set_up(copy, shims)
    assert done.returncode == 1 and "no Python 3.11 or 3.12 runs on this machine" in done.stderr
    assert "pyenv" not in done.stderr and not (copy / ".venv").exists()


def test_a_python_without_venv_is_told_what_to_install(copy, tmp_path):
    fake(
        tmp_path / "bin",
        "python3.11",
        'case "$1" in -c) exit 0;; --version) echo Python 3.11;; *) echo no ensurepip; exit 1;; esac',
    )
    done = set_up(copy, tmp_path / "bin")
    assert done.returncode == 1 and "could not make a virtual environment (no ensurepip)" in done.stderr


def test_a_pip_that_fails_is_told_with_its_last_lines(copy, tmp_path):
    fake(tmp_path / "bin", "python3.11", f'exec {sys.executable} "$@"')
    fake_venv(copy, "echo 'ERROR: no matching distribution' >&2; exit 1")
    done = set_up(copy, tmp_path / "bin")
    assert done.returncode == 1 and "ERROR: no matching distribution" in done.stderr
    assert "pip could not install requirements-dev.txt" in done.stderr


def test_set_up_that_is_done_says_and_does_nothing_until_a_pin_changes(copy, tmp_path):
    calls = tmp_path / "calls"
    fake_venv(copy, f'echo "$@" >>{calls}')
    assert set_up(copy, tmp_path).returncode == 0
    first = calls.read_text()
    assert "pip install" in first and "-m embedded.prepare" in first
    again = set_up(copy, tmp_path)
    assert (again.returncode, again.stderr, calls.read_text()) == (0, "", first)
    with (copy / "requirements.txt").open("a") as pins:
        pins.write("# changed\n")
    assert set_up(copy, tmp_path).returncode == 0 and calls.read_text() != first


def fake_venv(tree, body):
    """A virtual environment whose Python passes the version check and otherwise runs `body`."""
    folder = tree / ".venv/bin"
    folder.mkdir(parents=True)
    fake(folder, "python", f'[ "$1" = -c ] && exit 0\n{body}')


def test_the_pins_cover_every_package_that_is_installed_here():
    """Whatever `pip freeze` names is pinned by us: MWAA's constraints, the lock or the top-level file."""
    freeze = [sys.executable, "-m", "pip", "freeze", "--exclude-editable"]
    installed = subprocess.run(freeze, capture_output=True, text=True, check=True, env=os.environ).stdout
    files = (*ROOT.glob("requirements/*"), ROOT / "requirements.txt", ROOT / "requirements-dev.txt")
    pinned = {pin(line) for file in files for line in file.read_text().splitlines() if "==" in line}
    assert {pin(line) for line in installed.splitlines() if "==" in line} - pinned == set()


def pin(line):
    name, _, version = line.partition("==")
    return name.split("[")[0].lower().replace("_", "-").replace(".", "-"), version
