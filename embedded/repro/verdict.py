"""Whether a step failed here as it did there: the same cause, the same kind of error, the same line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from embedded.repro.submitted import Record
from nightshift.failures import steplog
from nightshift.run.tasks import job as task_of

# What is another in every run: numbers, and the folders of paths (scratch folders, buckets and their stand-ins here).
NUMBER, FOLDERS = re.compile(r"\d+"), re.compile(r"(?:\w+:/)?/[^\s'\",;]*/")


@dataclass(frozen=True)
class Failure:
    """A step's failure: cause, message, and its place as file, line and function; '' where no line is known."""

    cause: str
    message: str
    place: str

    @property
    def kind(self) -> str:
        """The message without what differs with the run and the rows that were taken: numbers and folders, or all but
        the error's name."""
        return self.message.partition(":")[0] if self.place else NUMBER.sub("#", FOLDERS.sub("", self.message))

    def is_like(self, other: Failure) -> bool:
        """Whether both are the same failure, at the same line of a file of that name."""
        here, there = ((one.cause, one.place.rpartition("/")[2], one.kind) for one in (self, other))
        return here == there

    def lines(self, where: str) -> Iterator[str]:
        """The failure in words."""
        yield f"{where:9} {self.cause}: {self.message}"
        if self.place:
            yield f"{'':9} At {self.place}"


def there(record: Record, step: str) -> Failure | None:
    """The failure that a record reports of a step; None if it reports another one, or none."""
    card = record["failure"] or {}
    if card.get("task") != task_of(step):
        return None
    return Failure(card["cause"], _own_words(card["message"]), _place(card.get("traceback")))


def here(logs: Mapping[str, Sequence[str]], code: int) -> Failure:
    """The failure of a run on this machine, by its logs."""
    message, cause, details = steplog.diagnose(logs, f"it ended with status {code}")
    return Failure(str(cause), message, _place(details["traceback"]))


def _own_words(message: str) -> str:
    """The step's own words in a failure report, whose message begins with the step and its state."""
    return message.partition(": ")[2] if message.startswith("Step ") else message


def _place(frame: Mapping[str, Any] | None) -> str:
    return f"{frame['file']} line {frame['line']}, in {frame['function']}" if frame else ""
