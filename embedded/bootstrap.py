"""Makes the bucket for terraform's state when it is not there: the one thing a night cannot make for itself."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from embedded import aws, places
from embedded.errors import CloudError


def ensure(env: Mapping[str, str], log: Path) -> bool:
    """Apply stacks/bootstrap if the state bucket is absent; True if it was made now.

    `env` is the night's environment, `log` takes terraform's output. Raises CloudError.
    """
    bucket = f"{env['NIGHTSHIFT_NAME']}-state"
    if _exists(bucket, env):
        return False
    state = places.BOOTSTRAP_STATES / re.sub(r"\W+", "-", env["AWS_ENDPOINT_URL"])
    shutil.rmtree(state, ignore_errors=True)  # the cloud it described is gone with its memory
    state.mkdir(parents=True)
    with tempfile.TemporaryDirectory(prefix="nightshift-tf-") as data:
        settings = {**env, "TF_DATA_DIR": data, **_variables(env)}
        _terraform(
            "init", "-lockfile=readonly", f"-backend-config=path={state / 'terraform.tfstate'}", env=settings, log=log
        )
        _terraform("apply", "-auto-approve", env=settings, log=log)
    return True


def _exists(bucket: str, env: Mapping[str, str]) -> bool:
    try:
        aws.s3(env).list_objects_v2(Bucket=bucket, MaxKeys=1)  # a HEAD would not say why it is refused
    except ClientError as refused:
        if refused.response["Error"]["Code"] == "NoSuchBucket":
            return False
        raise CloudError(f"The state bucket {bucket} cannot be looked at: {refused}.") from refused
    except BotoCoreError as unreachable:
        raise CloudError(f"{env['AWS_ENDPOINT_URL']} does not answer as S3 does: {unreachable}.") from unreachable
    return True


def _variables(env: Mapping[str, str]) -> dict[str, str]:
    return {"TF_VAR_name": env["NIGHTSHIFT_NAME"], "TF_VAR_region": env["AWS_REGION"]}


def _terraform(verb: str, *arguments: str, env: Mapping[str, str], log: Path) -> None:
    """One terraform command in the stack, its output appended to `log`. Raises CloudError with the first error line."""
    command = ["terraform", f"-chdir={places.STACKS / 'bootstrap'}", verb, "-input=false", "-no-color", *arguments]
    done = subprocess.run(
        command, env=dict(env), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    with log.open("a") as file:
        file.write(done.stdout)
    if done.returncode:
        errors = [line.strip("│╷╵ ") for line in done.stdout.splitlines() if "Error:" in line]
        said = errors[0] if errors else "no error line"
        raise CloudError(f"terraform {verb} of the bootstrap stack ended with {done.returncode} ({said}); see {log}.")
