"""Secrets that a command opened a database with and could not take away, since it was killed: known by its process."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import TYPE_CHECKING

import psutil  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

TAG = "nightshift:command"
SECONDS = 5  # a clock that was set moves the start of a process by as much


def this() -> str:
    """The calling process, as the tag of what it made."""
    process = psutil.Process()
    return f"{socket.gethostname()} {process.pid} {process.create_time():.0f}"


def is_dead(owner: str) -> bool:
    """Whether the process of a tag ran on this machine and is gone; no process is not dead."""
    host, _, facts = owner.partition(" ")
    if host != socket.gethostname():
        return False
    pid, _, started = facts.partition(" ")
    try:
        return bool(abs(psutil.Process(int(pid)).create_time() - float(started)) > SECONDS)
    except psutil.NoSuchProcess:
        return True
    except (psutil.Error, ValueError):
        return False


def left(client: SecretsManagerClient, name: str) -> Iterator[str]:
    """The names of the secrets below <name>/sources/ whose command is gone."""
    pages = client.get_paginator("list_secrets").paginate(Filters=[{"Key": "name", "Values": [f"{name}/sources/"]}])
    for secret in (secret for page in pages for secret in page["SecretList"]):
        if any(tag["Key"] == TAG and is_dead(tag["Value"]) for tag in secret.get("Tags", [])):
            yield secret["Name"]
