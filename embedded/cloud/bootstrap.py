"""Makes the bucket for terraform's state when it is not there: the one thing a night cannot make for itself."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from embedded.cloud import clients, terraform
from embedded.errors import CloudError
from tools import paths


def ensure(env: Mapping[str, str], log: Path) -> bool:
    """Apply stacks/bootstrap if the state bucket is absent; True if it was made now.

    `env` is the night's environment, `log` takes terraform's output. Raises CloudError.
    """
    bucket = f"{env['NIGHTSHIFT_NAME']}-state"
    if _exists(bucket, env):
        return False
    state = paths.BOOTSTRAP_STATES / re.sub(r"\W+", "-", env["AWS_ENDPOINT_URL"])
    shutil.rmtree(state, ignore_errors=True)  # the cloud it described is gone with its memory
    state.mkdir(parents=True)
    with tempfile.TemporaryDirectory(prefix="nightshift-tf-") as data:
        settings = {**env, "TF_DATA_DIR": data, **_variables(env)}
        path = f"-backend-config=path={state / 'terraform.tfstate'}"
        terraform.run("bootstrap", "init", "-lockfile=readonly", path, env=settings, log=log)
        terraform.run("bootstrap", "apply", "-auto-approve", env=settings, log=log)
    return True


def _exists(bucket: str, env: Mapping[str, str]) -> bool:
    try:
        clients.s3(env).list_objects_v2(Bucket=bucket, MaxKeys=1)  # a HEAD would not say why it is refused
    except ClientError as refused:
        if refused.response["Error"]["Code"] == "NoSuchBucket":
            return False
        raise CloudError(f"The state bucket {bucket} cannot be read: {refused}.") from refused
    except BotoCoreError as unreachable:
        raise CloudError(f"{env['AWS_ENDPOINT_URL']} does not answer as S3 does: {unreachable}.") from unreachable
    return True


def _variables(env: Mapping[str, str]) -> dict[str, str]:
    return {"TF_VAR_name": env["NIGHTSHIFT_NAME"], "TF_VAR_region": env["AWS_REGION"]}
