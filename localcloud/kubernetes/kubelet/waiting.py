"""Why a container cannot start yet."""

from __future__ import annotations


class Waiting(Exception):
    """The container waits; the kubelet tries again. reason: as in its state, such as CreateContainerConfigError."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason, self.message = reason, message
