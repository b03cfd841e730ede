"""The option --iam, and what it sets: whether localcloud enforces IAM. It needs no package of set-up."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping

from localcloud.settings import boolean
from tools.errors import InputRefused

KEY = "LOCALCLOUD_IAM"
HELP = (
    "the simulated AWS enforces IAM, and the night runs under the roles that it has on AWS: Airflow's, the nodes',"
    " the hosts' (LOCALCLOUD_IAM=1 says the same)"
)


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the option."""
    parser.add_argument("--iam", action="store_true", help=HELP)


def wanted(options: argparse.Namespace, environ: Mapping[str, str] = os.environ) -> bool:
    """Whether the nights are to run under their roles. Raises InputRefused."""
    try:
        return bool(options.iam) or boolean(environ.get(KEY) or "0")
    except ValueError as word:
        raise InputRefused(f"{KEY} is {word}: expected true or false.") from None


def of_cloud(iam: bool) -> dict[str, str]:
    """The environment of a localcloud that enforces IAM."""
    return {KEY: "true"} if iam else {}


def of_nights(iam: bool) -> dict[str, str]:
    """The environment of runs that only compare the foundation; their DAGs read it at import."""
    return {"NIGHTSHIFT_FOUNDATION": "check"} if iam else {}
