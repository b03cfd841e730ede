"""The AWS provider that the nights of a command attach to, so that not every terraform command starts its own.

Terraform hashes and starts a provider of 700 MB for each command, and an apply starts it several times: two thirds of
the CPU of a run's stack. Here it is started once, in the debugging mode that HashiCorp made for it (`-debug`, and
TF_REATTACH_PROVIDERS: Terraform's documentation, "Debugging Providers"). What it makes and says is the same. Two
commands must not be at work at once against different stacks: they share its configuration.
"""

from __future__ import annotations

import base64
import hashlib
import os
import platform
import re
import subprocess
import time
from collections.abc import Mapping
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from embedded.errors import CloudError
from tools import download, paths, toolchain

REATTACH = "TF_REATTACH_PROVIDERS"
LOCK = paths.STACKS / "foundation" / ".terraform.lock.hcl"
WATCH = 'read -r _; kill "$0"'  # `read` returns when no process holds the other end of its pipe any more
START_SECONDS = 180
LAST = 300  # characters of its output


class Providers(ExitStack):
    """The providers of one command, one for each set of credentials. They end with it: when no process has the writing
    end of their `lifeline` any more, or when the block ends. `logs` is the folder of their output; without a `mirror`
    terraform starts its own, from the registry."""

    def __init__(self, mirror: Path | None, logs: Path) -> None:
        super().__init__()
        self._mirror, self._logs = mirror, logs
        self._alive, self.lifeline = os.pipe()
        self.callback(os.close, self._alive)
        self.callback(os.close, self.lifeline)

    def attach(self, env: Mapping[str, str]) -> dict[str, str]:
        """Start a provider with the credentials of `env`; gives the environment variables that make terraform attach to
        it. Raises CloudError."""
        if self._mirror is None:
            return {}
        place = self._mirror / toolchain.PROVIDER / download.platform_name(platform.system(), platform.machine())
        if package_hash(place) not in LOCK.read_text():  # terraform does not check a provider that it attaches to
            raise CloudError(f"{place} is not the AWS provider that {LOCK} names: remove it, or bring it anew.")
        [binary] = place.glob("terraform-provider-aws_*")
        # With a bundle it cannot be configured twice; and what lives for minutes must not grow to a gigabyte.
        own = {key: value for key, value in env.items() if key not in ("AWS_CA_BUNDLE", "GOGC")}
        log = Path(mkdtemp(prefix="provider-", dir=self._logs)) / "log"
        with log.open("wb") as said:
            process = self._started(
                [str(binary), "-debug"], env=own, stdin=subprocess.DEVNULL, stdout=said, stderr=said
            )
        self._started(["sh", "-c", WATCH, str(process.pid)], stdin=self._alive)
        return {REATTACH: _address(process, log)}

    def _started(self, command: list[str], **how: Any) -> subprocess.Popen[bytes]:
        """A process that a Ctrl-C in the terminal does not reach, and that ends with the block."""
        process = subprocess.Popen(command, start_new_session=True, **how)
        self.callback(process.wait)
        self.callback(process.terminate)
        return process


@cache
def package_hash(place: Path) -> str:
    """The hash of an unpacked provider as a lock file has it: "h1:" (golang.org/x/mod/sumdb/dirhash, Hash1)."""
    files = sorted((file.relative_to(place).as_posix(), file) for file in place.rglob("*") if file.is_file())
    lines = "".join(f"{_sha256(file)}  {name}\n" for name, file in files)
    return f"h1:{base64.b64encode(hashlib.sha256(lines.encode()).digest()).decode()}"


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    """How to attach to it, as it writes at its start."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if match := re.search(f"{REATTACH}='(.*)'", log.read_text()):
            return match[1]
        time.sleep(0.02)
    last = " ".join(log.read_text(errors="replace").split())[-LAST:] or "it wrote nothing"
    raise CloudError(f"The AWS provider did not start within {START_SECONDS} s: {last}")
