"""The user's files become a night's input: what is uploaded where, checked before anything starts."""

from __future__ import annotations

import codecs
import os
import re
import stat
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from tools.errors import InputRefused

# Spark passes over names that begin with _ or . or end in ._COPYING_, and a bucket's mirror takes 255 bytes a name.
UNSAFE = re.compile(r"[^A-Za-z0-9._-]")
LONGEST = 100


@dataclass(frozen=True)
class Upload:
    """One local file and the key that it gets in the raw bucket."""

    source: Path
    key: str


@dataclass(frozen=True)
class Delivery:
    """The input of one night: the raw bucket's `prefixes` are emptied, then `uploads` put there.

    `params` are the DAG params that follow from it, such as input_prefix.
    """

    uploads: tuple[Upload, ...]
    prefixes: tuple[str, ...]
    params: dict[str, Any] = field(default_factory=dict)


Maker = Callable[[Path, Sequence[date]], dict[date, Delivery]]  # makes up each day's input, its files in a folder


def texts(paths: Iterable[Path], prefix: str) -> Delivery:
    """WordCount's input: text files and folders of them, put under `prefix`, which ends in /. Raises InputRefused."""
    listed = [file for path in paths for file in files(path)]
    if not any(file.stat().st_size for file in listed):
        raise InputRefused(f"{', '.join(map(str, paths))} holds no text: name a file with something in it.")
    numbered = enumerate(listed)
    uploads = tuple(Upload(f, f"{prefix}{n:05d}-{plain(f.name)}") for n, f in numbered)
    return Delivery(uploads, (prefix,), {"input_prefix": prefix})


def plain(name: str) -> str:
    """The end of a name, which distinguishes it most, in characters that every tool reads alike."""
    return UNSAFE.sub("-", name)[-LONGEST:].removesuffix("._COPYING_")


def existing(path: Path) -> Path:
    """`path`, if it is a file or folder that may be read. Raises InputRefused."""
    try:
        if not stat.S_ISREG(mode := path.stat().st_mode) and not stat.S_ISDIR(mode):
            raise InputRefused(f"{path} is neither a file nor a folder (a pipe, say): write its content to a file.")
        if path.is_dir():
            list(path.iterdir())
        else:
            path.open("rb").close()
    except FileNotFoundError:
        raise InputRefused(f"{path} does not exist: name a file or folder that does.") from None
    except OSError as refused:
        raise InputRefused(f"{path} cannot be read ({refused.strerror}): fix its permissions.") from None
    return path


def refuse_links(folder: Path, hidden: bool = False) -> None:
    """Raise InputRefused for a symbolic link below a folder: what lies elsewhere was not given, and what lies in it
    would be read twice. Links with hidden names are looked at where those are read."""
    for place, folders, names in os.walk(folder, onerror=_refuse):
        if not hidden:
            folders[:] = [name for name in folders if not name.startswith(".")]
        for link in (Path(place, name) for name in sorted((*folders, *names)) if hidden or not name.startswith(".")):
            if link.is_symlink():
                raise InputRefused(
                    f"{link} is a symbolic link to {link.readlink()}, and links in a folder are not followed: put a"
                    " copy in its place, or name the target as --input."
                )


def _refuse(unseen: OSError) -> None:
    raise InputRefused(f"{unseen.filename} cannot be read ({unseen.strerror}): fix its permissions.") from None


def encoding(name: str) -> str:
    """Python's name of a text encoding. Raises InputRefused when there is none such, or it does not decode text."""
    try:
        codec = codecs.lookup(name)
        "".encode(codec.name)
    except (LookupError, ValueError):  # the codec "undefined" raises a UnicodeError, a NUL in the name a ValueError
        raise InputRefused(
            f"{name!r} is not a text encoding: give utf-8, latin-1, cp1252 or utf-16, for example."
        ) from None
    return codec.name


def files(path: Path) -> Sequence[Path]:
    """The file itself, or every file below the folder but hidden ones, in order of their names."""
    existing(path)
    if not path.is_dir():
        return [path]
    refuse_links(path)
    below = (file for file in sorted(path.rglob("*")) if file.is_file())
    return [existing(f) for f in below if not any(p.startswith(".") for p in f.relative_to(path).parts)]
