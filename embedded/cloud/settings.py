"""The NIGHTSHIFT_* settings as the command line reads them: what is wrong with them is one sentence for this place."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping

from embedded.cloud import environment
from embedded.words import warn
from nightshift import config
from nightshift.config import Settings
from nightshift.failures.errors import SettingsError
from nightshift.failures.shown import plain
from nightshift.pipelines import REGISTRY
from tools import paths
from tools.errors import InputRefused

HERE = "Correct it in this shell, or unset it."
PRICES = f"{config.PREFIX}PRICES_FILE"
VARIABLE = f"{config.PREFIX}VARIABLE"
WRONG = 2


def load(environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings of an environment. Raises InputRefused."""
    try:
        return config.load(environment.without_password(environ))
    except SettingsError as wrong:
        is_here = wrong.next_action == SettingsError.next_action  # those of a Variable have another
        raise InputRefused(f"{wrong.args[0]} {HERE if is_here else wrong.next_action}") from None


def check(environ: Mapping[str, str] = os.environ) -> None:
    """Before any command: refuse settings that are wrong, and warn of those that name no pipeline. Raises InputRefused.

    Those of an Airflow Variable are left to what needs them: reading them takes Airflow, and seconds.
    """
    given = {key: value for key, value in environ.items() if key != VARIABLE}
    settings = load(given)
    for warning in settings.unknown(REGISTRY.names):
        warn(plain(warning))
    if given.get(PRICES) and not settings.prices_file.is_file():
        warn(f"There is no price file {settings.prices_file} ({PRICES}) yet: ./nightshift prices writes it.")


def check_variable(env: Mapping[str, str]) -> None:
    """Before nights in the environment `env`: refuse their Airflow Variable, if they have one, when it is wrong, before
    anything is started. In a process, whose Airflow is that of the nights. Raises InputRefused."""
    if not env.get(VARIABLE):
        return
    command = [sys.executable, "-P", "-m", "embedded.cloud.settings"]
    read = subprocess.run(command, env=dict(env), cwd=paths.ROOT, capture_output=True, text=True, check=False)
    if read.returncode:
        *_, last = (read.stdout if read.returncode == WRONG else read.stderr).strip().splitlines() or [""]
        raise InputRefused(last)  # after what Airflow logs


def main() -> int:
    """Read the settings of this process's environment; gives the exit status, and prints what is wrong."""
    try:
        load()
    except InputRefused as wrong:
        print(wrong)
        return WRONG
    return 0


if __name__ == "__main__":
    sys.exit(main())
