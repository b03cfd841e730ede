"""Who the nights are where IAM is enforced: Airflow under its role, as Amazon MWAA has it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from embedded.cloud import environment, foundation
from embedded.errors import CloudError
from localcloud.client import Client
from localcloud.credentials import Access
from localcloud.errors import ServerError

SERVICE = "airflow-env.amazonaws.com"  # whom the role trusts; on this machine the command is what MWAA is on AWS
SESSION = "nightshift"


def of_airflow(access: Access, env: Mapping[str, str], log: Path) -> dict[str, str]:
    """What of a night's environment differs from its operator's, `env`: the key, which is a role's session of twelve
    hours. The foundation is applied if it is not there. Raises CloudError, InputRefused."""
    role = foundation.ensure(env, log)
    try:
        session = Client(access).session(role, SERVICE, SESSION)
    except ServerError as refused:
        raise CloudError(
            f"The role {role} was requested for the nights, and localcloud refused it: {refused}. A cloud enforces IAM "
            "only if it was started so: `./nightshift cloud down`, then `./nightshift cloud up --iam`."
        ) from refused
    return environment.aws(replace(access, credentials=session))
