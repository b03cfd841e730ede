"""./nightshift as its user runs it on a cloud that is up: each command in a process, or the nights of several in one.

A process of nights imports Airflow and the DAGs for seven seconds of CPU before its first task.
"""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast
from unittest.mock import patch

from embedded import cli
from embedded.runs.requests import Order, RunRequest, SessionRequest
from embedded.runs.runner import Event, Runner
from embedded.runs.session import Session
from embedded.terminal.progress import Progress
from localcloud import credentials
from localcloud.client import Client
from tests import callers
from tools.paths import ROOT

ALIVE = ["STARTING", "BOOTSTRAPPING", "RUNNING", "WAITING", "TERMINATING"]


@dataclass(frozen=True)
class Ended:
    """A command that ended: its exit status, what it printed, the records and pages that it says it kept, in its
    order."""

    status: int
    said: str
    records: list[dict[str, Any]]
    pages: list[Path]


def ended(status: int, said: str, errors: str = "") -> Ended:
    """The command by its exit status and what it printed."""
    kept = re.findall(r"^Record: +(.+?/record\.json)", said, re.MULTILINE)
    pages = [ROOT / path for path in re.findall(r"^Page: +(.+?/index\.html)$", said, re.MULTILINE)]
    return Ended(status, said + errors, [json.loads((ROOT / path).read_text()) for path in kept], pages)


@dataclass(frozen=True)
class Nightshift:
    """Runs ./nightshift's Python side against one cloud, in the environment of a user who chose it."""

    chosen: Mapping[str, str]

    def __call__(self, *arguments: object) -> Ended:
        env = {k: v for k, v in os.environ.items() if not k.startswith("AIRFLOW")} | self.chosen
        command = [sys.executable, "-m", "embedded", *map(str, arguments)]
        done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=2000, check=False)
        return ended(done.returncode, done.stdout, done.stderr)

    def client(self, service: str) -> Any:
        return callers.own_client(self.chosen, service)

    @property
    def faults(self) -> Client:
        return Client(credentials.access(self.chosen))

    def clusters(self) -> list[dict[str, Any]]:
        return self.client("emr").list_clusters(ClusterStates=ALIVE)["Clusters"]


@dataclass(frozen=True)
class Command:
    """A command that the command line has accepted, and the nights that it requests."""

    request: SessionRequest
    nights: Sequence[RunRequest]

    def under(self, **params: object) -> Command:
        """The same with further DAG params, for which the command line has no option."""
        return replace(self, nights=[replace(night, params={**night.params, **params}) for night in self.nights])


def command(scratch: Path, *arguments: object) -> Command:
    """What ./nightshift with these arguments would play. It is one that opens no database."""
    requested: list[SessionRequest] = []
    options = cli.parser().parse_args([*map(str, arguments)])
    with patch.object(sys.modules[options.command.__module__], "run_session", requested.append):
        options.command(options)
    [request] = requested
    return Command(request, request.nights(scratch))


def together(
    runner: Runner, env: Mapping[str, str], given: Sequence[Command | Order], watch: Callable[[Event], None]
) -> list[Ended]:
    """Play the nights of the commands, and single orders, one after the other in the runner's process, which ends with
    one that fails; gives the commands as they ended. `watch` is called with each event as it comes."""
    orders = [o for one in given for o in ([one] if isinstance(one, Order) else [night.order for night in one.nights])]
    shared = _Shared(runner.log, _watched(runner.play(env, orders, tick=60), watch))
    commands = []
    for one in given:
        if isinstance(one, Order):
            [*shared.play(env, [one], 60)]
            continue
        with redirect_stdout(io.StringIO()) as said:
            good = Session(one.request, env, Progress(said), cast(Any, shared)).play(one.nights)
        commands.append(ended(0 if good else 1, said.getvalue()))
    assert [*shared.events] == [], "every event is some night's"
    return commands


def _watched(events: Iterator[Event], watch: Callable[[Event], None]) -> Iterator[Event]:
    for event in events:
        watch(event)
        yield event


@dataclass(frozen=True)
class _Shared:
    """A runner whose process also plays what was requested before and after."""

    log: Path
    events: Iterator[Event]

    def play(self, _env: Mapping[str, str], orders: Sequence[Order], _tick: float) -> Iterator[Event]:
        """The events of so many nights; fewer where one failed."""
        for _ in orders:
            for event in self.events:
                yield event
                if event["event"] == "night":
                    break

    def finish(self) -> None:
        """Nothing: others' nights may follow."""
