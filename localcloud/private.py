"""Folders that only their user looks into: keys, logs, input and output of steps are in them."""

from __future__ import annotations

from pathlib import Path


def folder(path: Path) -> Path:
    """Make the folder if it is missing, and close it to other users; gives it back."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.chmod(0o700)  # one that is there may be older than this rule
    return path
