"""./nightshift list: the pipelines."""

from __future__ import annotations

import argparse

from embedded.pipelines import PIPELINES

HELP = "list the pipelines"
DESCRIPTION = "Lists the pipelines that `./nightshift run` knows."
EPILOG = ""


def add(parser: argparse.ArgumentParser) -> None:
    """It takes no arguments."""


def run(_options: argparse.Namespace) -> int:
    """Print a line for each pipeline."""
    for pipeline in PIPELINES.values():
        print(f"{pipeline.name:<16} {pipeline.about}")
    return 0
