"""Remembers the last apply of the foundation, so that nights apply it once a day and again after any change."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from nightshift.aws import clients
from nightshift.config import Settings
from nightshift.infrastructure import stacks, terraform
from nightshift.run.run_context import RunContext

KEY = "foundation.applied.json"  # in the state bucket, beside the state


def applied(night: RunContext) -> dict[str, Any] | None:
    """The foundation's outputs if a run of the same day applied it from the same files and variables and its state has
    not changed since; None if it has to be applied."""
    kept = _read(night.settings)
    if kept and kept["day"] == str(night.today) and _mark(night.settings) == {k: kept[k] for k in ("inputs", "state")}:
        return dict(kept["outputs"])
    return None


def note(night: RunContext, outputs: Mapping[str, Any]) -> None:
    """Record what was just applied, and its outputs."""
    kept = {**_mark(night.settings), "day": str(night.today), "run": night.run, "outputs": dict(outputs)}
    bucket = night.settings.bucket("state")
    clients.client(night.settings, "s3").put_object(Bucket=bucket, Key=KEY, Body=json.dumps(kept, indent=1).encode())


def _mark(settings: Settings) -> dict[str, Any]:
    """inputs: a hash of everything that an apply reads; state: the state's ETag, "" if there is none."""
    listed = clients.client(settings, "s3").list_objects_v2(
        Bucket=settings.bucket("state"), Prefix=stacks.FOUNDATION_STATE, MaxKeys=1
    )
    tags = [item["ETag"] for item in listed.get("Contents", []) if item["Key"] == stacks.FOUNDATION_STATE]
    return {"inputs": _inputs(settings), "state": "".join(tags)}


def _read(settings: Settings) -> dict[str, Any] | None:
    s3 = clients.client(settings, "s3")
    try:
        body = s3.get_object(Bucket=settings.bucket("state"), Key=KEY)["Body"].read()
    except (s3.exceptions.NoSuchKey, s3.exceptions.NoSuchBucket):
        return None
    kept: dict[str, Any] = json.loads(body)
    return kept


def _inputs(settings: Settings) -> str:
    """SHA-256 over the files, the variables and terraform's environment variables (TF_VAR_*, TF_CLI_ARGS*)."""
    variables = [stacks.foundation(settings), terraform.environment_variables()]
    further = settings.tfvars.read_text() if settings.tfvars else ""
    read = [terraform.files_hash(settings, "foundation"), further, *variables]
    return hashlib.sha256(json.dumps(read, sort_keys=True).encode()).hexdigest()
