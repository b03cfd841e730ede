"""Covid in hospitals on this machine: a folder of files, made-up deliveries."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from covid_hospitals.local import covid_files
from datagen import Epidemic, generate_covid
from embedded.pipeline import Days, Local, one_folder
from embedded.uploads.inputs import Delivery


def read(paths: Sequence[Path], days: Days, _token: str) -> dict[date, Delivery]:
    """Each day's delivery from a folder; of one day all that is in it. Raises InputRefused."""
    folder = _folder(paths)
    if len(days) == 1:
        return {days[0]: folder.whole(days[0])}
    return {day: folder.delivery(day) for day in days}


def newest(paths: Sequence[Path]) -> date | None:
    """The latest day that the files have."""
    return _folder(paths).newest()


def make(folder: Path, days: Days) -> dict[date, Delivery]:
    """A whole delivery for each of the consecutive `days`."""
    data = folder / "data"
    generate_covid(data, folder / "truth.json", Epidemic(first_day=days[0], days=len(days)))
    return {day: covid_files.read(data / f"{day:%Y/%m/%d}").whole(day) for day in days}


def _folder(paths: Sequence[Path]) -> covid_files.CovidFolder:
    return covid_files.read(one_folder("covid_hospitals", paths))


LOCAL = Local(
    "one folder with bed snapshots (data_YYYY-MM-DD.csv), cases by state and city, outcomes and IBGE's tables, any of"
    " them, packed (.gz) or not; one --date takes all, --from and --to each day's own; --source is the API of hospital"
    " beds, or a database with the table populacao_por_municipio",
    read,
    newest,
    make,
)
