"""All of EMR's state, by account and region, and the lock that guards it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from localcloud.emr.errors import InvalidRequest
from localcloud.emr.model import Cluster, Json, Step

# A new account's default: public access blocked except SSH (EMR management guide, block public access).
_BLOCK_PUBLIC_ACCESS: Json = {
    "BlockPublicSecurityGroupRules": True,
    "PermittedPublicSecurityGroupRuleRanges": [{"MinRange": 22, "MaxRange": 22}],
}


@dataclass
class Region:
    """EMR in one region of one account."""

    account: str
    name: str
    clusters: dict[str, Cluster] = field(default_factory=dict)
    security_configurations: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    block_public_access: Json = field(default_factory=lambda: dict(_BLOCK_PUBLIC_ACCESS))
    block_public_access_by: Json = field(default_factory=dict)

    def cluster(self, cluster_id: Any) -> Cluster:
        """The cluster with this id. Raises InvalidRequest with EMR's message if there is none."""
        found = self.clusters.get(str(cluster_id))
        if found is None:
            raise InvalidRequest(f"Cluster id '{cluster_id}' is not valid.")
        return found

    def step(self, cluster_id: Any, step_id: Any) -> Step:
        found = self.cluster(cluster_id).step(str(step_id))
        if found is None:
            raise InvalidRequest(f"Step id '{step_id}' is not valid.")
        return found


class Store:
    """All regions of all accounts. Hold `changed` while reading or writing; notify it to wake the engine."""

    def __init__(self) -> None:
        self.changed = threading.Condition(threading.RLock())
        self._regions: dict[tuple[str, str], Region] = {}

    def region(self, account: str, name: str) -> Region:
        key = (account, name)
        if key not in self._regions:
            self._regions[key] = Region(account, name)
        return self._regions[key]

    def clusters(self) -> list[Cluster]:
        return [cluster for region in self._regions.values() for cluster in region.clusters.values()]
