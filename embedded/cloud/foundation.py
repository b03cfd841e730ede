"""The foundation as its owner lays it, where nights may not: only if it is not there, since nights compare it."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from embedded.cloud import clients, terraform
from embedded.cloud.settings import load
from nightshift.config import Settings
from nightshift.infrastructure import stacks

ROLE = "airflow_role_arn"  # the output that is there once all of the foundation is


def ensure(env: Mapping[str, str], log: Path) -> str:
    """Apply stacks/foundation if it is not whole; gives the ARN of Airflow's role. The state bucket must be there.

    `env` is the environment of an operator, `log` takes terraform's output. Raises CloudError, InputRefused.
    """
    settings = load(env)
    if role := _outputs(env, settings).get(ROLE):
        return str(role["value"])
    with tempfile.TemporaryDirectory(prefix="nightshift-tf-") as data:
        own = {**env, "TF_DATA_DIR": data, **_variables(settings)}
        backend = {"bucket": settings.bucket("state"), "key": stacks.FOUNDATION_STATE, "region": settings.region}
        opened = [f"-backend-config={key}={value}" for key, value in backend.items()]
        terraform.run("foundation", "init", "-lockfile=readonly", *opened, env=own, log=log)
        further = [f"-var-file={settings.tfvars}"] if settings.tfvars else []
        terraform.run("foundation", "apply", "-auto-approve", *further, env=own, log=log)
    return str(_outputs(env, settings)[ROLE]["value"])


def _outputs(env: Mapping[str, str], settings: Settings) -> dict[str, Any]:
    """The outputs in the state; none where there is no state."""
    s3 = clients.s3(env)
    try:
        state = s3.get_object(Bucket=settings.bucket("state"), Key=stacks.FOUNDATION_STATE)["Body"].read()
    except s3.exceptions.NoSuchKey:
        return {}
    outputs: dict[str, Any] = json.loads(state)["outputs"]
    return outputs


def _variables(settings: Settings) -> dict[str, str]:
    given = stacks.foundation(settings).items()
    return {f"TF_VAR_{name}": value if isinstance(value, str) else json.dumps(value) for name, value in given}
