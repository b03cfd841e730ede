"""./nightshift cloud: localcloud's own command line, for the localcloud of this tree."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence

from embedded.cloud import environment
from tools import paths, toolchain

HELP = "up, status, down, faults: the simulated AWS on this machine (see ./nightshift cloud --help)"


def run(arguments: Sequence[str]) -> int:
    """Hand the arguments to `python -m localcloud`; gives its exit status. Raises ToolMissing before a start."""
    env = environment.with_tools(toolchain.find()) if "up" in arguments else dict(os.environ)
    env.setdefault("LOCALCLOUD_HOME", str(paths.LOCALCLOUD_HOME))
    env["PYTHONPATH"] = str(paths.ROOT)
    return subprocess.run([sys.executable, "-P", "-m", "localcloud", *arguments], env=env, check=False).returncode
