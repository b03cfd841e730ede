"""A command's output: the part that the API returns, and all of it in S3."""

from __future__ import annotations

import logging
from pathlib import Path

from localcloud.ssm.model import Command
from localcloud.steps.store import Store

_LOG = logging.getLogger(__name__)
# "The first 24,000 characters written by the plugin to stdout", "the first 8,000 ... to stderr" (API reference,
# GetCommandInvocation).
MOST = {"stdout": 24_000, "stderr": 8_000}


def told(logs: Path, name: str) -> str:
    """The beginning of stdout or stderr, as the API returns it."""
    with (logs / name).open(encoding="utf-8", errors="replace", newline="") as stream:
        return stream.read(MOST[name])


def upload(command: Command, instance: str, logs: Path) -> None:
    """Upload stdout and stderr to the command's bucket; empty ones are skipped, as by the agent (fileS3.go).

    If the bucket does not exist, the output is lost but the command succeeds: the agent only logs it.
    """
    bucket = command.spec.get("OutputS3BucketName")
    if not bucket:
        return
    store = Store(command.account)
    if bucket not in store.buckets():
        _LOG.warning("command %s: its output is lost, there is no bucket %s", command.id, bucket)
        return
    for name in MOST:
        if (logs / name).stat().st_size:
            store.upload(bucket, command.output_key(instance, name), logs / name)
