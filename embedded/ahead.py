"""Answers what needs no set-up: help, the list of pipelines, a mistyped request. It runs on a bare Python."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from embedded import cli, pipelines
from embedded.commands import list as listing
from embedded.commands import run
from nightshift.failures.shown import plain
from tools.errors import InputRefused

NEEDS_SETUP = 64  # what ./nightshift goes by


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status of a request that is answered here, else NEEDS_SETUP. argparse ends the process for --help."""
    given = sys.argv[1:] if arguments is None else [*arguments]
    if given[:1] == ["cloud"]:
        return NEEDS_SETUP
    options = cli.parser().parse_args(given)
    try:
        return answered(options)
    except InputRefused as refused:
        print(f"nightshift: {plain(str(refused))}", file=sys.stderr)
        return cli.REFUSED


def answered(options: argparse.Namespace) -> int:
    """The status of what could be done, or NEEDS_SETUP. Raises InputRefused."""
    if options.command == listing.run:
        return listing.run(options)
    if options.command == run.run:
        run.request(options)
    elif "pipeline" in options:
        pipelines.named(options.pipeline)
    return NEEDS_SETUP


if __name__ == "__main__":
    sys.exit(main())
