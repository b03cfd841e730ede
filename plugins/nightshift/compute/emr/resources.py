"""EMR's own resources of runs: clusters, found by name and tag, and security configurations, found by name."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nightshift.aws import clients
from nightshift.compute.emr.client import ALIVE, tags_of
from nightshift.compute.resources import NAME, RUN, Resource, expiry, tagged
from nightshift.config import Settings


def clusters(settings: Settings, run: str) -> Iterator[Resource]:
    """ListClusters gives no tags: names (EmrTarget.place_name) narrow the list, tags decide. We may lack the right to
    describe a cluster of another name."""
    dag = re.escape(run.partition("/")[0]) or r"\S+"
    ours = re.compile(rf"{re.escape(settings.name)} {dag} \d{{4}}-\d\d-\d\d ")
    emr = clients.client(settings, "emr")
    pages = emr.get_paginator("list_clusters").paginate(ClusterStates=list(ALIVE))  # type: ignore[arg-type]
    ids = [c["Id"] for page in pages for c in page["Clusters"] if ours.match(c["Name"])]
    for cluster_id in ids:
        cluster = emr.describe_cluster(ClusterId=cluster_id)["Cluster"]
        if tags_of(cluster).get(NAME) == settings.name and RUN in tags_of(cluster):
            yield tagged("clusters", cluster_id, tags_of(cluster), str(cluster["Status"]["State"]))


def security_configurations(settings: Settings, _run: str) -> Iterator[Resource]:
    """They have no tags: the transient stack names them <name>-<hash of the run>."""
    ours = re.compile(rf"^{settings.name}-(?P<digest>[0-9a-f]{{12}})$")
    pages = clients.client(settings, "emr").get_paginator("list_security_configurations").paginate()
    for configuration in (c for page in pages for c in page["SecurityConfigurations"]):
        if name := ours.match(configuration["Name"]):
            expires = expiry(settings, configuration["CreationDateTime"])
            yield Resource("security configurations", name[0], name["digest"], expires)


def delete_security_configuration(settings: Settings, resource: Resource) -> None:
    """Delete a security configuration; a cluster that uses it must have ended."""
    clients.client(settings, "emr").delete_security_configuration(Name=resource.id)
