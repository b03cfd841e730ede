"""The commands of a step as programs on its PATH, so that scripts find them: `bash -c "hadoop fs -ls …"`.

python -m localcloud.steps shim SITE_FILE COMMAND [ARGUMENT …]      on a host, which has no site: shim - COMMAND …
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

from localcloud.steps import sync
from localcloud.steps.commands import ANYWHERE, SHIMS, Launch, launch_of_command
from localcloud.steps.commands.flink import LAUNCHER
from localcloud.steps.commands.programs import PACKAGE_ROOT
from localcloud.steps.errors import CommandError
from localcloud.steps.site import Site

# PySpark and PyFlink send the driver's stderr to stdout, but EMR's users look for the traceback in stderr. Reopen the
# file behind the JVM's stderr, because a JVM passes no descriptors on.
_DRIVER_PYTHON = """\
#!/bin/sh
if [ -e /proc/$PPID/fd/2 ]; then exec {python} "$@" 2>>/proc/$PPID/fd/2; fi
exec {python} "$@"
"""
_NO_SITE = "-"


def write_shims(site: Site) -> None:
    """Write a step's programs into its bin directory."""
    site.bin_dir.mkdir(parents=True, exist_ok=True)
    saved = site.step_dir / "site.json"
    site.save(saved)
    _program(site.bin_dir / "driver-python", _DRIVER_PYTHON.format(python=shlex.quote(site.python)))
    if site.flink_home:
        _program(site.bin_dir / LAUNCHER, _DRIVER_PYTHON.format(python=shlex.quote(f"{site.flink_home}/bin/python")))
    for name in SHIMS:
        _shim(site.bin_dir, str(saved), name)


def write_host_shims(bin_dir: Path, python: str) -> None:
    """Write the programs of a host outside of EMR; its python3 is the given one, as Amazon Linux includes one too."""
    bin_dir.mkdir(parents=True, exist_ok=True)
    _program(bin_dir / "python3", f'#!/bin/sh\nexec {shlex.quote(python)} "$@"\n')
    for name in ANYWHERE:
        _shim(bin_dir, _NO_SITE, name)


def _shim(bin_dir: Path, site: str, name: str) -> None:
    command = shlex.join([sys.executable, "-P", "-m", "localcloud.steps", "shim", site, name])
    variable = f"PYTHONPATH={shlex.quote(str(PACKAGE_ROOT))}"
    _program(bin_dir / name, f'#!/bin/sh\n{variable} exec {command} "$@"\n')


def _program(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)


def main(args: list[str]) -> NoReturn:
    """Run the command in the arguments, with S3 synchronised before and after; exits with its status."""
    try:
        launch = _launch(args[0], args[1:])
    except CommandError as problem:
        sys.stderr.write(f"{problem}\n")
        sys.exit(problem.exit_code)
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    if not launch.mirrored:
        os.execvpe(launch.argv[0], launch.argv, {**inherited, **launch.env})  # noqa: S606 - becoming it is the work
    sync.ask(sync.PULL)
    code = subprocess.call(launch.argv, env={**inherited, **launch.env})
    pushed = sync.ask(sync.PUSH)
    if not pushed:
        sys.stderr.write(f"{args[1]}: what it wrote is not in S3 yet; it will be when the step ends\n")
    sys.exit(code if code >= 0 else 128 - code)


def _launch(site: str, args: list[str]) -> Launch:
    return ANYWHERE[args[0]](args[1:]) if site == _NO_SITE else launch_of_command(args, Site.load(Path(site)))
