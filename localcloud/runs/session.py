"""The context of an API call, and code shared by the actions of the three services."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from localcloud.runs.engine import RunEngine
from localcloud.runs.errors import ApiError
from localcloud.runs.model import Json, Place, Run, RunStore

PlaceType = TypeVar("PlaceType", bound=Place)
Item = TypeVar("Item")


@dataclass(frozen=True)
class Session:
    """One call: its account, region, time and caller, and what carries it out."""

    account: str
    region: str
    principal: str
    now: datetime
    store: RunStore
    engine: RunEngine

    def arn(self, service: str, resource: str) -> str:
        """The ARN of a resource of this account and region."""
        return f"arn:aws:{service}:{self.region}:{self.account}:{resource}"

    def places(self, kind: type[PlaceType]) -> list[PlaceType]:
        """The places of a service in this account and region, oldest first."""
        where = f":{self.region}:{self.account}:"
        return [place for arn, place in self.store.places.items() if isinstance(place, kind) and where in arn]

    def tagged(self, arn: str, error: ApiError) -> dict[str, str]:
        """The tags of a resource, to be changed in place. Raises the error when there is none."""
        found = self.store.tags(arn)
        if found is None:
            raise error
        return found


Action = Callable[[Session, Json], Json]


def page(items: Sequence[Item], token: str | None, most: int, error: ApiError) -> tuple[Sequence[Item], str | None]:
    """One page of items, and the next page's token (None at the end). Raises the error for an invalid token."""
    if token and not token.isdigit():
        raise error
    start = int(token or 0)
    end = start + most
    return items[start:end], str(end) if end < len(items) else None


def in_time(created: datetime, after: str | None, before: str | None) -> bool:
    """Whether a time is within the bounds of a list call, both as sent (ISO 8601)."""
    return (not after or created >= _moment(after)) and (not before or created <= _moment(before))


def by_token(runs: Sequence[Run], token: str) -> Run | None:
    """The run that was started with a client token."""
    return next((run for run in runs if run.spec.get("clientToken") == token), None)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
