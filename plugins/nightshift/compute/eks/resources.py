"""EMR on EKS' own resources of runs: virtual clusters, found by tag."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from nightshift.aws import clients
from nightshift.compute.one_by_one import place_names
from nightshift.compute.resources import NAME, RUN, Resource, tagged
from nightshift.config import Settings

KIND = "virtual clusters"
ALIVE = ("RUNNING", "TERMINATING", "ARRESTED")


def virtual_clusters(settings: Settings, _run: str) -> Iterator[Resource]:
    """Those that exist. The list has tags, but does not filter by them."""
    for found in described(settings, ALIVE):
        yield tagged(KIND, found["id"], found["tags"], found["state"])


def described(settings: Settings, states: tuple[str, ...] = ()) -> Iterator[Any]:
    """The virtual clusters of this deployment's runs, in these states or in any."""
    containers, ours = clients.client(settings, "emr-containers"), place_names(settings)
    only = {"states": list(states)} if states else {}
    for page in containers.get_paginator("list_virtual_clusters").paginate(**only):
        for found in page["virtualClusters"]:
            tags = found.setdefault("tags", {})
            if ours.fullmatch(found.get("name", "")) and tags.get(NAME) == settings.name and RUN in tags:
                yield found
