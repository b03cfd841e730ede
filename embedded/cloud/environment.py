"""The environment of an embedded night: standard settings of AWS, terraform and Airflow, and nothing else."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from localcloud.credentials import Access
from tools import paths
from tools.toolchain import Toolchain

NAME = "nightshift-local"
REGION = "us-east-1"
LOOPBACK = ("127.0.0.1", "localhost")
# A user's own identity must neither reach localcloud nor be missed there.
SOURCE_PASSWORD = "NIGHTSHIFT_SOURCE_PASSWORD"  # noqa: S105 - the name of it
KUBERNETES = {  # localcloud's own EKS cluster, with one executor and pods that fit on a laptop
    "NIGHTSHIFT_KUBERNETES_CLUSTER": NAME,
    "NIGHTSHIFT_KUBERNETES_IMAGE": "nightshift-jobs:local",  # localcloud pulls none
    "NIGHTSHIFT_KUBERNETES_EXECUTORS": "1",
    "NIGHTSHIFT_KUBERNETES_CORES": "1",
    "NIGHTSHIFT_KUBERNETES_MEMORY_GIB": "2",
    "NIGHTSHIFT_KUBERNETES_START_SECONDS": "10",
}
FOREIGN = (
    *("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_ROLE_ARN"),
    *("AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"),
)


def embedded(
    access: Access, tools: Toolchain, airflow_home: Path, environ: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """The whole environment for the processes of a night on the cloud of `access`; what the user set for it stays.

    `airflow_home` is a directory of this run's own. The user's NIGHTSHIFT_* and TF_VAR_* win over the short waits
    that are set here.
    """
    named = {"NIGHTSHIFT_AIRFLOW": str(airflow_home)}
    return {**waits(), **with_tools(tools, environ), **aws(access), **airflow(airflow_home), **named}


def with_tools(tools: Toolchain, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The user's environment in which java, terraform and this Python are those of `tools`."""
    return {
        **_kept(environ),
        **terraform(tools),
        "JAVA_HOME": str(tools.java_home),
        "PATH": _path(tools, environ),
        "NO_PROXY": _unproxied(environ),
        "no_proxy": _unproxied(environ),
        "PYTHONPATH": os.pathsep.join(filter(None, (str(paths.ROOT), environ.get("PYTHONPATH")))),
    }


def aws(access: Access) -> dict[str, str]:
    """What points boto3 and terraform at a cloud, with its key and nobody's profile."""
    return access.environment(REGION)


def terraform(tools: Toolchain) -> dict[str, str]:
    """How terraform runs unattended, with its provider from the mirror if there is one, and with room for its garbage:
    at Go's default it spends a tenth of its time on that."""
    unattended = {"TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1", "GOGC": "400"}
    return {**unattended, "TF_CLI_ARGS_init": f"-plugin-dir={tools.mirror}"} if tools.mirror else unattended


def airflow(home: Path) -> dict[str, str]:
    """Airflow with this tree's DAGs and plugins, its database and logs below `home`."""
    return {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(paths.DAGS),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(paths.PLUGINS),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DATABASE__LOAD_DEFAULT_CONNECTIONS": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
    }


def waits() -> dict[str, str]:
    """The waits of production are minutes; localcloud answers at once."""
    return {
        "NIGHTSHIFT_NAME": NAME,
        "NIGHTSHIFT_POLL_SECONDS": "0.5",
        "NIGHTSHIFT_SETTLE_SECONDS": "0",
        "NIGHTSHIFT_RETRY_SECONDS": "1",
        "NIGHTSHIFT_LOG_WAIT_SECONDS": "5",
        "NIGHTSHIFT_INPUT_TIMEOUT_MINUTES": "5",
        **KUBERNETES,
        "TF_VAR_max_retries": "3",
        "TF_VAR_lifecycle_rules": "false",
        "TF_VAR_force_destroy": "true",
        "TF_VAR_prevent_destroy": "false",
    }


def source_password(environ: Mapping[str, str] = os.environ) -> str:
    """The password of a --source that names a user alone; '' without one."""
    return environ.get(SOURCE_PASSWORD, "")


def without_password(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The user's environment for other processes: they read the password out of a secret, or have no need of it."""
    return {key: value for key, value in environ.items() if key != SOURCE_PASSWORD}


def _kept(environ: Mapping[str, str]) -> dict[str, str]:
    """The user's environment without foreign identities, and without a terraform configuration that is not there:
    terraform refuses to start when its configuration file is missing."""
    kept = {key: value for key, value in without_password(environ).items() if key not in FOREIGN}
    if not Path(kept.get("TF_CLI_CONFIG_FILE", "")).is_file():
        kept.pop("TF_CLI_CONFIG_FILE", None)
    return kept


def _path(tools: Toolchain, environ: Mapping[str, str]) -> str:
    first = (str(tools.java_home / "bin"), str(Path(sys.executable).parent), str(tools.terraform.parent))
    return os.pathsep.join((*first, environ.get("PATH", os.defpath)))


def _unproxied(environ: Mapping[str, str]) -> str:
    given = environ.get("NO_PROXY") or environ.get("no_proxy") or ""
    return ",".join(dict.fromkeys([*filter(None, given.split(",")), *LOOPBACK]))
