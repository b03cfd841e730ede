"""Resources that runs made, known by tag: what the proof, the sweep and the reaper look for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256

from nightshift.config import Settings

NAME, RUN, EXPIRES = "nightshift:name", "nightshift:run", "nightshift:expires"  # tags of every resource of a run


@dataclass(frozen=True)
class Resource:
    """One resource that a run made: its id for the API, its run, and its expiry.

    `run` is `<dag>/<slug>`; of a security configuration, which has no tags, the run's 12-digit hash.
    """

    kind: str
    id: str
    run: str
    expires: datetime | None
    tags: Mapping[str, str] = field(default_factory=dict)
    state: str = ""

    def __str__(self) -> str:
        return f"{self.id} ({self.state})" if self.state else self.id


Finders = Mapping[str, Callable[[Settings, str], Iterator[Resource]]]  # kind -> those of a run, or of all with ""
Removals = Mapping[str, Callable[[Settings, Resource], None]]


def digest(run: str) -> str:
    """The 12-digit hash of a run in the names of its resources (the transient stack's local.run_hash)."""
    return sha256(run.encode()).hexdigest()[:12]


def tagged(kind: str, resource_id: str, tags: Mapping[str, str], state: str = "") -> Resource:
    """A resource whose tags say whose it is and when it expires."""
    expires = tags.get(EXPIRES, "").replace("Z", "+00:00")
    return Resource(
        kind, resource_id, tags.get(RUN, ""), datetime.fromisoformat(expires) if expires else None, tags, state
    )


def expiry(settings: Settings, made: datetime) -> datetime:
    """When a resource without an expiry tag, made at `made`, is too old for any run."""
    return made + timedelta(hours=settings.lifetime_hours)
