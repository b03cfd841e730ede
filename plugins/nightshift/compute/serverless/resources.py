"""EMR Serverless' own resources of runs: applications, found by name and tag."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from nightshift.aws import clients
from nightshift.compute.one_by_one import place_names
from nightshift.compute.resources import NAME, RUN, Resource, tagged
from nightshift.config import Settings

KIND = "serverless applications"
ALIVE = ("CREATING", "CREATED", "STARTING", "STARTED", "STOPPING", "STOPPED")


def applications(settings: Settings, _run: str) -> Iterator[Resource]:
    """ListApplications gives no tags: names narrow the list, tags decide. We may lack the right to look at another
    name's."""
    for application in described(settings, ALIVE):
        yield tagged(KIND, application["applicationId"], application["tags"], application["state"])


def described(settings: Settings, states: tuple[str, ...] = ()) -> Iterator[Any]:
    """The applications of this deployment's runs as GetApplication gives them, in these states or in any."""
    serverless, ours = clients.client(settings, "emr-serverless"), place_names(settings)
    only = {"states": list(states)} if states else {}
    for page in serverless.get_paginator("list_applications").paginate(**only):
        for listed in (app for app in page["applications"] if ours.fullmatch(app.get("name", ""))):
            application = serverless.get_application(applicationId=listed["id"])["application"]
            tags = application.setdefault("tags", {})
            if tags.get(NAME) == settings.name and RUN in tags:
                yield application
