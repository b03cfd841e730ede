"""Card movements on this machine: a database filled with the user's files or with made-up movements."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

from card_movements.local import card_source
from datagen import CardShape, generate_cards
from embedded import dates
from embedded.pipeline import Days, Local, no_files, one_folder
from embedded.uploads.inputs import Delivery
from tools.databases import DatabaseUrl

ROWS = 500


def read(paths: Sequence[Path], days: Days, _token: str) -> dict[date, Delivery]:
    """The files are for the run's own database; faults in them are reported before one is started."""
    folder = one_folder("card_movements", paths)
    card_source.read(folder)
    return no_files(folder, days)


def cards(folder: Path, last_day: date, rows: int = ROWS) -> Path:
    """The four tables of card movements until a day; gives the folder that they are in."""
    generate_cards(folder, CardShape(rows=rows, last_day=last_day))
    return folder


def seed(url: DatabaseUrl, paths: Sequence[Path], folder: Path, day: date) -> None:
    """The four tables and the view in an empty database."""
    card_source.make(url, card_source.read(paths[0] if paths else cards(folder, day)))


def create(url: DatabaseUrl, folder: Path | None, rows: int | None, scratch: Path, replace: bool) -> dict[str, int]:
    """The tables and the view in a database of the user's, or in place of those that it has."""
    given = folder or cards(scratch, dates.today() - timedelta(days=1), rows or ROWS)
    return card_source.make(url, card_source.read(given), replace=replace)


LOCAL = Local(
    "one folder with associado.csv, conta.csv, cartao.csv and movimento.csv, for a PostgreSQL that is started for the"
    " run; or instead of it --source, a database that has these tables",
    read,
    seed=seed,
    seeded="movimento",
    create=create,
)
