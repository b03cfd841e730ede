"""A command line, ready to be started."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Launch:
    """argv, variables on top of the step's environment, and notes for the controller log.

    mirrored: whether it finds S3 as directories (and not over the network).
    """

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    mirrored: bool = True
