"""What a command requests to be run. Nothing that set-up brings is imported: mistakes are reported without it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from embedded.uploads.inputs import Delivery

Opened = Callable[[Mapping[str, str]], AbstractContextManager[None]]


@contextmanager
def nothing_to_open(_env: Mapping[str, str]) -> Iterator[None]:
    """For pipelines that read files: there is no database."""
    yield


@dataclass(frozen=True)
class Order:
    """One night to play: the DAG, its run conf, and what to upload once the raw bucket is there."""

    dag_id: str
    conf: dict[str, Any]
    uploads: list[tuple[str, str]]
    prefixes: list[str]

    def text(self) -> dict[str, Any]:
        """The order as JSON-able data."""
        return asdict(self)


@dataclass(frozen=True)
class RunRequest:
    """One night that is requested: which pipeline, which business date, with which input and params."""

    pipeline: str
    day: date
    delivery: Delivery
    params: dict[str, Any] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The night in a few words."""
        return f"{self.pipeline}, business date {self.day}"

    @property
    def order(self) -> Order:
        """The same for the process that plays it."""
        conf = {"business_date": str(self.day), **self.delivery.params, **self.params}
        uploads = [(str(upload.source.absolute()), upload.key) for upload in self.delivery.uploads]
        return Order(self.pipeline, conf, uploads, list(self.delivery.prefixes))


@dataclass(frozen=True)
class SessionRequest:
    """All that a command requests: `nights` is called once the tools are there, so that it may make data.

    `keep` leaves a localcloud that was started running; `export` is a directory for gold, in `export_format`, `output`
    one for what the pipeline exports. `source(env)` opens the database that the nights read, `settings` are more of
    their NIGHTSHIFT_*. With `iam` the nights run under their roles, on a localcloud that enforces them. A `dry_run`
    makes no state bucket. `on` is the compute target that all nights are to have; '' if that is left to them.
    """

    name: str
    nights: Callable[[Path], Sequence[RunRequest]]
    keep: bool = False
    export: Path | None = None
    export_format: str = "parquet"
    output: Path | None = None
    source: Opened = nothing_to_open
    settings: Mapping[str, str] = field(default_factory=dict)
    iam: bool = False
    dry_run: bool = False
    on: str = ""


def token() -> str:
    """A name for one delivery, so that two commands do not share a prefix."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{os.getpid()}"


def run_session(request: SessionRequest) -> int:
    """What embedded.runs.session does, which needs the packages that set-up brings; gives the exit status."""
    from embedded.runs import session

    return session.run_session(request)
