"""./nightshift list: the pipelines."""

from __future__ import annotations

import argparse
import sys

from embedded.pipelines import BROKEN, PIPELINES

HELP = "list the pipelines"
DESCRIPTION = "Lists the pipelines that `./nightshift run` knows."
EPILOG = ""


def add(parser: argparse.ArgumentParser) -> None:
    """It takes no arguments."""


def run(_options: argparse.Namespace) -> int:
    """Print a line for each pipeline, and what is wrong with each that cannot be used."""
    for pipeline in PIPELINES.values():
        print(f"{pipeline.name:<16} {pipeline.definition.gives}; from {pipeline.definition.takes}")
    for wrong in BROKEN.values():
        print(f"nightshift: {wrong}", file=sys.stderr)
    return 0
