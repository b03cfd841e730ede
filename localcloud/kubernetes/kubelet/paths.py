"""Paths of a container, translated to those of this machine: a process has no file system of its own here. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path


class Paths:
    """The mounts of a container. A path in a command, an argument or a variable is replaced wherever it is written out;
    one that a program puts together itself is not."""

    def __init__(self, mounts: Mapping[str, Path]) -> None:
        """mounts: directories and files of this machine, by their path in the container."""
        self._here = {path.rstrip("/"): place for path, place in mounts.items() if path.rstrip("/")}
        longest_first = sorted(self._here, key=len, reverse=True)
        # Not within a longer name or a URI's path: /data is in file:///data/x, but not in s3://bucket/data or /data2.
        self._pattern = re.compile(rf"(?<![\w.\-])({'|'.join(map(re.escape, longest_first))})(?![\w.\-])")

    def local(self, text: str) -> str:
        """The text with this machine's paths."""
        return self._pattern.sub(lambda found: str(self._here[found[1]]), text) if self._here else text

    def place(self, path: str) -> Path | None:
        """Where a mounted path is; None when it is not mounted."""
        return self._here.get(path.rstrip("/"))
