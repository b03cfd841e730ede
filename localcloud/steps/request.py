"""A step's request and outcome."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from localcloud.credentials import Access


@dataclass(frozen=True)
class StepRequest:
    """One EMR step, as the EMR engine passes it to the runner.

    access: the step's AWS endpoint, and the key for it. jar, args: as in HadoopJarStep. log_uri: the cluster's LogUri
    (s3:// or s3n://), None when it keeps no logs. spark_defaults: the cluster's configuration of classification
    spark-defaults.
    """

    account: str
    region: str
    access: Access
    cluster_id: str
    step_id: str
    jar: str
    args: tuple[str, ...]
    log_uri: str | None
    spark_defaults: Mapping[str, str]

    @property
    def log_folder(self) -> str:
        """EMR's folder for its logs, below the cluster's folder."""
        return f"steps/{self.step_id}"

    @property
    def outlived(self) -> bool:
        """Whether processes that it leaves running may go on."""
        return False


@dataclass(frozen=True)
class BootstrapRequest(StepRequest):
    """A bootstrap action on the primary: instance is its EC2 id, number counts the cluster's actions from 1."""

    instance: str
    number: int

    @property
    def log_folder(self) -> str:
        return f"node/{self.instance}/bootstrap-actions/{self.number}"

    @property
    def outlived(self) -> bool:
        return True


@dataclass(frozen=True)
class StepOutcome:
    """How a step ended. message: the last lines of its stderr, '' when it succeeded."""

    exit_code: int
    message: str
