"""Nights played once for tests/iam and tests/e2e on a localcloud that enforces IAM, under the roles that they have on
AWS, and every AWS call that the first of them made."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from datagen import generate_text
from embedded.airflow import database
from embedded.cloud import iam_option, kubernetes
from embedded.runs.requests import Order
from embedded.runs.runner import Event, Runner
from localcloud import credentials
from localcloud.client import Client
from nightshift.run.ids import slug_of
from tests.bed_api import DAY as BEDS_DAY
from tests.bed_api import BedApi, serving
from tests.commands import Command, Ended, command, together
from tests.ground import laid, under_role
from tests.iam import account, failing, leftovers
from tools.paths import ROOT

DAY, RED_DAY = "2026-02-01", "2026-01-05"
LOG_DELAY_SECONDS = "1"  # EMR pushes a step's logs after the step: who reads them at once meets a 404
NOVEL = ROOT.parent / "shared" / "data" / "wordcount" / "dom_casmurro.txt"


@dataclass(frozen=True)
class Stage:
    """The cloud, with a foundation that its operator laid, and what it takes to play nights on it.

    role: what makes the environment the Airflow role's.
    """

    env: Mapping[str, str]
    role: Mapping[str, str]
    foundation: Mapping[str, Any]
    scratch: Path

    def play(self, given: list[Command | Order], watch: Any = lambda _event: None, log: str = "more") -> list[Ended]:
        """Play them in one process, up to the first that fails; gives the commands as they ended."""
        with Runner(self.env, self.scratch / f"{log}.log", lambda _again: None) as runner:
            runner.work_under(self.role)
            return together(runner, self.env, given, watch)

    def command(self, *arguments: object) -> Command:
        """What ./nightshift with these arguments plays, as this cloud's user."""
        with account.environment_of(self.env):
            return command(self.scratch, *arguments)

    def lay_kubernetes(self) -> None:
        """As a command lays it whose nights run there."""
        assert kubernetes.ensure(self.env)


@dataclass(frozen=True)
class Played:
    """What was asked of the cloud, how the runs ended, and where they left what.

    calls: of the nights alone, by_anybody: with those of the operator, who brings their files; by_operator: how many
    went before, while the account was made ready.
    private_keys: in use while the first night ran, its way in and its certificate. versions: all that S3 held after the
    nights, by name. text: what the first night counted, and how often each word is in it. first, again: the two nights
    of one date as commands; gold: the folders that they exported to.
    """

    stage: Stage
    calls: list[dict[str, Any]]
    by_anybody: list[dict[str, Any]]
    events: list[Event]
    by_operator: int
    private_keys: list[str]
    versions: list[leftovers.Named]
    airflow_home: Path
    log: Path
    server_log: Path
    beds: BedApi
    text: tuple[Path, dict[str, int]]
    first: Ended
    again: Ended
    gold: tuple[Path, Path]

    @property
    def env(self) -> Mapping[str, str]:
        return self.stage.env

    @property
    def foundation(self) -> Mapping[str, Any]:
        return self.stage.foundation

    def client(self, service: str) -> Any:
        return account.client(self.env, service)

    @property
    def runs(self) -> list[Event]:
        return [event for event in self.events if event["event"] == "night"]


@contextmanager
def opened(home: Path, scratch: Path) -> Iterator[Played]:
    """A good night with a way in, the same date again on a pack's cluster, one that has its input fetched by a host, a
    pass of the reaper and of drift, and a night whose script stops at a row; the cloud stays up."""
    own = {
        "LOCALCLOUD_LOG_DELAY_SECONDS": LOG_DELAY_SECONDS,
        "NIGHTSHIFT_LOG_WAIT_SECONDS": "300",
        **iam_option.of_cloud(iam=True),
        **iam_option.of_nights(iam=True),
        "NIGHTSHIFT_EMAIL_ENDPOINTS": ",".join(account.READERS),
        "NIGHTSHIFT_PACKS": "early=wordcount+mrhealth_sales",
        "NIGHTSHIFT_PIPELINES": str(failing.package(scratch)),
    }
    with laid(home, own) as env, serving(BedApi()) as beds:
        database.copied(home / "airflow", Path(os.environ["AIRFLOW_HOME"]))
        foundation = account.make_ready(env, scratch / "operator.log")
        with under_role(env, scratch / "role.log") as role:
            yield play(Stage(env, role, foundation, scratch), home, beds)


def play(stage: Stage, home: Path, beds: BedApi) -> Played:
    server, seen = Client(credentials.access(stage.env)), Seen(stage.env)
    beds.user, beds.failures = f"{account.BEDS_READER}:{account.BEDS_PASSWORD}", [503, None]
    by_operator = server.forget_calls()
    account.leave_a_dead_run(stage.env, stage.role, stage.foundation)
    account.tell_where_beds_are(stage.env, beds.url.replace("//", f"//{beds.user}@"))
    text, gold = stage.scratch / "text.txt", (stage.scratch / "gold", stage.scratch / "again")
    truth = generate_text(text, 20_000, "pt", seed=5)
    first = stage.command("run", "wordcount", "--input", text, "--date", DAY, "--export", gold[0])
    longer = NOVEL if NOVEL.is_file() else text
    again = stage.command("run", "wordcount", "--input", longer, "--date", DAY, "--export", gold[1])
    fetched = Order("covid_hospitals", {"business_date": str(BEDS_DAY), "ingest": "api"}, [], [])
    red = failing.order(stage.scratch, RED_DAY)
    passes = [Order(dag, {}, [], []) for dag in ("reaper", "drift")]
    given = [first.under(ssh_cidr=account.OFFICE), again, fetched, *passes, red]
    commands = stage.play(given, seen, "nights")
    calls = server.calls()
    return Played(
        stage,
        account.of_roles(calls),
        calls,
        seen.events,
        by_operator,
        seen.private_keys,
        leftovers.versions(account.client(stage.env, "s3")),
        home / "airflow",
        stage.scratch / "nights.log",
        home / "localcloud" / "server.log",
        beds,
        (text, dict(truth.counts)),
        commands[0],
        commands[1],
        gold,
    )


@dataclass
class Seen:
    """The events of nights, and the private keys that are there when the first one starts its cluster."""

    env: Mapping[str, str]
    events: list[Event] = field(default_factory=list)
    private_keys: list[str] = field(default_factory=list)

    def __call__(self, event: Event) -> None:
        self.events.append(event)
        if not self.private_keys and (event["event"], event.get("task")) == ("running", "start_compute"):
            self.private_keys = account.private_keys(self.env, f"wordcount/{slug_of(event['run_id'])}")
