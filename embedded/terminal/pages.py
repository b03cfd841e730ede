"""The pages of the nights on the user's disk: one a night, and one that lists them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nightshift.pages import cures, history, night, shelf
from tools import paths

MOST_LISTED = 200
PAGE = "index.html"


def write(folder: Path, runs: Path = paths.RUNS) -> Path:
    """Make the page of a kept night from the record and page.json in its folder, and the list of all nights; returns
    the page. Raises OSError, and ValueError for a record that is none."""
    record, figures = _json(folder / "record.json"), folder / "page.json"
    page = _json(figures) if figures.is_file() else None
    before = (json_record for json_record, _ in _latest(folder.parent.glob("*/record.json"), 2 * history.MOST_NIGHTS))
    written = folder / PAGE
    written.write_text(night.html(record, page, before, place=cures.CLI), encoding="utf-8")
    _list(runs)
    return written


def of(folder: Path) -> Path | None:
    """The page of a kept night, if it was made."""
    return folder / PAGE if (folder / PAGE).is_file() else None


def nights(runs: Path = paths.RUNS) -> list[tuple[dict[str, Any], Path]]:
    """The summary of each kept night with its folder, the latest first, at most MOST_LISTED."""
    kept = _latest(runs.glob("*/*/record.json"), MOST_LISTED)
    summaries = ((history.summary(record), folder) for record, folder in kept)
    return sorted(summaries, key=lambda each: str(each[0]["ended_at"]), reverse=True)


def shelf_of(runs: Path = paths.RUNS) -> Path:
    """The page that lists the nights: beside the folder of the runs."""
    return runs.parent / PAGE


def _list(runs: Path) -> None:
    shown = [
        (summary, (folder / PAGE).relative_to(runs.parent).as_posix())
        for summary, folder in nights(runs)
        if (folder / PAGE).is_file()
    ]
    shelf_of(runs).write_text(shelf.html(shown), encoding="utf-8")


def _latest(files: Iterator[Path], most: int) -> Iterator[tuple[dict[str, Any], Path]]:
    """The records that were written last, with their folders."""
    for file in sorted(files, key=lambda path: path.stat().st_mtime, reverse=True)[:most]:
        yield _json(file), file.parent


def _json(file: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return read
