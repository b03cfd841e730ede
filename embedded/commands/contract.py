"""./nightshift contract: a pipeline's contract for other tools, and the check of a contract.toml."""

from __future__ import annotations

import argparse
from pathlib import Path

from embedded import pipelines
from embedded.cloud import settings
from nightshift.contracts import contract
from nightshift.failures.english import counted
from nightshift.failures.errors import SettingsError
from tools.errors import InputRefused

HELP = "export a pipeline's contract, or check a contract.toml"
DESCRIPTION = """\
`export` prints the contract of a pipeline as an Open Data Contract Standard document (YAML, v3.1.0): bronze, silver and
gold with their columns, keys, personal data, quality rules and freshness. The buckets are those of NIGHTSHIFT_NAME.
`check` reads a contract.toml as a night does, and says what is wrong with it."""
EPILOG = """\
example:
  ./nightshift contract export mrhealth_sales > mrhealth_sales.odcs.yaml
  ./nightshift contract check pipelines/mrhealth_sales/contract.toml"""
FORMATS = ("odcs",)


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="export | check")
    export = actions.add_parser("export", help="print the contract in another format")
    export.add_argument("pipeline", metavar="NAME", help="see ./nightshift list")
    export.add_argument("--format", choices=FORMATS, default="odcs", help="(odcs)")
    check = actions.add_parser("check", help="check a contract.toml")
    check.add_argument("file", metavar="FILE", type=Path)


def run(options: argparse.Namespace) -> int:
    """Print what was requested; gives the exit status. Raises InputRefused."""
    if options.action == "export":
        from nightshift.report import odcs

        print(odcs.text(pipelines.named(options.pipeline).definition, settings.load()), end="")
        return 0
    try:
        sources, gold = contract.read(options.file)
    except SettingsError as wrong:
        raise InputRefused(str(wrong.args[0])) from None
    print(f"{options.file} is sound: {counted(len(sources), 'source')}, {counted(len(gold), 'gold table')}.")
    return 0
