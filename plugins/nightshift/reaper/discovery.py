"""Discovery: finds every run that is open or left resources, from the ledger's markers and AWS's lists."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from nightshift.aws import clients, clock
from nightshift.compute import targets
from nightshift.compute.resources import Resource, digest
from nightshift.compute.targets import TARGETS
from nightshift.config import Settings
from nightshift.infrastructure import inventory
from nightshift.reaper.verdict import Case, Fate, verdict
from nightshift.run import processes
from nightshift.state import ledger
from nightshift.state.known_runs import from_marker, from_run_name

StateLookup = Callable[[str, str], str | None]


@dataclass(frozen=True)
class Discovery:
    """The runs, each with its existing resources, and the orphans: resources of no known run."""

    runs: Mapping[str, Sequence[Resource]]
    orphans: Sequence[Resource]


def discover(settings: Settings) -> Discovery:
    """Discover all runs of this deployment. Raises botocore's errors."""
    markers = ledger.open_runs(clients.client(settings, "s3"), settings)
    resources = inventory.everything(settings)
    runs = dict.fromkeys(
        [*(from_marker(settings, m).run for m in markers), *(t.run for t in resources if "/" in t.run)]
    )
    by_digest = {digest(run): run for run in runs}
    owned = [(by_digest.get(resource.run, resource.run), resource) for resource in resources]
    return Discovery(
        {run: [resource for whose, resource in owned if whose == run] for run in runs},
        [resource for whose, resource in owned if "/" not in whose],
    )


def case_of(settings: Settings, run: str, resources: Sequence[Resource], airflow_state: StateLookup | None) -> Case:
    """The current state of a run. `airflow_state(dag_id, run_id)` returns its state in Airflow; without it
    Airflow is not queried.

    Airflow is queried before the ledger, since a run's ledger is closed before Airflow marks it as ended.
    """
    s3, guessed = (
        clients.client(settings, "s3"),
        from_run_name(settings, run, _since(settings, resources), _date(resources), _compute(resources)),
    )
    marker = ledger.marker(s3, settings, run)
    identity = marker or _identity(ledger.of(guessed).entries())
    state = _state_in_airflow(settings, identity, airflow_state)
    night = from_marker(settings, identity) if identity else guessed
    return Case(
        night=night,
        marked=bool(marker),
        known=bool(identity),
        entries=ledger.of(guessed).entries(),
        resources=resources,
        airflow=state,
        death=processes.death(night.conductor),
        members=_members(settings, run, airflow_state),
    )


def _members(settings: Settings, run: str, airflow_state: StateLookup | None) -> list[str] | None:
    """The live runs that use a pack; None for what is no pack."""
    joined = targets.members(settings, run)
    if joined is None:
        return None
    now = clock.now(settings)
    cases = (case_of(settings, member, (), airflow_state) for member in joined)
    return [case.night.run for case in cases if verdict(case, now).fate is not Fate.DEAD]


def _identity(entries: Sequence[ledger.Entry]) -> Any:
    """The run's identity in its last closing entry."""
    return next((e["identity"] for e in reversed(entries) if e["phase"] == "closed" and e.get("identity")), None)


def _state_in_airflow(settings: Settings, identity: Any, airflow_state: StateLookup | None) -> str | None:
    """The run's state in Airflow; None for a run of another Airflow, which ours does not know."""
    if not airflow_state or not identity or identity["airflow"] != settings.airflow:
        return None
    return airflow_state(identity["dag_id"], identity["run_id"])


def _since(settings: Settings, resources: Iterable[Resource]) -> datetime:
    """A moment before the run made anything: its earliest expiry minus the lifetime."""
    ends = [resource.expires for resource in resources if resource.expires] or [clock.now(settings)]
    return min(ends) - timedelta(hours=settings.lifetime_hours)


def _compute(resources: Iterable[Resource]) -> str:
    """The compute target that one of the resources is a place of; '' if none is."""
    kinds = {resource.kind for resource in resources}
    return next((name for name, target in TARGETS.items() if target.places_kind in kinds), "")


def _date(resources: Iterable[Resource]) -> date | None:
    """The business date, from a tag or a claim."""
    tagged = (resource.tags.get("nightshift:business_date") for resource in resources)
    claimed = (
        resource.id.rpartition("/")[2].removesuffix(".json") for resource in resources if resource.kind == "claims"
    )
    return next((date.fromisoformat(day) for day in (*tagged, *claimed) if day), None)
