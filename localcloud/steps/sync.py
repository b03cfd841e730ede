"""Synchronise files and objects between the commands of a script, as around a whole step.

In `hadoop fs -put … s3://b/x && aws s3 ls s3://b/` the first command works on the mirror, the second on S3. So each
mirrored command of a script requests a pull before it and a push after it, over a socket inherited from its step.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Mapping

VARIABLE = "STEP_SYNC_FD"
PULL, PUSH = b"<", b">"
_DONE, _FAILED = b".", b"!"


class SyncPoint:
    """The server's end: answers the commands of one step until its last process has ended."""

    def __init__(self, pull: Callable[[], object], push: Callable[[], object]) -> None:
        self._acts = {PULL: pull, PUSH: push}
        self._here, self._there = socket.socketpair()

    @property
    def descriptor(self) -> int:
        """The descriptor for the step's process to inherit."""
        return self._there.fileno()

    def serve(self) -> None:
        """Start answering; call it once the process has inherited its end."""
        self._there.close()
        threading.Thread(target=self._answer, daemon=True, name="localcloud-sync").start()

    def abandon(self) -> None:
        """Close both ends when the process could not be started."""
        self._there.close()
        self._here.close()

    def _answer(self) -> None:
        with self._here:
            while request := self._here.recv(1):
                try:
                    self._acts[request]()
                except (OSError, KeyError):
                    self._here.sendall(_FAILED)
                else:
                    self._here.sendall(_DONE)


def ask(request: bytes, environ: Mapping[str, str] = os.environ) -> bool:
    """From within a step: request PULL or PUSH and wait for it; False when it failed or nobody answers."""
    descriptor = environ.get(VARIABLE)
    if descriptor is None:
        return False
    try:
        with socket.socket(fileno=os.dup(int(descriptor))) as line:
            line.sendall(request)
            return line.recv(1) == _DONE
    except OSError:
        return False
