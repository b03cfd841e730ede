"""Runs terraform in one stack, with its state under one key of the state bucket."""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil  # type: ignore[import-untyped]

from nightshift.config import Settings
from nightshift.errors import FoundationDiffers, PreflightError, TerraformError
from nightshift.hooks import aws
from nightshift.locks import Lock

LOG = logging.getLogger(__name__)
RUNNING: list[subprocess.Popen[bytes]] = []  # of this process, which is one task's
TAIL_LINES = 60
TAIL_SECONDS = 0.2
MINIMUM = (1, 11)
DIFFERENCE = re.compile(r"^ +# (\S+ (?:will be|must be|has moved).*)$")
DIFFERENCES_SHOWN = 10
PROGRAMS = {"terraform", "tofu"}
# Every DAG applies the one foundation, and all of them start at midnight. A run has its own state to itself.
LOCK_TIMEOUTS = {"foundation": "5m", "transient": "60s"}


class TerraformHook:
    """One stack and one state. Variables travel in the environment (TF_VAR_*), never on a command line that
    others can read. Nothing is written beside the stack, which may be read-only.

    Terraform writes to a file that is read here. A pipe would break when the task's process is killed, and terraform
    die of it at its next word, state unsaved; so it finishes by itself and releases its lock.
    """

    def __init__(self, settings: Settings, stack: str, state_key: str) -> None:
        self.settings, self.stack, self.state_key = settings, stack, state_key
        self._scratch = TemporaryDirectory(prefix="nightshift-tf-")
        self._locking = f"-lock-timeout={LOCK_TIMEOUTS[stack]}"

    def init(self) -> None:
        """Open the state; creates nothing. Raises TerraformError."""
        backend = {
            "bucket": self.settings.bucket("state"),
            "key": self.state_key,
            "region": self.settings.region,
        }
        self._run("init", "-lockfile=readonly", *(f"-backend-config={k}={v}" for k, v in backend.items()))

    def apply(self, variables: Mapping[str, Any], file: Path | None = None) -> dict[str, Any]:
        """Make what the stack describes; gives its outputs, without the sensitive ones. Raises TerraformError.

        `file` holds variables as well (.tfvars), which win over the others.
        """
        self.init()
        further = [f"-var-file={file}"] if file else []
        self._run("apply", "-auto-approve", self._locking, *further, variables=variables)
        return self.outputs()

    def check(self, variables: Mapping[str, Any], file: Path | None = None) -> dict[str, Any]:
        """The outputs of a stack that is as its files say. Reads only, and so takes no lock. Raises FoundationDiffers
        naming what differs, TerraformError."""
        self.init()
        further = [f"-var-file={file}"] if file else []
        words = ("-lock=false", "-detailed-exitcode", *further)
        code, said = self._run("plan", *words, variables=variables, answers=(0, 2))
        if code:
            raise FoundationDiffers(f"The {self.stack} is not as its files say: {_differences(said)}.")
        return self.outputs()

    def destroy(self, variables: Mapping[str, Any]) -> None:
        """Remove whatever the state holds, whole or half applied. Raises TerraformError."""
        self.init()
        self._run("destroy", "-auto-approve", self._locking, variables=variables)

    def outputs(self) -> dict[str, Any]:
        """The outputs that may be shown: sensitive ones never reach XCom. {} for an empty state."""
        told = json.loads(self._answer("output", "-no-color", "-json"))
        return {name: o["value"] for name, o in told.items() if not o["sensitive"]}

    def managed(self) -> set[str]:
        """The ids of everything in the state, also of an apply that was cut short. The state must have been opened."""
        found = json.loads(self._answer("show", "-no-color", "-json")).get("values", {}).get("root_module", {})
        return {str(r["values"]["id"]) for r in _resources(found) if r["values"].get("id")}

    def lock(self) -> Lock | None:
        """Who holds the state's lock; None when nobody does."""
        s3 = aws.client(self.settings, "s3")
        try:
            there = s3.get_object(Bucket=self.settings.bucket("state"), Key=f"{self.state_key}.tflock")
        except (s3.exceptions.NoSuchKey, s3.exceptions.NoSuchBucket):
            return None
        return Lock.parsed(there["Body"].read(), there["LastModified"])

    def unlock(self, lock: Lock) -> None:
        """Break this very lock; one that another has taken since is left alone. Raises TerraformError."""
        self.init()
        self._run("force-unlock", "-force", lock.id)

    def runs_here(self) -> bool:
        """Whether a terraform works on this stack on this host: one that outlived the task that started it, or a
        person's, however it was called."""
        seen = psutil.process_iter(["name", "cmdline", "cwd", "status"])
        return any(_works_on(self.stack, p.info) for p in seen if p.info["name"] in PROGRAMS)

    def _run(
        self, verb: str, *args: str, variables: Mapping[str, Any] | None = None, answers: Collection[int] = (0,)
    ) -> tuple[int, list[str]]:
        """terraform's exit code, one of `answers`, and the lines that it printed. Raises TerraformError."""
        LOG.info("terraform %s of %s (state %s)", verb, self.stack, self.state_key)
        said = []
        # `force-unlock` has no -input, and -no-color comes before its argument.
        flags = ["-no-color"] if verb == "force-unlock" else ["-input=false", "-no-color"]
        output = Path(self._scratch.name) / "output.log"
        with _started(self._command(verb, *flags, *args), self._env(variables or {}), output) as process:
            for line in _followed(output, process):
                LOG.info("%s", line)
                said.append(line)
        if process.returncode not in answers:
            raise TerraformError(verb, self.stack, process.returncode, "\n".join(said[-TAIL_LINES:]))
        return process.returncode, said

    def _answer(self, *words: str) -> str:
        done = subprocess.run(self._command(*words), env=self._env({}), capture_output=True, text=True, check=False)
        if done.returncode:
            raise TerraformError(words[0], self.stack, done.returncode, done.stderr)
        return done.stdout

    def _command(self, verb: str, *args: str) -> list[str]:
        return [binary(), f"-chdir={self.settings.stacks_dir / self.stack}", verb, *args]

    def _env(self, variables: Mapping[str, Any]) -> dict[str, str]:
        own = {"TF_IN_AUTOMATION": "1", "TF_DATA_DIR": self._scratch.name, "CHECKPOINT_DISABLE": "1"}
        given = {f"TF_VAR_{name}": _text(value) for name, value in variables.items() if value is not None}
        return {**os.environ, **own, **given}


def interrupt() -> None:
    """Ask whatever terraform this task runs to stop; SIGINT lets it save the state and release the lock."""
    for process in RUNNING:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait()


def told_by_environment() -> dict[str, str]:
    """What the environment says to every terraform: variables and further arguments."""
    return {name: value for name, value in os.environ.items() if name.startswith(("TF_VAR_", "TF_CLI_ARGS"))}


def binary() -> str:
    """Where terraform is. Raises PreflightError when it is not on PATH."""
    found = shutil.which("terraform")
    if not found:
        raise PreflightError(
            f"terraform is not on PATH ({os.environ.get('PATH', '')}).",
            f"Install terraform {'.'.join(map(str, MINIMUM))} or newer on the machine that runs Airflow's tasks.",
        )
    return found


def version() -> str:
    """The installed version. Raises PreflightError if there is none, or one older than S3-native locking needs."""
    done = subprocess.run([binary(), "version"], capture_output=True, text=True, check=False)
    found = re.search(r"Terraform v(\d+)\.(\d+)\.(\d+)", done.stdout)
    if not found:
        raise PreflightError(f"terraform version answered {done.stdout[:200]!r} {done.stderr[:200]!r}.")
    if (int(found[1]), int(found[2])) < MINIMUM:
        raise PreflightError(f"{found[0]} is too old: S3-native locking needs {'.'.join(map(str, MINIMUM))}.")
    return found[0]


def _differences(said: Sequence[str]) -> str:
    """What a plan would change, from its lines."""
    found = [match[1] for line in said if (match := DIFFERENCE.match(line)) and "will be read" not in match[1]]
    more = len(found) - DIFFERENCES_SHOWN
    shown = [*found[:DIFFERENCES_SHOWN], *([f"and {more} more"] if more > 0 else [])]
    return "; ".join(shown) or "its outputs would change"


def _text(value: Any) -> str:
    """A value as terraform reads it from the environment: strings bare, the rest as JSON, which is HCL too."""
    return value if isinstance(value, str) else json.dumps(value)


@contextmanager
def _started(command: list[str], env: Mapping[str, str], output: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that writes to a file; who leaves early (a task's timeout raises here) has it end and save first."""
    with output.open("wb") as written:
        # A session of its own: Airflow signals the task's whole process group, and on top of `interrupt` terraform
        # would take that for a second Ctrl-C and leave without saving.
        process = subprocess.Popen(
            command, env=env, stdin=subprocess.DEVNULL, stdout=written, stderr=subprocess.STDOUT, start_new_session=True
        )
    RUNNING.append(process)
    try:
        yield process
    except BaseException:
        interrupt()
        raise
    finally:
        process.wait()
        RUNNING.remove(process)


def _followed(output: Path, process: subprocess.Popen[bytes]) -> Iterator[str]:
    """The lines of a file that a process writes, as they come, until the process has ended."""
    with output.open(errors="replace") as file:
        held = ""
        while True:
            over = process.poll() is not None  # asked before the read, so that the last words are not missed
            *whole, held = (held + file.read()).split("\n")
            yield from (line.rstrip() for line in whole)
            if over:
                yield from filter(None, [held])
                return
            if not whole:
                time.sleep(TAIL_SECONDS)


def _works_on(stack: str, process: Mapping[str, Any]) -> bool:
    """Whether a terraform is in the folder of the stack, of this tree or another. One whose folder is hidden from us,
    another user's, may be."""
    folders = _folders(process)
    return any(folder.parts[-2:] == ("stacks", stack) for folder in folders) or (not folders and not _is_over(process))


def _folders(process: Mapping[str, Any]) -> list[Path]:
    """Where a terraform is, as far as can be seen, and where its -chdir leads from there: it goes there by itself."""
    here = [Path(process["cwd"])] if process["cwd"] else []
    named = [Path(word.removeprefix("-chdir=")) for word in process["cmdline"] or () if word.startswith("-chdir=")]
    led = [place / folder for place in here for folder in named] or [folder for folder in named if folder.is_absolute()]
    return [folder.resolve() for folder in (*here, *led)]


def _is_over(process: Mapping[str, Any]) -> bool:
    return process["status"] in {psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD}


def _resources(module: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Every resource of `terraform show -json`, those of child modules too."""
    yield from module.get("resources", [])
    for child in module.get("child_modules", []):
        yield from _resources(child)
