"""./nightshift open: the page of a night, in the browser."""

from __future__ import annotations

import argparse
import webbrowser
from pathlib import Path

from tools import paths
from tools.errors import InputRefused

HELP = "open the page of a night in the browser"
DESCRIPTION = """\
Opens the page of a night that was kept on this disk: the last one, or RUN. It prints where the page is, also where no
browser can be started."""
EPILOG = """\
examples:
  ./nightshift open
  ./nightshift open wordcount
  ./nightshift open --list

exit status: 0 done; 2 there is no such night."""


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument(
        "night",
        metavar="RUN",
        nargs="?",
        help="a pipeline (its last night), or a part of a run's name that only one has",
    )
    parser.add_argument("--list", dest="all", action="store_true", help="open the page that lists all nights")


def run(options: argparse.Namespace) -> int:
    """Open the page; gives the exit status. Raises InputRefused."""
    from embedded.terminal import pages

    folder = _chosen(options.night or "")
    page = pages.of(folder) or pages.write(folder)
    page = pages.shelf_of() if options.all else page
    print(f"Page:     {paths.shown(page)}", flush=True)
    webbrowser.open(page.absolute().as_uri())
    return 0


def _chosen(wanted: str) -> Path:
    """The folder of the night. Raises InputRefused."""
    from embedded.terminal import pages

    every = pages.nights()
    if matching := [folder for summary, folder in every if wanted in ("", summary["dag_id"])]:
        return matching[0]
    matching = [folder for _, folder in every if wanted in f"{folder.parent.name}/{folder.name}"]
    if len(matching) == 1:
        return matching[0]
    if not every:
        raise InputRefused(f"No night was kept in {paths.shown(paths.RUNS)} yet: play one with ./nightshift run.")
    raise InputRefused(f"{len(matching)} nights are called {wanted!r}: ./nightshift runs lists them.")
