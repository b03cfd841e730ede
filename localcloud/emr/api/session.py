"""What an action is given besides its parameters, and what several actions share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from localcloud.emr.engine import Engine
from localcloud.emr.errors import InvalidRequest
from localcloud.emr.model import Json
from localcloud.emr.store import Region

# "This call returns a maximum of 50 clusters" (API reference, ListClusters); ListSteps likewise.
PAGE = 50
Item = TypeVar("Item")


@dataclass(frozen=True)
class Session:
    """One call: the region it is made in, when, by whom, and the engine that does what follows from it."""

    region: Region
    engine: Engine
    now: datetime
    principal: str


Action = Callable[[Session, Json], Json]


def page(items: Sequence[Item], marker: str | None) -> tuple[Sequence[Item], str | None]:
    """One page of items from a marker on, and the marker of the next (None at the end).

    Raises InvalidRequest if the marker is not one that an earlier page gave.
    """
    if marker and not marker.isdigit():
        raise InvalidRequest("Marker is not valid.")
    start = int(marker or 0)
    end = start + PAGE
    return items[start:end], str(end) if end < len(items) else None
