"""Folders that only their user can read: they hold keys, logs, and input and output of steps."""

from __future__ import annotations

from pathlib import Path


def folder(path: Path) -> Path:
    """Create the folder if it is missing, and close it to other users; returns it."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.chmod(0o700)  # an existing folder may be older than this rule
    return path
