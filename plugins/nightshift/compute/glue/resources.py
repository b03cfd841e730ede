"""Glue's own resources of runs: jobs, found by tag."""

from __future__ import annotations

from collections.abc import Iterator

from nightshift.aws import clients
from nightshift.compute.one_by_one import place_names
from nightshift.compute.resources import NAME, RUN, Resource, tagged
from nightshift.config import Settings

KIND = "Glue jobs"


def jobs(settings: Settings, run: str) -> Iterator[Resource]:
    """ListJobs filters by tags and gives names only, so the tags of each are looked up."""
    ours = place_names(settings)
    for name in _names(settings, {NAME: settings.name, **({RUN: run} if run else {})}):
        if ours.fullmatch(name):
            yield tagged(KIND, name, _tags(settings, name))


def _names(settings: Settings, tags: dict[str, str]) -> list[str]:
    """The names of the jobs with these tags."""
    glue, found = clients.client(settings, "glue"), []
    page = glue.list_jobs(Tags=tags)
    while True:  # boto3 has no paginator for it
        found += page["JobNames"]
        if not page.get("NextToken"):
            return found
        page = glue.list_jobs(Tags=tags, NextToken=page["NextToken"])


def _tags(settings: Settings, name: str) -> dict[str, str]:
    """The tags of a job; those of one that is gone meanwhile are empty."""
    own = clients.client(settings, "sts").get_caller_identity()
    arn = f"arn:{own['Arn'].split(':')[1]}:glue:{settings.region}:{own['Account']}:job/{name}"
    glue = clients.client(settings, "glue")
    try:
        return glue.get_tags(ResourceArn=arn)["Tags"]
    except glue.exceptions.EntityNotFoundException:
        return {}
