"""MWAA's own place, made on this machine: its Python with its pins, its folders, its settings, its way with startup.sh.

Checked against AWS's published image of Airflow 3.3.1. What cannot be had here: its Linux, its Celery queue, its
PostgreSQL and its CloudWatch handlers.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.mwaa.bundle import HERE, ON_MWAA, Bundle, write
from deploy.mwaa.errors import DeployError

AIRFLOW_HOME = Path("usr/local/airflow")
PYTHON = "3.12"
ESSENTIAL = HERE / "essential-3.3.1.txt"
STARTUP_SECONDS = 295  # five minutes, less the five seconds that a script is given to end
PIP_SECONDS = 540
# MWAA sources the script with `exit` made a word of its own, keeps what is exported then, and looks at no status.
SOURCED = """
kept() { env -0 >"$KEPT"; unalias exit; exit; }
shopt -s expand_aliases
alias exit=kept
source "$STARTUP"
kept
"""


@dataclass(frozen=True)
class Place:
    """Where a bundle lies unpacked: `home` is AIRFLOW_HOME."""

    home: Path

    @property
    def dags(self) -> Path:
        """The DAGs' folder, which nobody may write to."""
        return self.home / "dags"

    @property
    def requirements(self) -> Path:
        """requirements.txt as pip is given it."""
        return self.home / "requirements" / "requirements.txt"


def unpacked(bundle: Bundle, root: Path) -> Place:
    """The bundle laid out below `root` as a container has it: dags/ read-only, plugins.zip unpacked."""
    place = Place(root / AIRFLOW_HOME)
    folder = write(bundle, root / "bucket")
    shutil.copytree(folder / "dags", place.dags)
    with zipfile.ZipFile(folder / bundle.named("plugins")) as archive:
        archive.extractall(place.home / "plugins")
    text = (folder / bundle.named("requirements")).read_text(encoding="utf-8")
    for path, content in (
        (place.requirements, text.replace(ON_MWAA, str(place.dags / Path(ON_MWAA).name))),  # where it lies here
        (place.home / "startup" / "startup.sh", (folder / bundle.named("startup")).read_text(encoding="utf-8")),
    ):
        path.parent.mkdir()
        path.write_text(content, encoding="utf-8")
    for path in (*place.dags.rglob("*"), place.dags):
        path.chmod(0o555 if path.is_dir() else 0o444)
    return place


def unsealed(place: Place) -> None:
    """Make the DAGs' folder writable again, so that it can be removed."""
    for path in (place.dags, *place.dags.rglob("*")):
        if path.is_dir():
            path.chmod(0o755)


def environ(place: Place, component: str, python: Path, aws: Mapping[str, str]) -> dict[str, str]:
    """What a container of MWAA has in its environment before startup.sh, on a machine without terraform on PATH."""
    return {
        "HOME": str(place.home),
        "AIRFLOW_HOME": str(place.home),
        "PATH": os.pathsep.join((str(python.parent), "/usr/bin", "/bin")),
        "PYTHONUNBUFFERED": "1",
        "LANG": "C.UTF-8",
        "MWAA_AIRFLOW_COMPONENT": component,
        **forced(place),
        **aws,
    }


def forced(place: Place) -> dict[str, str]:
    """Airflow's settings as MWAA sets them; those of its queue, database and log groups have no meaning here."""
    lookup = '{"connections_lookup_pattern": "^(?!aws_default$).*$"}'
    return {
        "AIRFLOW__CORE__DAGS_FOLDER": str(place.dags),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(place.home / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__MULTI_TEAM": "False",
        "AIRFLOW__CORE__EXECUTE_TASKS_NEW_PYTHON_INTERPRETER": "True",
        "AIRFLOW__CORE__SENSITIVE_VAR_CONN_NAMES": "proxy,proxies",
        "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
        "AIRFLOW__CELERY__WORKER_ENABLE_REMOTE_CONTROL": "False",
        "AIRFLOW__EXECUTION_API__JWT_EXPIRATION_TIME": "86400",
        "AIRFLOW__LOGGING__COLORED_CONSOLE_LOG": "False",
        "AIRFLOW__SCHEDULER__STANDALONE_DAG_PROCESSOR": "True",
        "AIRFLOW__SCHEDULER__SCHEDULE_AFTER_TASK_EXECUTION": "False",
        "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT": "1800.0",
        "AIRFLOW__SECRETS__BACKEND_KWARGS": lookup,
        "AIRFLOW__WORKERS__SECRETS_BACKEND_KWARGS": lookup,
        "AIRFLOW__TRIGGERER__QUEUES_ENABLED": "False",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{place.home / 'airflow.db'}",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(place.home / "logs"),
    }


def started(place: Place, before: Mapping[str, str]) -> tuple[dict[str, str], str]:
    """Source startup.sh as MWAA does; gives the environment after it and what it printed.

    Raises DeployError when it takes too long or leaves no environment: MWAA's container would not start.
    """
    with tempfile.TemporaryDirectory(prefix="nightshift-mwaa-") as scratch:
        kept = Path(scratch) / "environ"
        own = {"KEPT": str(kept), "STARTUP": str(place.home / "startup" / "startup.sh")}
        try:
            done = _run(["/bin/bash", "-c", SOURCED], {**before, **own}, STARTUP_SECONDS)
        except subprocess.TimeoutExpired as late:
            raise DeployError(f"startup.sh took longer than MWAA's {STARTUP_SECONDS} s: {late.output!r}.") from late
        if not kept.is_file():
            raise DeployError(f"startup.sh ended MWAA's own script, so the container would not start: {done.stdout}")
        pairs = (line.split("=", 1) for line in kept.read_text(encoding="utf-8").split("\0") if line)
        after = {key: value for key, value in pairs if key not in {*own, "_", "PWD", "OLDPWD", "SHLVL"}}
    # MWAA takes its own back: whatever the script did to these counts for nothing.
    return {**after, **{key: before[key] for key in before if key.startswith("AIRFLOW") or key == "PYTHONPATH"}}, (
        done.stdout
    )


def python(place: Place, folder: Path) -> tuple[Path, bool]:
    """An environment of Python 3.12 in `folder` that has requirements.txt and nothing else, installed as MWAA does it:
    under the file's own constraints and the essential pins. With it, whether it was made now; the same requirements are
    not installed twice. Raises DeployError with pip's last lines.
    """
    made, stamp = folder / "bin" / "python", folder / ".requirements"
    wanted = _fingerprint(place)
    if stamp.is_file() and stamp.read_text() == wanted and _is_right(str(made)):
        return made, False
    pip = [str(made), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    for command in (
        [interpreter(), "-m", "venv", "--clear", str(folder)],
        [*pip, "-r", str(place.requirements), "-c", str(ESSENTIAL)],
    ):
        done = _run(command, os.environ, PIP_SECONDS)
        if done.returncode:
            last = "\n".join(done.stdout.splitlines()[-10:])
            raise DeployError(f"{' '.join(command[1:4])} refused what MWAA would be given: {last}")
    stamp.write_text(wanted)
    return made, True


def interpreter() -> str:
    """A Python 3.12 of this machine. Raises DeployError."""
    for candidate in _candidates():
        if _is_right(candidate):
            return candidate
    raise DeployError(f"MWAA runs Python {PYTHON} and none is on this machine: install it, or name it in MWAA_PYTHON.")


def _candidates() -> Iterator[str]:
    yield from filter(None, (os.environ.get("MWAA_PYTHON"), f"python{PYTHON}", "python3"))
    yield from (str(path) for path in sorted(Path.home().glob(f".pyenv/versions/{PYTHON}.*/bin/python{PYTHON}")))


def _is_right(candidate: str) -> bool:
    """Whether it runs and is a 3.12: a name on PATH may be a shim that only says it is not there."""
    try:
        done = _run([candidate, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"], os.environ, 30)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0 and done.stdout.strip() == PYTHON


def _fingerprint(place: Place) -> str:
    """One hash over all that pip goes by, wherever the place lies."""
    requirements = place.requirements.read_text(encoding="utf-8").replace(str(place.home), "")
    constraints = (place.dags / Path(ON_MWAA).name).read_text(encoding="utf-8")
    return hashlib.sha256((requirements + constraints + ESSENTIAL.read_text(encoding="utf-8")).encode()).hexdigest()


def _run(command: list[str], env: Mapping[str, str], seconds: float) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        env=dict(env),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=seconds,
        check=False,
    )
