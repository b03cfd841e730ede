"""Finds every run that is open or left something, by the ledger's markers and by what AWS lists."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from nightshift import ledger
from nightshift.config import Settings
from nightshift.hooks import aws, inventory
from nightshift.hooks.inventory import Thing, digest
from nightshift.night import from_marker, from_run_name
from nightshift.reaper import Case

Ask = Callable[[str, str], str | None]


@dataclass(frozen=True)
class Survey:
    """The runs, and what belongs to none that is known: security configurations, which carry no tags."""

    cases: Sequence[Case]
    strays: Sequence[Thing]


def survey(settings: Settings, ask: Ask | None) -> Survey:
    """Look at everything of this deployment. `ask(dag_id, run_id)` gives a run's state in Airflow; None: not asked."""
    markers = ledger.open_runs(aws.client(settings, "s3"), settings)
    marked = {from_marker(settings, marker).run: marker for marker in markers}
    things = inventory.everything(settings)
    runs = {**dict.fromkeys(marked), **dict.fromkeys(thing.run for thing in things if "/" in thing.run)}
    by_digest = {digest(run): run for run in runs}
    owned = [(by_digest.get(thing.run, thing.run), thing) for thing in things]
    cases = [_case(settings, run, marked.get(run), [t for whose, t in owned if whose == run], ask) for run in runs]
    return Survey(cases, [thing for whose, thing in owned if "/" not in whose])


def _case(settings: Settings, run: str, marker: Any, things: Sequence[Thing], ask: Ask | None) -> Case:
    guessed = from_run_name(settings, run, _since(settings, things), _date(things))
    entries = ledger.of(guessed).entries()
    identity = marker or next((e["identity"] for e in reversed(entries) if e["phase"] == "closed"), None)
    return Case(
        night=from_marker(settings, identity) if identity else guessed,
        marked=bool(marker),
        known=bool(identity),
        entries=entries,
        things=things,
        airflow=_asked(settings, identity, ask),
    )


def _asked(settings: Settings, identity: Any, ask: Ask | None) -> str | None:
    """Airflow's word for the run. Another Airflow's run is none that ours could know."""
    if not ask or not identity or identity["airflow"] != settings.airflow:
        return None
    return ask(identity["dag_id"], identity["run_id"])


def _since(settings: Settings, things: Iterable[Thing]) -> datetime:
    """A moment before the run made anything: its expiry less the lifetime."""
    ends = [thing.expires for thing in things if thing.expires]
    return min(ends, default=datetime.now(UTC)) - timedelta(hours=settings.lifetime_hours)


def _date(things: Iterable[Thing]) -> date | None:
    """The business date, by tag or by claim."""
    tagged = (thing.tags.get("nightshift:business_date") for thing in things)
    claimed = (thing.id.rpartition("/")[2].removesuffix(".json") for thing in things if thing.kind == "claims")
    return next((date.fromisoformat(day) for day in (*tagged, *claimed) if day), None)
