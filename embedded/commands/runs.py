"""./nightshift runs: the nights that are kept on this disk."""

from __future__ import annotations

import argparse

from nightshift.failures.english import meant
from tools import paths
from tools.errors import InputRefused

HELP = "list the nights that were kept on this disk"
DESCRIPTION = """\
Lists the nights that were kept in .nightshift/runs, the latest first: date, outcome, minutes, cost and name.
`./nightshift open NAME` shows the page of one."""
EPILOG = "exit status: 0 done; 2 there is no such pipeline here, or no such number."
USUAL = 20


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument("dag", metavar="PIPELINE", nargs="?", help="only the nights of this pipeline or backfill")
    parser.add_argument("--most", type=int, default=USUAL, metavar="N", help=f"how many ({USUAL})")


def run(options: argparse.Namespace) -> int:
    """Print a line for each night. Raises InputRefused."""
    if options.most < 1:
        raise InputRefused(f"--most is {options.most}: expected a number of nights, 1 or more.")
    from embedded.terminal import pages, summary
    from nightshift.failures.shown import plain

    every = [night for night, _ in pages.nights()]
    if not every:
        print(f"No night in {paths.shown(paths.RUNS)}.")
        return 0
    kept = [night for night in every if options.dag in (None, night["dag_id"])][: options.most]
    if not kept:
        names = sorted({str(night["dag_id"]) for night in every})
        near = meant(options.dag, names)
        raise InputRefused(f"No night of {options.dag} was kept here.{near} There are nights of {', '.join(names)}.")
    rows = [
        (
            night["dag_id"],
            night["business_date"],
            night["outcome"] + (f" in {night['failure']['task']}" if night["failure"] else ""),
            f"{night['seconds'] / 60:.1f}",
            "-" if night["usd"] is None else f"${night['usd']:.2f}",
            night["slug"],
        )
        for night in kept
    ]
    for line in summary.aligned(("pipeline", "date", "outcome", "minutes", "cost", "name"), rows, widest=None):
        print(plain(line))
    return 0
