"""Where a node's pods run on this machine: directories, programs, addresses."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from localcloud.credentials import Access
from localcloud.kubernetes.errors import Json
from localcloud.steps.rights import RightsOf, everything
from localcloud.steps.settings import StepSettings


@dataclass(frozen=True)
class NodePlace:
    """The facts that all pods of a node share.

    directory: of the pods. spark: how PySpark runs. account, region: of the AWS that pods use. access_of: a pod's
    access to AWS, None for none. rights_of: what of S3 it may use. api: the API's URL. backoff_seconds: before the
    second restart; doubled with each.
    """

    directory: Path
    spark: StepSettings
    account: str
    region: str
    api: str
    access_of: Callable[[Json], Access | None]
    rights_of: RightsOf = everything
    backoff_seconds: float = 10.0
    addresses: Addresses = field(default_factory=lambda: Addresses())  # noqa: PLW0108 - it is defined below


class Addresses:
    """Loopback addresses for pods: 127.x.y.z, whose x and y another server on this machine is unlikely to have."""

    def __init__(self) -> None:
        self._network = f"127.{64 + secrets.randbelow(180)}.{secrets.randbelow(256)}"
        self._next = itertools.count()

    def take(self) -> str:
        """The next address; after two hundred and fifty the first again."""
        return f"{self._network}.{next(self._next) % 250 + 2}"
