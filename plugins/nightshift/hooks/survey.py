"""Finds every run that is open or left something, by the ledger's markers and by what AWS lists."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from nightshift import ledger, processes
from nightshift.config import Settings
from nightshift.hooks import aws, clock, inventory
from nightshift.hooks.inventory import Thing, digest
from nightshift.night import from_marker, from_run_name
from nightshift.reaper import Case

Ask = Callable[[str, str], str | None]


@dataclass(frozen=True)
class Survey:
    """The runs, each with what is there of it, and what belongs to no run that is known."""

    runs: Mapping[str, Sequence[Thing]]
    strays: Sequence[Thing]


def survey(settings: Settings) -> Survey:
    """Look at everything of this deployment: markers and AWS. Raises botocore's errors."""
    markers = ledger.open_runs(aws.client(settings, "s3"), settings)
    things = inventory.everything(settings)
    runs = dict.fromkeys([*(from_marker(settings, m).run for m in markers), *(t.run for t in things if "/" in t.run)])
    by_digest = {digest(run): run for run in runs}
    owned = [(by_digest.get(thing.run, thing.run), thing) for thing in things]
    return Survey(
        {run: [thing for whose, thing in owned if whose == run] for run in runs},
        [thing for whose, thing in owned if "/" not in whose],
    )


def case_of(settings: Settings, run: str, things: Sequence[Thing], ask: Ask | None) -> Case:
    """What is known of a run right now. `ask(dag_id, run_id)` gives its state in Airflow; None: not asked.

    Airflow is asked before the ledger is read: a run is closed before Airflow calls it ended.
    """
    s3, guessed = aws.client(settings, "s3"), from_run_name(settings, run, _since(settings, things), _date(things))
    marker = ledger.marker(s3, settings, run)
    identity = marker or _identity(ledger.of(guessed).entries())
    state = _asked(settings, identity, ask)
    night = from_marker(settings, identity) if identity else guessed
    return Case(
        night=night,
        marked=bool(marker),
        known=bool(identity),
        entries=ledger.of(guessed).entries(),
        things=things,
        airflow=state,
        death=processes.death(night.conductor),
    )


def _identity(entries: Sequence[ledger.Entry]) -> Any:
    """What the last closing entry says of the run."""
    return next((e["identity"] for e in reversed(entries) if e["phase"] == "closed" and e.get("identity")), None)


def _asked(settings: Settings, identity: Any, ask: Ask | None) -> str | None:
    """Airflow's word for the run. Another Airflow's run is none that ours could know."""
    if not ask or not identity or identity["airflow"] != settings.airflow:
        return None
    return ask(identity["dag_id"], identity["run_id"])


def _since(settings: Settings, things: Iterable[Thing]) -> datetime:
    """A moment before the run made anything: its expiry less the lifetime."""
    ends = [thing.expires for thing in things if thing.expires] or [clock.now(settings)]
    return min(ends) - timedelta(hours=settings.lifetime_hours)


def _date(things: Iterable[Thing]) -> date | None:
    """The business date, by tag or by claim."""
    tagged = (thing.tags.get("nightshift:business_date") for thing in things)
    claimed = (thing.id.rpartition("/")[2].removesuffix(".json") for thing in things if thing.kind == "claims")
    return next((date.fromisoformat(day) for day in (*tagged, *claimed) if day), None)
