"""MrHealth's two folder layouts: dated deliveries by unit, or flat PEDIDO, ITEM_PEDIDO and Tabela_* files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from embedded import dates
from embedded.uploads.inputs import Delivery, Upload, existing, refuse_links
from tools.errors import InputRefused

SALES, REFERENCE = "mrhealth/csv_sales", "mrhealth/reference_data"
ORDERS = ("pedido.csv", "item_pedido.csv")
TABLES = ("produto", "unidade", "estado", "pais")
LAYOUTS = (
    "either csv_sales/YYYY/MM/DD/unit_NNN/ with reference_data/, or PEDIDO.csv and ITEM_PEDIDO.csv with"
    " Tabela_Produto, Tabela_Unidade, Tabela_Estado and Tabela_Pais"
)
MOST_SHOWN = 10


@dataclass(frozen=True)
class SalesFolder:
    """A folder in one of the layouts. `deliveries` are the files of each date; the key None is for flat files."""

    root: Path
    deliveries: Mapping[date | None, tuple[Path, ...]]
    reference: tuple[Path, ...]

    @property
    def flat(self) -> bool:
        """Whether the files name no date."""
        return None in self.deliveries

    @property
    def dates(self) -> list[date]:
        """The dates that have a delivery, in order; empty for flat files."""
        return sorted(day for day in self.deliveries if day is not None)

    def delivery(self, day: date) -> Delivery:
        """What is uploaded for one business date. Raises InputRefused naming the dates that are there."""
        if not self.flat and day not in self.deliveries:
            raise InputRefused(f"{self.root} has no delivery for {day}; it has {_listed(self.dates)}.")
        files = self.deliveries[None if self.flat else day]
        folder = f"{SALES}/{day:%Y/%m/%d}/"
        orders = [Upload(f, folder + self._name(f, day)) for f in files]
        tables = [Upload(file, f"{REFERENCE}/{file.name}") for file in self.reference]
        return Delivery((*orders, *tables), (folder, f"{REFERENCE}/"))

    def _name(self, file: Path, day: date) -> str:
        if self.flat:
            return file.name
        return file.relative_to(self.root / "csv_sales" / f"{day:%Y/%m/%d}").as_posix()


def read(root: Path) -> SalesFolder:
    """Recognise the layout of `root`. Raises InputRefused saying what is missing."""
    existing(root)
    if not root.is_dir():
        raise InputRefused(f"{root} is a file: mrhealth_sales reads a folder laid out as {LAYOUTS}.")
    refuse_links(root, hidden=True)
    folder = _dated(root) if (root / "csv_sales").is_dir() else _flat(root)
    missing = sorted(set(TABLES) - {table_of(file) for file in folder.reference})
    if missing:
        raise InputRefused(f"{root} lacks the head-office tables {', '.join(missing)}: expected {LAYOUTS}.")
    return folder


def _dated(root: Path) -> SalesFolder:
    """csv_sales/YYYY/MM/DD/… with reference_data/ beside it. Unrecognised files go along: the run reports them."""
    days = {_day(folder): folder for folder in sorted((root / "csv_sales").glob("*/*/*")) if _day(folder)}
    deliveries = {day: _files_below(folder) for day, folder in days.items()}
    filled = {day: files for day, files in deliveries.items() if files}
    if not filled:
        raise InputRefused(f"{root / 'csv_sales'} has no delivery: expected YYYY/MM/DD/unit_NNN/pedido.csv in it.")
    return SalesFolder(root, filled, _tables(root / "reference_data"))


def _files_below(folder: Path) -> tuple[Path, ...]:
    """Every file of a delivery. Raises InputRefused for one that cannot be read, or whose name cannot be a key."""
    return tuple(_named(existing(file)) for file in sorted(folder.rglob("*")) if file.is_file())


def _named(file: Path) -> Path:
    """The file itself. Raises InputRefused if its name cannot be a key."""
    try:
        file.as_posix().encode()
    except UnicodeEncodeError:
        raise InputRefused(f"{str(file)!a} has a name that is not UTF-8: rename it.") from None
    return file


def _flat(root: Path) -> SalesFolder:
    """Files of every unit together, with no date in any name. All but head office's go along: the night says what they
    are, by their headers."""
    tables = _tables(root)
    listed = tuple(file for file in _files(root) if file not in tables)
    missing = [name for name in ORDERS if not any(_is_called(file, name) for file in listed)]
    if missing:
        raise InputRefused(f"{root} has no {' and no '.join(missing)}: expected {LAYOUTS}.")
    return SalesFolder(root, {None: listed}, tables)


def _is_called(file: Path, name: str) -> bool:
    """Whether a file has that name, or one that people make of it: PEDIDO (1).csv, pedidos-corrigido.txt."""
    stem = name.removesuffix(".csv")
    return bool(re.search(rf"(^|[^a-z_]){stem}s?($|[^a-z_])", file.name.lower()))


def _tables(folder: Path) -> tuple[Path, ...]:
    return tuple(file for file in _csv(folder) if table_of(file) in TABLES)


def _files(folder: Path) -> Iterable[Path]:
    """Every file of a folder but hidden ones, in order. Raises InputRefused for one whose name cannot be a key."""
    files = sorted(folder.iterdir()) if folder.is_dir() else []
    return [_named(file) for file in files if file.is_file() and not file.name.startswith(".")]


def _csv(folder: Path) -> Iterable[Path]:
    return [file for file in _files(folder) if file.suffix.lower() in (".csv", ".txt")]


def table_of(file: Path) -> str:
    """The table that a head-office file holds, by its name."""
    return file.stem.lower().removeprefix("tabela_")


def _day(folder: Path) -> date | None:
    return dates.known("-".join(folder.parts[-3:]))


def _listed(days: list[date]) -> str:
    shown = ", ".join(map(str, days[:MOST_SHOWN]))
    return shown if len(days) <= MOST_SHOWN else f"{shown} and {len(days) - MOST_SHOWN} more, up to {days[-1]}"
