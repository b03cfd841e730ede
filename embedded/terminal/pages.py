"""The pages of the nights on the user's disk: one a night, and one that lists them."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path
from typing import Any

from embedded.terminal.record import kept_runs, of_folder, readable
from nightshift.pages import cures, history, night, shelf
from tools import paths

MOST_LISTED = 200
PAGE = "index.html"


def write(folder: Path, runs: Path = paths.RUNS) -> Path:
    """Make the page of a kept night from the record and page.json in its folder, and the list of all nights; returns
    the page. Raises OSError, and InputRefused for a damaged record."""
    record, figures, every = of_folder(folder).record or {}, folder / "page.json", nights(runs)
    page = _json(figures) if figures.is_file() else None
    before = (summary for summary, _ in every if summary["dag_id"] == record["dag_id"])
    written = folder / PAGE
    written.write_text(night.html(record, page, before, place=cures.CLI), encoding="utf-8")
    write_shelf(runs)
    return written


def write_shelf(runs: Path = paths.RUNS) -> Path:
    """Make the list of all nights that have a page; returns it."""
    shown = [(summary, kept / PAGE) for summary, kept in nights(runs) if of(kept)]
    addressed = [(summary, page.relative_to(runs.parent).as_posix()) for summary, page in shown]
    shelf_of(runs).write_text(shelf.html(addressed), encoding="utf-8")
    return shelf_of(runs)


def of(folder: Path) -> Path | None:
    """The page of a kept night, if it was made."""
    return folder / PAGE if (folder / PAGE).is_file() else None


def nights(runs: Path = paths.RUNS) -> list[tuple[dict[str, Any], Path]]:
    """The summary of each kept night with its folder, the latest first, at most MOST_LISTED."""
    kept = ((one.record, one.folder) for one in readable(kept_runs(runs)))
    summaries = islice(((history.summary(record), folder) for record, folder in kept if record), MOST_LISTED)
    return sorted(summaries, key=lambda each: str(each[0]["ended_at"]), reverse=True)


def shelf_of(runs: Path = paths.RUNS) -> Path:
    """The page that lists the nights: beside the folder of the runs."""
    return runs.parent / PAGE


def _json(file: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return read
