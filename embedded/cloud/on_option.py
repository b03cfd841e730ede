"""The option --on: the compute target of a command's nights."""

from __future__ import annotations

import argparse
from typing import Any

from nightshift.config import COMPUTE

KUBERNETES = "kubernetes"
ON_EKS = ("eks", KUBERNETES)  # they need a cluster


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the option."""
    words = "where the jobs run: emr (default), serverless (EMR Serverless), glue, eks (EMR on EKS), kubernetes"
    parser.add_argument("--on", dest="compute", choices=COMPUTE, help=words)


def params(options: argparse.Namespace) -> dict[str, Any]:
    """The DAG param that says so; none without the option."""
    return {"compute": options.compute} if options.compute else {}
