"""Scan a bucket's directory: its files by key, its scratch files, its empty directories."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from localcloud.steps.keys import is_scratch


@dataclass(frozen=True, slots=True)
class Found:
    """A file or directory. size: bytes. modified_ns: nanoseconds since the epoch."""

    size: int
    modified_ns: int
    is_dir: bool = False


def stat_of(path: Path) -> Found | None:
    """The file or directory at path, None when there is none. A directory has no size and no time of its own."""
    try:
        status = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    if path.is_dir():
        return Found(0, 0, is_dir=True)
    return Found(status.st_size, status.st_mtime_ns)


def scan(directory: Path) -> dict[str, Found]:
    """The files below directory by their key. Scratch and symbolic links are not objects."""
    return dict(_files(str(directory), ""))


def _files(directory: str, prefix: str) -> Iterator[tuple[str, Found]]:
    # os.scandir, not Path.walk: one stat for each file, and a lake has many.
    with os.scandir(directory) as entries:
        for entry in entries:
            key = prefix + entry.name
            if entry.is_symlink() or is_scratch(entry.name):
                continue
            if entry.is_dir():
                yield from _below(entry.path, f"{key}/")
            elif status := _status(entry):
                yield key, Found(status.st_size, status.st_mtime_ns)


def _below(directory: str, prefix: str) -> list[tuple[str, Found]]:
    try:
        return list(_files(directory, prefix))
    except FileNotFoundError:  # a step that still runs has removed it
        return []


def _status(entry: os.DirEntry[str]) -> os.stat_result | None:
    try:
        return entry.stat()
    except FileNotFoundError:  # a step that still runs has removed it
        return None


def prune_upwards(directory: Path, top: Path) -> None:
    """Remove directory and its parents below top as long as they are empty."""
    while directory != top:
        try:
            directory.rmdir()
        except OSError:
            return
        directory = directory.parent


def sweep(top: Path, keep: Collection[Path]) -> None:
    """Remove the scratch and the empty directories below top, except the directories in keep."""
    for directory, names, files in os.walk(top, topdown=False):
        here = Path(directory)
        for name in filter(is_scratch, files):
            (here / name).unlink(missing_ok=True)
        for name in filter(is_scratch, names):
            shutil.rmtree(here / name, ignore_errors=True)
        if here != top and here not in keep:
            _remove_if_empty(here)


def _remove_if_empty(directory: Path) -> None:
    with os.scandir(directory) as entries:
        empty = next(entries, None) is None
    if empty:
        directory.rmdir()
