"""Airflow's SQLite database, migrated once by set-up and copied for each command, and the `airflow` command itself."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from embedded.cloud import environment
from tools import paths
from tools.errors import CommandError

NAME = "airflow.db"
COMMAND_SECONDS = 300


def make(home: Path) -> Path:
    """An empty migrated database in `home`, which is made anew; gives its path. Raises CommandError."""
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    run_airflow("db", "migrate", env={**os.environ, **environment.airflow(home)})
    return home / NAME


def copied(target: Path, template: Path = paths.AIRFLOW_HOME) -> Path:
    """An AIRFLOW_HOME of this run's own with the migrated database that set-up made, so that runs do not meet.

    Raises CommandError when set-up did not make one.
    """
    database = template / NAME
    if not database.is_file():
        raise CommandError(f"{database} is not there: run `make setup`.")
    target.mkdir(parents=True)
    shutil.copyfile(database, target / NAME)
    return target


def run_airflow(*arguments: str, env: Mapping[str, str]) -> str:
    """One `airflow` command to its end; gives what it printed. Raises CommandError with its last lines."""
    command = [sys.executable, "-P", "-m", "airflow", *arguments]
    done = subprocess.run(command, env=dict(env), capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False)
    if done.returncode:
        tail = "\n".join((done.stdout + done.stderr).splitlines()[-5:])
        raise CommandError(f"airflow {' '.join(arguments)} ended with {done.returncode}: {tail}")
    return done.stdout
