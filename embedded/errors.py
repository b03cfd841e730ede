"""The errors that end a command of the laptop with one sentence, beside those of tools.errors.

CommandError (tools.errors)
├── CloudError   localcloud, or its state bucket, cannot be had
├── TreeRefused  a run cannot write where it keeps its log and record
└── NightError   the process that plays the night ended without saying how
"""

from __future__ import annotations

from tools.errors import CommandError


class CloudError(CommandError):
    """localcloud, or its state bucket, cannot be had."""


class TreeRefused(CommandError):
    """A run cannot write where it keeps its log and its record."""


class NightError(CommandError):
    """The process that plays the night ended without saying how."""
