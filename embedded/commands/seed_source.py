"""./nightshift seed-source: tables, view and rows of a pipeline's source in a database that the user names."""

from __future__ import annotations

import argparse
import tempfile
from datetime import timedelta
from pathlib import Path

from embedded import dates
from embedded.sources import card_source, source_url
from embedded.uploads import generated
from tools import databases
from tools.errors import InputRefused

HELP = "create a pipeline's source in your own database"
DESCRIPTION = """\
Creates the tables associado, conta, cartao and movimento and the view movimento_flat in a PostgreSQL, MySQL or MariaDB,
and fills the tables with the CSV files of --input, or with rows that are made up until yesterday. Either all of it is
there afterwards or, in PostgreSQL, nothing; MySQL commits each table as it is made."""
EPILOG = """\
example:
  ./nightshift seed-source cards --url postgresql://owner@db.example:5432/coop --rows 10000

exit status: 0 done; 2 the request cannot be done."""
SOURCES = ("cards",)


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument("source", metavar="SOURCE", choices=SOURCES, help="which: cards")
    parser.add_argument("--url", required=True, help=databases.SHAPE)
    source_url.add(parser)
    parser.add_argument("--input", metavar="DIR", type=Path, help="folder with the four tables as CSV")
    parser.add_argument("--rows", metavar="N", type=int, help=f"movements to make up ({generated.CARD_ROWS})")
    parser.add_argument("--replace", action="store_true", help="drop tables and view of these names first")


def run(options: argparse.Namespace) -> int:
    """Make the source; gives 0. Raises InputRefused."""
    if options.input and options.rows is not None:
        raise InputRefused("--input brings its own rows and --rows says how many to make up: give one of them.")
    if options.rows is not None and options.rows < 1:
        raise InputRefused(f"--rows is {options.rows}: make up at least one.")
    url = source_url.database(options.url, options)
    with tempfile.TemporaryDirectory(prefix="nightshift-") as scratch:
        folder = options.input or _made(Path(scratch), options.rows)
        counts = card_source.make(url, card_source.read(folder), replace=options.replace)
    for table, count in counts.items():
        print(f"{table:<10} {count:>10,} rows")
    print(f"Made in {url}, with the view {card_source.VIEW}.")
    return 0


def _made(folder: Path, rows: int | None) -> Path:
    return generated.cards(folder, dates.today() - timedelta(days=1), rows or generated.CARD_ROWS)
