"""Terraform as an operator runs it, before any night: one command in one stack, its output in a log."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

from embedded.errors import CloudError
from tools import paths


def run(stack: str, verb: str, *arguments: str, env: Mapping[str, str], log: Path) -> None:
    """Run it, appending its output to `log`. Raises CloudError with the first error line."""
    command = ["terraform", f"-chdir={paths.STACKS / stack}", verb, "-input=false", "-no-color", *arguments]
    done = subprocess.run(
        command, env=dict(env), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    with log.open("a") as file:
        file.write(done.stdout)
    if done.returncode:
        errors = [line.strip("│╷╵ ") for line in done.stdout.splitlines() if "Error:" in line]
        said = errors[0] if errors else "without an error line"
        raise CloudError(f"terraform {verb} of the {stack} stack ended with {done.returncode} ({said}); see {log}.")
