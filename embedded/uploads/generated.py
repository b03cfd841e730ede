"""Made-up input of each pipeline, by the project's own generator."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

from datagen import CardShape, Epidemic, Shape, generate_cards, generate_covid, generate_mrhealth, generate_text
from embedded.uploads import covid_files, inputs, mrhealth_files
from embedded.uploads.inputs import Delivery

TEXT_BYTES = 200_000
CARD_ROWS = 500
LANGUAGES = ("pt", "en")
DAYS_BEFORE = 2  # so that a day has late and superseded orders of the days before it


def texts(folder: Path, days: Sequence[date]) -> dict[date, Delivery]:
    """A text in each language for each day, where the pipeline looks for that day's files."""
    return {day: inputs.texts(_written(folder / str(day), day), f"wordcount/{day:%Y/%m/%d}/") for day in days}


def sales(folder: Path, days: Sequence[date]) -> dict[date, Delivery]:
    """Deliveries of several units for the consecutive `days` and the days before them."""
    read = shop(folder, days)
    return {day: read.delivery(day) for day in days}


def shop(folder: Path, days: Sequence[date]) -> mrhealth_files.SalesFolder:
    """The same deliveries with head office's tables beside them, as a folder."""
    shape = Shape(first_day=days[0] - timedelta(DAYS_BEFORE), days=len(days) + DAYS_BEFORE)
    data = folder / "data"
    generate_mrhealth(data, folder / "truth.json", shape)
    return mrhealth_files.read(data)


def covid(folder: Path, days: Sequence[date]) -> dict[date, Delivery]:
    """A whole delivery for each of the consecutive `days`."""
    data = folder / "data"
    generate_covid(data, folder / "truth.json", Epidemic(first_day=days[0], days=len(days)))
    return {day: covid_files.read(data / f"{day:%Y/%m/%d}").whole(day) for day in days}


def cards(folder: Path, last_day: date, rows: int = CARD_ROWS) -> Path:
    """The four tables of card movements until a day; gives the folder that they are in."""
    generate_cards(folder, CardShape(rows=rows, last_day=last_day))
    return folder


def _written(folder: Path, day: date) -> list[Path]:
    files = [folder / f"{language}.txt" for language in LANGUAGES]
    for file, language in zip(files, LANGUAGES, strict=True):
        generate_text(file, TEXT_BYTES, language, seed=day.toordinal())
    return files
