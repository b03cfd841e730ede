"""What a command knows of a pipeline whose contract says it all: made-up files of its source tables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import partial
from pathlib import Path

from datagen.tables import generate_table
from embedded.pipeline import Local
from embedded.uploads.inputs import Delivery, Upload
from nightshift_contract.reading import contract


def local(pipeline: str, prefix: str) -> Local:
    """LOCAL of a pipeline's package; `prefix` is that of its inputs, with the date's codes."""
    return Local("CSV or JSON-lines files, or folders of them", make=partial(_made, pipeline, prefix))


def _made(pipeline: str, prefix: str, folder: Path, days: Sequence[date]) -> dict[date, Delivery]:
    """Each day's delivery: a file of made-up rows for each source table."""
    return {day: _delivery(pipeline, day.strftime(prefix), folder / str(day), day) for day in days}


def _delivery(pipeline: str, prefix: str, folder: Path, day: date) -> Delivery:
    folder.mkdir(parents=True, exist_ok=True)
    uploads = []
    for name, table in contract(pipeline).sources.items():
        file = folder / f"{name}.csv"
        file.write_bytes(generate_table(table, day))
        uploads.append(Upload(file, f"{prefix}{file.name}"))
    return Delivery(tuple(uploads), (prefix,))
