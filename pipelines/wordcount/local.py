"""Wordcount on this machine: texts of made-up words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from datagen import generate_text
from embedded.pipeline import Local
from embedded.uploads import inputs
from embedded.uploads.inputs import Delivery
from wordcount.definition import PIPELINE

TEXT_BYTES = 200_000
LANGUAGES = ("pt", "en")


def make(folder: Path, days: Sequence[date]) -> dict[date, Delivery]:
    """A text in each language for each day, where the pipeline looks for that day's files."""
    return {day: inputs.texts(_written(folder / str(day), day), PIPELINE.inputs.prefix_of(day)) for day in days}


def _written(folder: Path, day: date) -> list[Path]:
    files = [folder / f"{language}.txt" for language in LANGUAGES]
    for file, language in zip(files, LANGUAGES, strict=True):
        generate_text(file, TEXT_BYTES, language, seed=day.toordinal())
    return files


LOCAL = Local("text files, or folders of them; --encoding says how they are written (utf-8)", make=make)
