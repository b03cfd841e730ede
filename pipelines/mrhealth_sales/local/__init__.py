"""MrHealth on this machine: folders of deliveries, made-up deliveries of several units, head office's database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

from datagen import Shape, generate_mrhealth
from embedded.pipeline import Days, Local, one_folder
from embedded.uploads.inputs import Delivery
from mrhealth_sales.local import mrhealth_files, reference_data
from mrhealth_sales.local.mrhealth_files import SalesFolder
from tools.databases import DatabaseUrl
from tools.errors import InputRefused

DAYS_BEFORE = 2  # so that a day has late and superseded orders of the days before it


def read(paths: Sequence[Path], days: Days, _token: str) -> dict[date, Delivery]:
    """Each day's delivery from a folder. Raises InputRefused."""
    folder = _folder(paths)
    if folder.flat and len(days) != 1:
        raise InputRefused(
            f"{paths[0]} holds flat files, which name no date, so the same orders would count on each of the"
            f" {len(days)} days: name one with --date."
        )
    return {day: folder.delivery(day) for day in days}


def newest(paths: Sequence[Path]) -> date | None:
    """The latest day of a folder's deliveries."""
    return max(_folder(paths).dates, default=None)


def make(folder: Path, days: Days) -> dict[date, Delivery]:
    """Deliveries of several units for the consecutive `days` and the days before them."""
    made = shop(folder, days)
    return {day: made.delivery(day) for day in days}


def shop(folder: Path, days: Days) -> SalesFolder:
    """The same deliveries with head office's tables beside them, as a folder."""
    shape = Shape(first_day=days[0] - timedelta(DAYS_BEFORE), days=len(days) + DAYS_BEFORE)
    generate_mrhealth(folder / "data", folder / "truth.json", shape)
    return mrhealth_files.read(folder / "data")


def seed(url: DatabaseUrl, paths: Sequence[Path], folder: Path, day: date) -> None:
    """Head office's tables in an empty database."""
    reference_data.make(url, (_folder(paths) if paths else shop(folder, [day])).reference)


def _folder(paths: Sequence[Path]) -> SalesFolder:
    return mrhealth_files.read(one_folder("mrhealth_sales", paths))


LOCAL = Local(
    "one folder, laid out as csv_sales/YYYY/MM/DD/unit_NNN/{pedido,item_pedido}.csv with reference_data/, or flat:"
    " PEDIDO.csv, ITEM_PEDIDO.csv and Tabela_{Produto,Unidade,Estado,Pais}.csv; head office's database is --source,"
    " or one of the run's own that the files fill",
    read,
    newest,
    make,
    seed,
    seeded="produto",
)
