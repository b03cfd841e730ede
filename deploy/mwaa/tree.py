"""What of the tree travels to MWAA, and as which bytes: no tests, no caches, nothing that a run or an editor left."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

EPOCH = (1980, 1, 1, 0, 0, 0)  # zip's own beginning of time: the same files give the same bytes
FILE_MODE = 0o100644 << 16
UNIX = 3
CACHES = {"__pycache__", "tests"}
HIDDEN_THAT_TRAVELS = {".airflowignore", ".terraform.lock.hcl"}  # init -lockfile=readonly needs the second
STAYS = (".pyc", ".tftest.hcl", ".tfstate", ".tfstate.backup", "~")


def files(folder: Path) -> dict[str, bytes]:
    """Every file of `folder` that travels, by its path in it. Raises FileNotFoundError when there is no such folder."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(_walked(folder))}


def travels(name: str) -> bool:
    """Whether a file or folder of this name does."""
    hidden = name.startswith(".") and name not in HIDDEN_THAT_TRAVELS
    return not hidden and name not in CACHES and not name.endswith(STAYS)


def zipped(content: Mapping[str, bytes]) -> bytes:
    """A zip whose bytes follow from its content alone: one date, one mode, sorted, and no machine's own mark."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:  # deflate's bytes differ from zlib to zlib
        for name in sorted(content):
            archive.writestr(_entry(name), content[name])
    return buffer.getvalue()


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, EPOCH)
    entry.external_attr, entry.create_system = FILE_MODE, UNIX
    return entry


def _walked(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if travels(path.name):
            if path.is_dir():
                yield from _walked(path)
            elif path.is_file():
                yield path
