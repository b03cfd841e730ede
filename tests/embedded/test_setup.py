"""Set-up in a bare copy of the tree: which Python it takes, and when it has nothing to do."""

import os
import re
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
    return tree


def set_up(tree, path, *groups, **env):
    """Run set-up for `groups` with `path` before the system's tools, none of which is a Python."""
    tools = tree.parent / "tools"
    if not tools.exists():
        tools.mkdir()
        for name in ("bash", "cat", "cksum", "mkdir", "dirname", "grep", "head", "rm", "sed", "tail", "tee"):
            (tools / name).symlink_to(shutil.which(name))
    command = [shutil.which("bash"), str(tree / "embedded/setup.sh"), *groups]
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


def test_a_tree_that_cannot_be_written_is_one_sentence(copy, tmp_path):
    (copy / ".nightshift").write_text("where a folder should be made")
    done = set_up(copy, tmp_path)
    assert done.returncode == 1
    assert (
        done.stderr.startswith(f"nightshift: set-up cannot write to {copy}/.nightshift")
        and done.stderr.count("\n") == 1
    )


def test_a_python_without_venv_is_told_what_to_install(copy, tmp_path):
    fake(
        tmp_path / "bin",
        "python3.11",
        'case "$1" in -c) exit 0;; --version) echo Python 3.11;; *) echo no ensurepip; exit 1;; esac',
    )
    done = set_up(copy, tmp_path / "bin")
    assert done.returncode == 1 and "could not make a virtual environment (no ensurepip)" in done.stderr
    assert (copy / ".nightshift").stat().st_mode & 0o777 == 0o700


def test_the_environment_is_made_by_the_fastest_python_unless_one_is_named(copy, tmp_path):
    def speaks(name, milliseconds):
        case = f'case "$2" in *ensurepip*) echo {milliseconds};; esac'
        fake(tmp_path / name, "python3.11", f'case "$1" in -c) {case};; --version) echo Python;; *) exit 1;; esac')
        return tmp_path / name

    slow, fast, little = speaks("slow", 100), speaks("fast", 70), speaks("little-faster", 65)
    path = f"{slow}:{fast}:{little}"
    assert f".venv, Python ({fast}/python3.11)" in set_up(copy, path).stderr
    fake(fast, "python3.11", "exit 127")  # a shim
    assert f".venv, Python ({little}/python3.11)" in set_up(copy, path).stderr
    named = f"{slow}/python3.11"
    assert f".venv, Python ({named})" in set_up(copy, path, SETUP_PYTHON=named).stderr


def test_the_measurement_of_a_python_runs(copy, tmp_path):
    fake(tmp_path / "bin", "python3.11", f'exec {sys.executable} "$@"')
    source = (copy / "embedded/setup.sh").read_text()
    measure = re.search(r"MEASURE='(.*?)'", source, re.DOTALL)[1]
    done = subprocess.run([tmp_path / "bin/python3.11", "-c", measure], capture_output=True, text=True, check=True)
    assert 0 < int(done.stdout) < 60_000


def test_an_installer_that_fails_is_told_with_its_last_lines(copy, tmp_path):
    fake(tmp_path / "bin", "python3.11", f'exec {sys.executable} "$@"')
    fake_venv(copy, "exit 0")
    fake(
        copy / ".venv/bin", "uv", "echo 'Downloading pyspark (303MiB)'; echo 'error: hash mismatch for pyspark'; exit 1"
    )
    done = set_up(copy, tmp_path / "bin")
    assert done.returncode == 1 and "error: hash mismatch for pyspark" in done.stderr
    assert "could not bring packages (uv pip sync requirements/run.txt)" in done.stderr
    assert "\n    Downloading pyspark (303MiB)\n" in done.stderr  # progress, while it lasts


def test_set_up_that_is_done_says_and_does_nothing_until_a_pin_changes(copy, tmp_path):
    calls = tmp_path / "calls"
    fake_venv(copy, f'echo "$@" >>{calls}')
    assert set_up(copy, tmp_path).returncode == 0
    first = calls.read_text()
    assert "pip install" in first and "pip sync" in first and "-m embedded.prepare" in first
    again = set_up(copy, tmp_path)
    assert (again.returncode, again.stderr, calls.read_text()) == (0, "", first)
    assert set_up(copy, tmp_path, "--done").returncode == 0
    with (copy / "requirements/run.txt").open("a") as pins:
        pins.write("# changed\n")
    assert set_up(copy, tmp_path, "--done").returncode == 1
    assert set_up(copy, tmp_path).returncode == 0 and calls.read_text() != first


def test_a_night_needs_no_tests_and_what_a_group_brought_stays(copy, tmp_path):
    calls = tmp_path / "calls"
    fake_venv(copy, f'echo "$@" >>{calls}')

    def synced(*groups):
        calls.write_text("")
        assert set_up(copy, tmp_path, *groups).returncode == 0
        return [
            [word.partition("/")[2] for word in line.split() if word.startswith("requirements/")]
            for line in calls.read_text().splitlines()
            if "pip sync" in line
        ]

    assert synced() == [["run.txt"]]
    assert synced("test") == [["run.txt", "test.txt"]]
    assert synced() == synced("test") == []
    assert synced("test", "lint") == [["run.txt", "test.txt", "lint.txt"]]
    (copy / "requirements/run.txt").write_text("# other pins\n")
    assert synced() == [["run.txt", "test.txt", "lint.txt"]]


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        (["--help"], 0, "commands:"),
        (["run", "--help"], 0, "--full-reload"),
        (["list"], 0, "card_movements"),
        (["rnu"], 2, "There is no command 'rnu'"),
        (["run", "wordcuont"], 2, "There is no pipeline 'wordcuont'"),
        (["run", "wordcount", "--input", "absent.txt"], 2, "absent.txt does not exist"),
        (["replay", "wordcuont", "--date", "2026-01-01"], 2, "There is no pipeline 'wordcuont'"),
    ],
)
def test_help_the_list_and_a_typo_are_answered_without_set_up(words, status, says, bare, own_folder):
    done = subprocess.run([bare / "nightshift", *words], capture_output=True, text=True, check=False, cwd=own_folder)
    assert done.returncode == status and says in done.stdout + done.stderr
    assert not (bare / ".venv").exists() and "Setting up" not in done.stderr


@pytest.fixture
def own_folder(tmp_path):
    """A folder of a user's, whose modules are named like ours and like Python's own."""
    folder = tmp_path / "own"
    folder.mkdir()
    for name in ("calendar", "localcloud", "secrets", "tools", "types"):
        (folder / f"{name}.py").write_text("raise SystemExit('this file is the user's')\n")
    return folder


def test_the_command_imports_nothing_from_the_folder_where_it_is_started(own_folder):
    command = [ROOT / "nightshift", "runs"]  # it needs the whole of the command's own packages
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=own_folder)
    assert done.returncode == 0 and "the user's" not in done.stdout + done.stderr


QUICK = (["--help"], ["run", "--help"], ["list"], ["rnu"], ["run", "wordcuont"])


def test_help_the_list_and_a_typo_import_no_package():
    """After set-up as before it: what is answered at once imports the standard library and this tree alone."""
    code = f"""
import contextlib, io, sys
sys.path.insert(0, {str(ROOT)!r})
from embedded import cli
for words in {QUICK!r}:
    quiet = io.StringIO()
    with contextlib.suppress(SystemExit), contextlib.redirect_stdout(quiet), contextlib.redirect_stderr(quiet):
        cli.main(words)
    assert quiet.getvalue(), words
print(*sorted(name for name, module in sys.modules.items() if "site-packages" in str(getattr(module, "__file__", ""))))
"""
    without_site = [sys.executable, "-S", "-c", code]  # site alone imports what packages' .pth files name
    done = subprocess.run(without_site, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_any_other_request_sets_up_first(bare):
    (bare / "embedded/setup.sh").write_text(
        '#!/bin/sh\ncase "$1" in --done) exit 1;; --python) echo "$PYTHON";; *) echo Setting up; exit 7;; esac\n'
    )
    env = {**os.environ, "PYTHON": shutil.which("python3.11") or sys.executable}
    for words in (["night"], ["run", "wordcount"], ["cloud", "status"]):
        done = subprocess.run([bare / "nightshift", *words], capture_output=True, text=True, check=False, env=env)
        assert (done.returncode, done.stdout) == (7, "Setting up\n")


@pytest.fixture
def bare(tmp_path):
    """A checkout without an environment, and a Python that has none of the packages."""
    tree = tmp_path / "bare"
    for room in ("embedded", "tools", "localcloud", "datagen", "include", "pipelines", "plugins", "requirements"):
        shutil.copytree(ROOT / room, tree / room, ignore=shutil.ignore_patterns(".terraform"))
    shutil.copy(ROOT / "nightshift", tree)
    return tree


def fake_venv(tree, body):
    """A virtual environment whose Python passes the version check and otherwise runs `body`."""
    folder = tree / ".venv/bin"
    folder.mkdir(parents=True)
    fake(folder, "python", f'[ "$1" = -c ] && exit 0\n{body}')
    fake(folder, "uv", body)


def test_the_locks_cover_every_package_that_is_installed_here():
    """Whatever `pip freeze` names has its version and hashes in a lock."""
    freeze = [sys.executable, "-m", "pip", "freeze", "--exclude-editable"]
    installed = subprocess.run(freeze, capture_output=True, text=True, check=True, env=os.environ).stdout
    pinned = set()
    for name in ("run", "test", "lint", "java", "postgres", "uv"):
        locked = re.findall(
            r"^(\S+==\S+)( ;.*)? \\\n +--hash=sha256:", (ROOT / f"requirements/{name}.txt").read_text(), re.M
        )
        pinned |= {pin(line) for line, _ in locked}
    assert {pin(line) for line in installed.splitlines() if "==" in line} - pinned == set()


def test_the_lock_of_a_night_agrees_with_mwaas_constraints_and_the_other_groups():
    locks = {name: pins(ROOT / f"requirements/{name}.txt") for name in ("run", "test", "lint", "java", "postgres")}
    constraints = pins(ROOT / "requirements/constraints-mwaa-3.3.1.txt")
    for name, other in [("run", constraints), *((name, locks["run"]) for name in locks)]:
        shared = locks[name].keys() & other.keys() - {"werkzeug"}  # moto's alone: decision 0020
        assert {k: locks[name][k] for k in shared} == {k: other[k] for k in shared}


def pins(file):
    return dict(pin(line.split()[0]) for line in file.read_text().splitlines() if re.match(r"[A-Za-z0-9]\S*==", line))


def pin(line):
    name, _, version = line.partition("==")
    return name.split("[")[0].lower().replace("_", "-").replace(".", "-"), version
