"""The errors that end a command with one sentence.

EmbeddedError
├── ToolMissing     a program that the night needs cannot be had on this machine
├── DownloadRefused a pinned release could not be fetched, or is not what was pinned
├── InputRefused    what the user asked for cannot be done: pipeline, dates, paths, encoding
├── CloudError      localcloud, or its state bucket, cannot be had
├── TreeRefused     a run cannot write where it keeps its log and record
├── NightError      the process that plays the night ended without saying how
└── StackError      a part of Airflow or PostgreSQL did not start, or stopped
"""

from __future__ import annotations


class EmbeddedError(Exception):
    """One sentence: what was attempted, what came back, what to do next."""


class ToolMissing(EmbeddedError):
    """A program that the night needs cannot be had on this machine."""


class DownloadRefused(EmbeddedError):
    """A pinned release could not be fetched, or is not what was pinned."""


class InputRefused(EmbeddedError):
    """What the user asked for cannot be done; nothing was started."""


class CloudError(EmbeddedError):
    """localcloud, or its state bucket, cannot be had."""


class TreeRefused(EmbeddedError):
    """A run cannot write where it keeps its log and its record."""


class NightError(EmbeddedError):
    """The process that plays the night ended without saying how."""


class StackError(EmbeddedError):
    """A part of Airflow or PostgreSQL did not start, or stopped."""
