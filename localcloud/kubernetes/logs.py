"""A container's log: its whole text, its last lines, or a stream that follows it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

_PAUSE_SECONDS = 0.1


class LogSource(Protocol):
    """Who has the logs of pods: the kubelet."""

    def log(self, uid: str, container: str, *, previous: bool) -> Path | None:
        """The file of a container's log; None when it has not started."""

    def lives(self, uid: str, container: str) -> bool:
        """Whether the container still runs."""


@dataclass(frozen=True)
class Wanted:
    """What of a log is asked for. tail: its last lines, None for all. limit: bytes."""

    tail: int | None = None
    limit: int | None = None


def text(path: Path, wanted: Wanted) -> bytes:
    """The wanted part of a log."""
    return _part(path.read_bytes(), wanted)


def _part(data: bytes, wanted: Wanted) -> bytes:
    if wanted.tail is not None:
        data = b"".join(data.splitlines(keepends=True)[-wanted.tail :] if wanted.tail else [])
    return data if wanted.limit is None else data[: wanted.limit]


class Follow:
    """A log, and what is added to it until the container ends. live: each part is to be sent at once."""

    live = True

    def __init__(self, path: Path, wanted: Wanted, lives: Callable[[], bool]) -> None:
        self._path, self._wanted, self._lives = path, wanted, lives

    def __iter__(self) -> Iterator[bytes]:
        yield b""
        with self._path.open("rb") as stream:
            yield _part(stream.read(), self._wanted)
            going = True
            while going:
                going = self._lives()  # looked at first: what was written before the end is read after it
                yield from iter(lambda: stream.read(1 << 16), b"")
                time.sleep(_PAUSE_SECONDS if going else 0)
