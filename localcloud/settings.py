"""Settings of a localcloud server; the only module that reads LOCALCLOUD_*."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from localcloud import credentials
from localcloud.errors import SettingsError

DEFAULT_ACCOUNT = "123456789012"
LOOPBACK = ("127.0.0.1", "localhost")  # a server's names on its own machine, whatever its address
_PREFIX = "LOCALCLOUD_"
_WORDS = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}


@dataclass(frozen=True)
class Settings:
    """How one server behaves.

    home: directory of its state file, log and work files. host: the address it listens on, at which its steps and
    its clients find it: an IP, because S3's clients put a bucket's name before any other. port: 0 picks a free one.
    account, region: what a caller gets whose credentials name none. The seconds are how long a cluster really spends
    provisioning (STARTING), bootstrapping and terminating, and how long after a step its logs reach S3;
    run_start_seconds: how long a job run of Glue, EMR Serverless or EMR on EKS waits for its workers, and
    application_seconds each change of an application or a virtual cluster takes. cores: threads
    of a step's Spark, 0 for all of the machine. steps_per_java: how many steps of PySpark one Java serves before it
    ends; 1 starts one for each step, as EMR does. python: what runs PySpark, empty for this interpreter. flink_home: a
    Python environment with apache-flink, whose Flink runs steps; empty for none. credentials: a file of AWS's SDKs with
    the access key that opens the server; empty for a new key at each start. owner: the id of a process that the
    server does not outlive, 0 for none. iam: whether policies are enforced for every key but the server's own.
    kubernetes: whether Kubernetes starts with the server; else with the first cluster of EKS.
    """

    home: Path = Path(".localcloud")
    host: str = "127.0.0.1"
    port: int = 5555
    account: str = DEFAULT_ACCOUNT
    region: str = "us-east-1"
    provisioning_seconds: float = 0.0
    bootstrap_seconds: float = 0.0
    termination_seconds: float = 0.0
    log_delay_seconds: float = 0.0
    run_start_seconds: float = 0.0
    application_seconds: float = 0.0
    cores: int = 0
    steps_per_java: int = 20
    python: str = ""
    flink_home: str = ""
    credentials: str = ""
    owner: int = 0
    iam: bool = False
    kubernetes: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise SettingsError(f"port {self.port} is not a TCP port: use 0 (any free one) to 65535.")
        if not (len(self.account) == 12 and self.account.isdigit()):
            raise SettingsError(f"account {self.account!r} is not an AWS account: use twelve digits.")
        for name in ("provisioning", "bootstrap", "termination", "log_delay", "run_start", "application"):
            if not 0 <= getattr(self, f"{name}_seconds") < math.inf:
                raise SettingsError(f"{name}_seconds is no time to wait: give seconds, or 0.")

    @property
    def state_file(self) -> Path:
        return self.home / "server.json"

    @property
    def log_file(self) -> Path:
        return self.home / "server.log"

    @property
    def credentials_file(self) -> Path:
        """Where the server's access key is while it runs."""
        return self.home / credentials.FILE_NAME

    @property
    def kubernetes_dir(self) -> Path:
        """Where Kubernetes has its kubeconfig and its pods."""
        return self.home / "kubernetes"

    @property
    def work_dir(self) -> Path:
        return self.home / "work"


def load(overrides: Mapping[str, Any], environ: Mapping[str, str] = os.environ) -> Settings:
    """Settings from LOCALCLOUD_<FIELD> variables; overrides that are not None win.

    Raises SettingsError naming the variable whose value cannot be read.
    """
    values = _from_environment(environ)
    values.update({name: value for name, value in overrides.items() if value is not None})
    # Absolute, so that a detached server has the same home from whatever directory it is called later.
    values["home"] = Path(values.get("home", Settings.home)).absolute()
    return Settings(**values)


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for field in fields(Settings):
        variable = _PREFIX + field.name.upper()
        if text := environ.get(variable):
            found[field.name] = _parsed(variable, text, type(getattr(Settings, field.name)))
    return found


def _parsed(variable: str, text: str, kind: type) -> Any:
    # Only numbers are parsed here; paths are converted where all values meet.
    readers: dict[type, Callable[[str], Any]] = {int: int, float: float, bool: boolean}
    target = readers.get(kind, str)
    try:
        return target(text)
    except ValueError:
        expected = "neither true nor false" if kind is bool else "not a number"
        raise SettingsError(f"{variable}={text!r} is {expected}: correct it or unset it.") from None


def boolean(text: str) -> bool:
    """The boolean that a word means. Raises ValueError."""
    if text.lower() not in _WORDS:
        raise ValueError(text)
    return _WORDS[text.lower()]
