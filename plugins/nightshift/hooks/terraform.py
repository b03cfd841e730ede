"""Runs terraform in one stack, with its state under one key of the state bucket."""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
import signal
import subprocess
from collections import deque
from collections.abc import Mapping
from tempfile import TemporaryDirectory
from typing import Any

from nightshift.config import Settings
from nightshift.errors import PreflightError, TerraformError

LOG = logging.getLogger(__name__)
TAIL_LINES = 60
MINIMUM = (1, 11)
LOCK_TIMEOUT = "-lock-timeout=5m"  # every DAG applies the one foundation, and all of them start at midnight


class TerraformHook:
    """One stack and one state. Variables travel in the environment (TF_VAR_*), never on a command line that
    others can read. Nothing is written beside the stack, which may be read-only."""

    def __init__(self, settings: Settings, stack: str, state_key: str) -> None:
        self.settings, self.stack, self.state_key = settings, stack, state_key
        self._scratch = TemporaryDirectory(prefix="nightshift-tf-")
        self._process: subprocess.Popen[str] | None = None

    def init(self) -> None:
        """Open the state; creates nothing. Raises TerraformError."""
        backend = {
            "bucket": self.settings.bucket("state"),
            "key": self.state_key,
            "region": self.settings.region,
        }
        self._run("init", "-lockfile=readonly", *(f"-backend-config={k}={v}" for k, v in backend.items()))

    def apply(self, variables: Mapping[str, Any]) -> dict[str, Any]:
        """Make what the stack describes; gives its outputs, without the sensitive ones. Raises TerraformError."""
        self.init()
        self._run("apply", "-auto-approve", LOCK_TIMEOUT, variables=variables)
        return self.outputs()

    def destroy(self, variables: Mapping[str, Any]) -> None:
        """Remove whatever the state holds, whole or half applied. Raises TerraformError."""
        self.init()
        self._run("destroy", "-auto-approve", LOCK_TIMEOUT, variables=variables)

    def outputs(self) -> dict[str, Any]:
        """The outputs that may be shown: sensitive ones never reach XCom. {} for an empty state."""
        done = subprocess.run(
            self._command("output", "-json"), env=self._env({}), capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise TerraformError("output", self.stack, done.returncode, done.stderr)
        return {name: o["value"] for name, o in json.loads(done.stdout).items() if not o["sensitive"]}

    def interrupt(self) -> None:
        """Ask terraform to stop; SIGINT lets it save the state and release the lock."""
        if self._process and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait()

    def _run(self, verb: str, *args: str, variables: Mapping[str, Any] | None = None) -> None:
        LOG.info("terraform %s of %s (state %s)", verb, self.stack, self.state_key)
        tail: deque[str] = deque(maxlen=TAIL_LINES)
        with subprocess.Popen(
            self._command(verb, "-input=false", "-no-color", *args),
            env=self._env(variables or {}),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            # Airflow signals the task's whole process group; on top of `interrupt`, terraform would take that for a
            # second Ctrl-C and leave without saving.
            start_new_session=True,
        ) as self._process:
            try:
                for line in self._process.stdout or ():
                    LOG.info("%s", line.rstrip())
                    tail.append(line)
            except BaseException:
                # A task's timeout raises here. Popen would now close the pipe, and terraform die of it at its next
                # word: state unsaved, lock held.
                self.interrupt()
                raise
        if code := self._process.returncode:
            raise TerraformError(verb, self.stack, code, "".join(tail))

    def _command(self, verb: str, *args: str) -> list[str]:
        return [binary(), f"-chdir={self.settings.stacks_dir / self.stack}", verb, *args]

    def _env(self, variables: Mapping[str, Any]) -> dict[str, str]:
        own = {"TF_IN_AUTOMATION": "1", "TF_DATA_DIR": self._scratch.name, "CHECKPOINT_DISABLE": "1"}
        given = {f"TF_VAR_{name}": _text(value) for name, value in variables.items() if value is not None}
        return {**os.environ, **own, **given}


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


def _text(value: Any) -> str:
    """A value as terraform reads it from the environment: strings bare, the rest as JSON, which is HCL too."""
    return value if isinstance(value, str) else json.dumps(value)
