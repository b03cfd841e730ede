"""./nightshift runs: the nights that are kept on this disk."""

from __future__ import annotations

import argparse

from tools import paths

HELP = "list the nights that were kept on this disk"
DESCRIPTION = """\
Lists the nights that were kept in .nightshift/runs, the latest first: date, outcome, minutes, cost and name.
`./nightshift open NAME` shows the page of one."""
EPILOG = ""
USUAL = 20


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument("dag", metavar="PIPELINE", nargs="?", help="only the nights of this pipeline or backfill")
    parser.add_argument("--most", type=int, default=USUAL, metavar="N", help=f"how many ({USUAL})")


def run(options: argparse.Namespace) -> int:
    """Print a line for each night."""
    from embedded.terminal import pages, summary
    from nightshift.failures.shown import plain

    kept = [night for night, _ in pages.nights() if options.dag in (None, night["dag_id"])][: options.most]
    if not kept:
        print(f"No night in {paths.shown(paths.RUNS)}.")
        return 0
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
