"""Links for failure reports: console pages and S3 addresses, or the files of a run that are kept on disk. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nightshift.run.run_context import RunContext


def record(night: RunContext) -> str:
    """The address of the run record, which report or the reaper writes; that of its copy where runs are kept."""
    return f"{_folder(night)}/record.json" if night.settings.kept_dir else record_uri(night)


def record_uri(night: RunContext) -> str:
    """The address of the run record in S3."""
    return night.uri("lake", f"{night.record_prefix}record.json")


def there(night: RunContext, links: Mapping[str, str], job: str = "") -> dict[str, str]:
    """A compute target's links, as far as they open: where runs are kept, the copy of a job's logs alone."""
    if not night.settings.kept_dir:
        return dict(links)
    return {"step_log": f"{_folder(night)}/logs/{job}/"} if job else {}


def _folder(night: RunContext) -> str:
    return f"{night.settings.kept_dir}/{night.run}"


def page(night: RunContext) -> str:
    """The address of the run's page, which the same writes."""
    return night.uri("lake", f"{night.record_prefix}index.html")
