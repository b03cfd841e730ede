"""Runs a command and appends its wall and CPU seconds to a log: `timed.py LOG COMMAND [ARG …]`."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from pathlib import Path


def main(log: Path, command: list[str]) -> int:
    """The command's exit status. CPU seconds are its own and its children's, user and system."""
    began = time.monotonic()
    code = subprocess.run(command, check=False).returncode
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    entry = {"args": command[1:3], "wall": time.monotonic() - began, "cpu": used.ru_utime + used.ru_stime}
    with log.open("a") as file:
        file.write(json.dumps(entry) + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
