"""./nightshift seed-source: tables, view and rows of a pipeline's source in a database that the user names."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from embedded.pipelines import PIPELINES
from embedded.sources import source_url
from tools import databases
from tools.errors import InputRefused

HELP = "create a pipeline's source in your own database"
DESCRIPTION = """\
Creates the tables and views that a pipeline reads in a PostgreSQL, MySQL or MariaDB (cards: associado, conta, cartao,
movimento and the view movimento_flat), and fills them with the CSV files of --input, or with rows that are made up
until yesterday. Either all of it is
there afterwards or, in PostgreSQL, nothing; MySQL commits each table as it is made."""
EPILOG = """\
example:
  ./nightshift seed-source cards --url postgresql://owner@db.example:5432/coop --rows 10000

exit status: 0 done; 2 the request cannot be done."""
SOURCES = {p.database: p.local.create for p in PIPELINES.values() if p.local.create}


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument("source", metavar="SOURCE", choices=SOURCES, help=f"which: {' or '.join(SOURCES)}")
    parser.add_argument("--url", required=True, help=databases.SHAPE)
    source_url.add(parser)
    parser.add_argument("--input", metavar="DIR", type=Path, help="folder with the tables as CSV")
    parser.add_argument("--rows", metavar="N", type=int, help="rows to make up (500)")
    parser.add_argument("--replace", action="store_true", help="drop tables and view of these names first")


def run(options: argparse.Namespace) -> int:
    """Make the source; gives 0. Raises InputRefused."""
    if options.input and options.rows is not None:
        raise InputRefused("--input brings its own rows and --rows says how many to make up: give one of them.")
    if options.rows is not None and options.rows < 1:
        raise InputRefused(f"--rows is {options.rows}: make up at least one.")
    url = source_url.database(options.url, options)
    with tempfile.TemporaryDirectory(prefix="nightshift-") as scratch:
        counts = SOURCES[options.source](url, options.input, options.rows, Path(scratch), options.replace)
    for table, count in counts.items():
        print(f"{table:<10} {count:>10,} rows")
    print(f"Made in {url}.")
    return 0
