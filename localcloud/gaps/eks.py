"""Patches for moto's EKS."""

from __future__ import annotations

from typing import Any

from moto.eks.models import Cluster, Nodegroup
from moto.eks.responses import EKSResponse


def clusters_keep_their_access_config() -> None:
    """DescribeCluster has the access config that CreateCluster stated; terraform's provider ends without it."""
    create = EKSResponse.create_cluster

    def create_with_access(self: Any) -> Any:
        result = create(self)
        given = self._get_param("accessConfig") or {}
        cluster = self.eks_backend.clusters[self._get_param("name")]
        cluster.access_config = {
            "authenticationMode": "CONFIG_MAP",
            "bootstrapClusterCreatorAdminPermissions": True,
            **given,
        }
        return result

    EKSResponse.create_cluster = create_with_access
    Cluster.access_config = {"authenticationMode": "CONFIG_MAP", "bootstrapClusterCreatorAdminPermissions": True}


def node_groups_have_what_was_stated() -> None:
    """A node group has remote access only if it states it, and replaces one node at a time unless it states another
    number; moto invents a key pair, and terraform replaces the group."""
    create = Nodegroup.__init__

    def create_as_stated(self: Any, *args: Any, **kwargs: Any) -> None:
        create(self, *args, **kwargs)
        self.update_config = self.update_config or {"maxUnavailable": 1}
        if not kwargs.get("remote_access"):
            self.remote_access = None
            self.resources = {"autoScalingGroups": self.resources["autoScalingGroups"]}

    Nodegroup.__init__ = create_as_stated
