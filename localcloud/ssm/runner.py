"""Running a command on a host: its lines as one script, in a process group of its own on this machine.

hosts/<instance>/home       the working directory and HOME of its commands, for as long as the host is there
hosts/<instance>/bin        aws, python3, and sudo and shutdown, which are refused
hosts/<instance>/<command>  _script.sh, stdout and stderr
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from localcloud import private
from localcloud.credentials import Access
from localcloud.steps import environment
from localcloud.steps.process import StepProcess
from localcloud.steps.processes import Processes
from localcloud.steps.shim import write_host_shims

# The agent kills without TERM (executers_unix.go), so a script must not get one here either.
_GRACE_SECONDS = 0.0
_PATIENCE_SECONDS = 10.0


@dataclass(frozen=True)
class HostCommand:
    """A host's command, and its access to AWS. directory: '' for the host's home."""

    instance: str
    id: str
    region: str
    access: Access
    lines: tuple[str, ...]
    directory: str = ""


@dataclass(frozen=True)
class Ended:
    """The exit status of a script, and the directory of its stdout and stderr."""

    code: int
    logs: Path


class HostRunner:
    """Runs commands below one directory, each in the thread that calls run."""

    def __init__(self, work_dir: Path, python: str) -> None:
        """work_dir: an earlier server's leftovers in it are removed. python: the program that is python3 on a host."""
        self._top, self._python = work_dir.absolute() / "hosts", python
        shutil.rmtree(self._top, ignore_errors=True)
        self._processes, self._furnishing = Processes(), threading.Lock()

    @contextmanager
    def run(self, command: HostCommand) -> Iterator[Ended]:
        """Run a command until it has ended; its output exists as long as the context is open.

        Processes that it leaves running go on, as on a host. Raises OSError when this machine cannot start it.
        """
        key = (command.instance, command.id)
        with self._processes.underway(key):
            home = self._furnish(command.instance)
            logs = home.parent / command.id
            argv = _script(command, logs)
            directory = Path(command.directory) if command.directory else home
            try:
                code = self._attempt(key, argv, directory, self._environment(command, home), logs)
            except (FileNotFoundError, NotADirectoryError, PermissionError) as problem:
                code = _say(logs, 1, f"chdir {directory}: {str(problem.strerror).lower()}")
            yield Ended(code, logs)

    def kill(self, instance: str, command_id: str) -> None:
        """Kill all processes of a command, or prevent one that has not started."""
        self._processes.kill((instance, command_id))

    def switch_off(self, instance: str, *, for_ever: bool) -> None:
        """Kill all processes on a host and wait for them; its disk is deleted too when it is terminated."""
        self._processes.kill_machine(instance, _PATIENCE_SECONDS)
        if for_ever:
            shutil.rmtree(self._top / instance, ignore_errors=True)

    def close(self) -> None:
        """Kill everything, wait for it, and run nothing more."""
        self._processes.close(_PATIENCE_SECONDS)

    def hosts(self) -> set[str]:
        """The hosts with running processes."""
        return self._processes.machines()

    def _furnish(self, instance: str) -> Path:
        """Create a host's directories and programs; returns its home."""
        here = private.folder(self._top / instance)
        for name in ("home", "tmp"):
            (here / name).mkdir(parents=True, exist_ok=True)
        with self._furnishing:
            # Only once: another command may be reading them.
            if not (here / "bin").exists():
                write_host_shims(here / "bin", self._python)
        return here / "home"

    def _environment(self, command: HostCommand, home: Path) -> dict[str, str]:
        here = home.parent
        return {
            **environment.machine(here / "bin", here / "tmp", str(home)),
            **command.access.environment(command.region),
            # Variables that the agent sets (agent/executers/executers.go).
            "AWS_SSM_INSTANCE_ID": command.instance,
            "AWS_SSM_REGION_NAME": command.region,
        }

    def _attempt(self, key: tuple[str, str], argv: list[str], cwd: Path, env: dict[str, str], logs: Path) -> int:
        process = self._processes.start(
            key, lambda: StepProcess(argv, cwd, env, logs, grace_seconds=_GRACE_SECONDS, outlived=True)
        )
        if process is None:
            return _say(logs, 1, "the host was switched off, or the command cancelled, before it started")
        code = process.wait()
        lives_on = self._processes.let_live(key, process)
        # The agent adds nothing for a script that it killed itself.
        return _say(logs, code, f"exit status {code}") if code and lives_on else code


def _script(command: HostCommand, logs: Path) -> list[str]:
    """Write the lines as the agent does, joined by newlines; returns the command line that runs them.

    The agent calls `sh -c` with the file (runscript.go): its #! line applies, and without one sh reads it, which on
    Amazon Linux is bash in POSIX mode.
    """
    logs.mkdir(parents=True, exist_ok=True)
    script = logs / "_script.sh"
    script.write_text("\n".join(command.lines) + "\n", encoding="utf-8")
    script.chmod(0o700)
    return [str(script)] if command.lines[0].startswith("#!") else ["bash", "--posix", str(script)]


def _say(logs: Path, code: int, why: str) -> int:
    """Append to stderr what the agent appends after a failure."""
    with (logs / "stderr").open("a", encoding="utf-8") as stream:
        stream.write(f"failed to run commands: {why}")
    return code
