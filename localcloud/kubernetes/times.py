"""Times as the API writes them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Clock = Callable[[], datetime]
_FORMAT = "%Y-%m-%dT%H:%M:%SZ"


def stamp(now: datetime, after: float = 0) -> str:
    """A time, and the seconds after it, as an object's metadata has it."""
    return (now.astimezone(UTC) + timedelta(seconds=after)).strftime(_FORMAT)


def moment(text: str) -> datetime:
    """The time of a stamp."""
    return datetime.strptime(text, _FORMAT).replace(tzinfo=UTC)
