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
        help="a run as ./nightshift diagnose takes it, or a part of its name that only one has",
    )
    parser.add_argument("--list", dest="all", action="store_true", help="open the page that lists all nights")


def run(options: argparse.Namespace) -> int:
    """Open the page; gives the exit status. Raises InputRefused."""
    from embedded.terminal import pages

    folder = _chosen(options.night or "")
    page = pages.of(folder) or pages.write(folder)
    page = pages.write_shelf() if options.all else page
    print(f"Page:     {paths.shown(page)}", flush=True)
    webbrowser.open(page.absolute().as_uri())
    return 0


def _chosen(wanted: str) -> Path:
    """The folder of the night. Raises InputRefused."""
    from embedded.terminal import pages, record

    every = pages.nights()
    if named := next((folder for _, folder in every if record.is_called(folder, wanted)), None):
        return named
    matching = [folder for _, folder in every if wanted in f"{folder.parent.name}/{folder.name}"]
    if len(matching) == 1:
        return matching[0]
    if not every:
        raise InputRefused(f"No night was kept in {paths.shown(paths.RUNS)} yet: play one with ./nightshift run.")
    which = f"{len(matching)} nights are" if matching else "No night that was kept here is"
    raise InputRefused(f"{which} called {wanted!r}: ./nightshift runs lists them.")
