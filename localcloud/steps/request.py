"""A step's request and outcome."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

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
    def log_names(self) -> tuple[str, ...]:
        """The logs that the service keeps."""
        return ("stdout", "stderr", "controller")

    @property
    def variables(self) -> Mapping[str, str]:
        """The environment variables by which it knows itself."""
        return {"EMR_CLUSTER_ID": self.cluster_id, "EMR_STEP_ID": self.step_id}

    @property
    def outlived(self) -> bool:
        """Whether processes that it leaves running may go on."""
        return False

    @property
    def alone(self) -> bool:
        """Whether its machine ends with it."""
        return False


@dataclass(frozen=True)
class RunRequest(StepRequest):
    """A job run of AWS Glue, EMR Serverless or EMR on EKS: a step on a machine of its own.

    folder: of its logs, below log_uri and cluster_id. streams: its CloudWatch log groups and streams, by the log's
    name. notes: lines that begin its stderr.
    """

    folder: str = ""
    streams: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def log_folder(self) -> str:
        return self.folder

    @property
    def log_names(self) -> tuple[str, ...]:
        return ("stdout", "stderr")

    @property
    def variables(self) -> Mapping[str, str]:
        return {}

    @property
    def alone(self) -> bool:
        return True


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
