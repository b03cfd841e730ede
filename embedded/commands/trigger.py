"""./nightshift trigger: a night of an Airflow that runs elsewhere, and its result."""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from embedded.commands import run as playing
from embedded.terminal.progress import Progress
from tools.errors import InputRefused

if TYPE_CHECKING:
    from embedded.airflow.api import AirflowApi

HELP = "trigger a run on a running Airflow, and print its result"
DESCRIPTION = """\
Triggers PIPELINE on the Airflow in AIRFLOW_URL, uploads its input, follows its tasks and prints its result. The
environment is that of the Airflow's runs: AWS_ENDPOINT_URL and credentials, NIGHTSHIFT_NAME. A database is read
through the secret that exists; the other options are those of `./nightshift run`."""
EPILOG = """\
example, where docker-compose.yaml is up:
  docker compose exec control nightshift trigger wordcount

The login is the first of AIRFLOW_PASSWORDS, the file in which Airflow's simple auth manager keeps them.

exit status: 0 only if every night is a success (warnings or none); 1 a night failed; 2 the request cannot be done."""
URL, PASSWORDS = "AIRFLOW_URL", "AIRFLOW_PASSWORDS"


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    playing.add(parser)


def run(options: argparse.Namespace) -> int:
    """Trigger, follow, report; gives the exit status. Raises CommandError."""
    from embedded.runs.remote import RemoteRunner
    from embedded.runs.session import FAILURE, SUCCESS, Session
    from embedded.terminal.logs import new_log

    if options.source:
        raise InputRefused("An Airflow elsewhere reads the database in its secret: leave --source out.")
    request, progress = playing.request(options), Progress()
    api = _api()
    try:
        with tempfile.TemporaryDirectory(prefix="nightshift-") as scratch:
            nights = request.nights(Path(scratch))
            session = Session(request, dict(os.environ), progress, RemoteRunner(api, new_log("trigger")))
            return SUCCESS if session.play(nights) else FAILURE
    finally:
        api.close()


def _api() -> AirflowApi:
    """A client of the Airflow that the environment names. Raises InputRefused."""
    from embedded.airflow.api import AirflowApi

    try:
        passwords = json.loads(Path(os.environ[PASSWORDS]).read_text(encoding="utf-8"))
        user, password = next(iter(passwords.items()))
        return AirflowApi(os.environ[URL], user, password)
    except (KeyError, OSError, ValueError) as missing:
        raise InputRefused(
            f"{URL} and {PASSWORDS} must name an Airflow and the file of its logins ({missing})."
        ) from None
