"""Logs of a driver: its pod's while that exists, then the copy in the logs bucket, which is made before the end."""

from __future__ import annotations

import gzip
import logging
import tempfile
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from nightshift.aws import clients
from nightshift.compute.kubernetes import spec
from nightshift.compute.kubernetes.cluster import PODS, ApiRefused, Cluster
from nightshift.compute.logs import LINES, PushedLogs
from nightshift.config import Settings

LOG = logging.getLogger(__name__)
STREAM = "stderr"  # Kubernetes keeps one log of both streams
IN_MEMORY = 1 << 20  # bytes of a packed log; a larger one goes through a file


class DriverLogs:
    """Reads the log of one driver, only its end."""

    def __init__(self, settings: Settings, place_id: str, job_id: str) -> None:
        self._cluster, self._job_id = Cluster(settings), job_id
        self._copy = PushedLogs(settings, spec.logs_prefix(place_id, job_id))

    def are_there(self) -> bool:
        """Always: Kubernetes shows what was written at once."""
        return True

    def ends(self) -> dict[str, list[str]]:
        """The last lines; the task's log says why they cannot be read."""
        try:
            text = b"".join(self._cluster.log(f"{self._job_id}-driver", LINES))
        except ApiRefused as refused:
            LOG.warning("The log of %s is looked for in the logs bucket: %s", self._job_id, refused.args[0])
            return self._copy.ends()
        lines = text.decode("utf-8", errors="replace").splitlines()
        return {STREAM: lines} if lines else {}


def keep(settings: Settings, place_id: str, application: Mapping[str, Any]) -> None:
    """Copy the log of an application's driver to the logs bucket: it goes with its pod. Where that fails the task's log
    says why, since what costs money must end all the same."""
    cluster, driver = Cluster(settings), spec.driver_name(application)
    key = f"{spec.logs_prefix(place_id, application['metadata']['name'])}{STREAM}.gz"
    if cluster.find(PODS, driver) is None:
        return
    try:
        with tempfile.SpooledTemporaryFile(IN_MEMORY) as packed:
            with gzip.open(packed, "wb") as text:
                text.writelines(cluster.log(driver))
            packed.seek(0)
            clients.client(settings, "s3").upload_fileobj(packed, settings.bucket("logs"), key)
    except (ApiRefused, BotoCoreError, ClientError) as problem:
        LOG.warning("The log of %s is not kept: %s", driver, problem)
