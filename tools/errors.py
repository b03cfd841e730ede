"""The errors that end a command with one sentence.

CommandError
├── ToolMissing     a program that is needed cannot be had on this machine
├── DownloadRefused a pinned release could not be fetched, or is not what was pinned
├── InputRefused    the user's request cannot be done: pipeline, dates, paths, encoding, address
└── StackError      a part of Airflow or PostgreSQL did not start, or stopped

embedded.errors has those of the laptop's runs.
"""

from __future__ import annotations


class CommandError(Exception):
    """One sentence: what was attempted, what came back, what to do next."""


class ToolMissing(CommandError):
    """A program that is needed cannot be had on this machine."""


class DownloadRefused(CommandError):
    """A pinned release could not be fetched, or is not what was pinned."""


class InputRefused(CommandError):
    """The user's request cannot be done; nothing was started."""


class StackError(CommandError):
    """A part of Airflow or PostgreSQL did not start, or stopped."""
