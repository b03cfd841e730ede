"""The errors that end a command of this room with one sentence."""

from __future__ import annotations


class DeployError(Exception):
    """One sentence: what was attempted, what came back, what to do next."""
