"""What the runs of a command say about this place: where they are kept, and the command that tries one again."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Sequence

from tools import paths

_PASSWORD = re.compile(r"(://[^:/@\s]+):[^@\s]+@")


def settings(arguments: Sequence[str] | None = None) -> dict[str, str]:
    """The NIGHTSHIFT_* of runs that only this command starts; `arguments` are its own."""
    return {**kept(), "NIGHTSHIFT_AGAIN": f"run `{command(sys.argv[1:] if arguments is None else arguments)}` again"}


def kept() -> dict[str, str]:
    """The NIGHTSHIFT_* of runs that are copied to this machine's disk."""
    return {"NIGHTSHIFT_KEPT_DIR": str(paths.RUNS)}


def command(arguments: Sequence[str]) -> str:
    """The command line as a user types it, without the password of an address in it."""
    return _PASSWORD.sub(r"\1@", f"./nightshift {shlex.join(arguments)}")
