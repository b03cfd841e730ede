"""The context of an API call, and code shared by several actions."""

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
    """One call: its region, time and caller, and the engine that carries out its effects."""

    region: Region
    engine: Engine
    now: datetime
    principal: str


Action = Callable[[Session, Json], Json]


def page(items: Sequence[Item], marker: str | None) -> tuple[Sequence[Item], str | None]:
    """One page of items after a marker, and the next page's marker (None at the end).

    Raises InvalidRequest if the marker does not come from an earlier page.
    """
    if marker and not marker.isdigit():
        raise InvalidRequest("Marker is not valid.")
    start = int(marker or 0)
    end = start + PAGE
    return items[start:end], str(end) if end < len(items) else None
