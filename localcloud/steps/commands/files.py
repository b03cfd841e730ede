"""`--files` and `--archives` of cluster mode, which YARN puts into the driver's working directory."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from localcloud.steps.commands.paths import local_path
from localcloud.steps.errors import CommandError
from localcloud.steps.site import Site


class HasOptions(Protocol):
    """A submission's interface used here: the value of an option."""

    def value(self, name: str) -> str | None: ...


def place_files(submission: HasOptions, site: Site) -> list[str]:
    """Copy the files into the working directory when the step asks for cluster mode; returns notes on them.

    Raises CommandError when one does not exist.
    """
    if submission.value("--deploy-mode") != "cluster":
        return []
    placed = [_place(source, name, site) for source, name in _named(submission.value("--files"))]
    unpacked = [_unpack(source, name, site) for source, name in _named(submission.value("--archives"))]
    return [f"{name} is in the working directory, as in cluster mode" for name in [*placed, *unpacked]]


def _named(option: str | None) -> Iterator[tuple[str, str]]:
    """The URIs of a list, each with its target name: what follows a #, else its own."""
    for uri in filter(None, (option or "").split(",")):
        source, _, alias = uri.partition("#")
        yield source, Path(alias or source).name


def _source(uri: str, site: Site) -> Path:
    path = local_path(uri, site.buckets_dir, site.hdfs_dir)
    if not path.is_file():
        raise CommandError(f"{uri} does not exist: upload it before the step is added, or correct the path.")
    return path


def _place(uri: str, name: str, site: Site) -> str:
    shutil.copyfile(_source(uri, site), site.work_dir / name)
    return name


def _unpack(uri: str, name: str, site: Site) -> str:
    """As YARN does, with tar, which writes nothing outside of its directory (Python's does so from 3.11.4 on)."""
    archive, place = _source(uri, site), site.work_dir / name
    try:
        if archive.suffix == ".zip":
            shutil.unpack_archive(archive, place)
        else:
            place.mkdir(exist_ok=True)
            command = ["tar", "--extract", "--file", str(archive), "--directory", str(place)]
            subprocess.run(command, capture_output=True, text=True, check=True)
    except (shutil.ReadError, ValueError, OSError, subprocess.CalledProcessError) as problem:
        why = getattr(problem, "stderr", None) or problem
        raise CommandError(f"{uri} could not be unpacked: {why}. Use .zip, .tar or .tar.gz.") from problem
    return name
