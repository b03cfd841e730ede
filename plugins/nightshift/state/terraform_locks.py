"""Stale lock rules: decide from ledgers and processes whether the holder of a terraform lock is dead. Pure.

Terraform's lock in S3 has no heartbeat, so it does not show whether its holder is gone. What is known:

* A later try or task of a run begins only after Airflow has ended the one before: such a holder's task is dead. Its
  terraform may still run, since it outlives its task to finish what it began (infrastructure/terraform.py).
* Another run's ledger says what it was doing when the lock was made, whether that act ended, whether the run was
  closed since, and when its sign of life was due. A run with a runner process is dead when that process is gone.
* Several acts may have been running when the lock was made: one holds it, the others wait. It is broken when all are
  dead.
* A holder without a ledger (before the first foundation; an operator at a shell) is judged by its processes if it is on
  this host. On another host nothing is known of it, however old the lock is: a person decides.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from nightshift.run.tasks import FOUNDATION_LOCK, TRANSIENT_LOCK
from nightshift.state.ledger import Entry, over

LONGEST = timedelta(minutes=60)  # the longest execution_timeout of a task that holds a lock (checked by tests/dags)
PATIENCE = timedelta(minutes=10)  # an apply or destroy of a night takes two or three; another host cannot see it run


@dataclass(frozen=True)
class Lock:
    """What terraform writes into <state>.tflock (statemgr.LockInfo: ID, Operation, Who = user@host, Created).

    `created` is by the holder's clock, like its ledger's entries; `taken` is by S3's clock and gives the age.
    """

    id: str
    operation: str
    who: str
    created: datetime
    taken: datetime

    @classmethod
    def parsed(cls, body: bytes, taken: datetime) -> Lock:
        """Parse the lock file. Go's nanoseconds are cut: Python accepts six digits, and 'Z' only from 3.11 on."""
        written = json.loads(body)
        whole, _, rest = str(written["Created"]).rstrip("Z").partition(".")
        created = datetime.fromisoformat(f"{whole}.{rest[:6] or '0'}+00:00")
        return cls(written["ID"], written.get("Operation", ""), written.get("Who", ""), created, taken)

    @property
    def host(self) -> str:
        """The holder's host name, as the holder wrote it."""
        return self.who.rpartition("@")[2]


class Judgement(NamedTuple):
    """Whether the holder of a lock is dead, and a phrase that says why."""

    dead: bool
    why: str


@dataclass(frozen=True)
class Scene:
    """The facts for a judgement.

    `me` is the run that wants the lock, `host` its host; `histories` are the ledgers of this and every open run, by
    run; `runs_here` says whether a terraform works on the same stack on this host; `deaths` says by run why its runner
    process is known to be gone, '' if that is not known.
    """

    me: str
    host: str
    now: datetime
    histories: Mapping[str, Sequence[Entry]]
    runs_here: bool
    deaths: Mapping[str, str] = field(default_factory=dict)
    shared: bool = False


def judge(lock: Lock, foundation: bool, scene: Scene) -> Judgement:
    """Judge whether the holder of the lock is dead."""
    here = lock.host == scene.host
    if here and scene.runs_here:
        return Judgement(False, f"a terraform of this stack is at work on {lock.host}")
    judged = [
        _own(lock, here, begun, scene) if run == scene.me else _others(run, begun, scene)
        for run, begun in holders(lock, foundation, scene)
    ]
    if not judged:
        return _unknown(lock, here)
    return next((judgement for judgement in judged if not judgement.dead), judged[-1])


def holders(lock: Lock, foundation: bool, scene: Scene) -> list[tuple[str, Entry]]:
    """The runs that may have made the lock, each with the "begin" entry of an act that was running on the lock's host
    when the lock was made, sorted by begin. The act that now wants the lock is not among them."""
    tasks = FOUNDATION_LOCK if foundation else TRANSIENT_LOCK
    runs = scene.histories if foundation or scene.shared else {scene.me: scene.histories.get(scene.me, ())}
    begun = [
        (run, entry)
        for run, entries in runs.items()
        for entry in _begun(entries, tasks)[: -1 if run == scene.me else None]
        if entry.get("host", lock.host) == lock.host
        and _at(entry) <= lock.created
        and not _ended(entries, entry, before=lock.created)
    ]
    return sorted(begun, key=lambda pair: _at(pair[1]))


def _begun(entries: Sequence[Entry], tasks: Collection[str]) -> list[Entry]:
    return [entry for entry in entries if entry["phase"] == "begin" and entry["task"] in tasks]


def _own(lock: Lock, here: bool, begun: Entry, scene: Scene) -> Judgement:
    task = f"an earlier try of this run ({begun['task']}, {begun['at']})"
    if _ended(scene.histories[scene.me], begun):
        return Judgement(True, f"{task} left it and has ended")
    if here:
        return Judgement(True, f"{task} left it, and no terraform of the stack is at work on this host")
    if scene.now - lock.taken > PATIENCE:
        return Judgement(True, f"{task} on {lock.host} left it, {_minutes(PATIENCE)} minutes ago and more")
    return Judgement(False, f"{task} on {lock.host} may still be finishing")


def _others(run: str, begun: Entry, scene: Scene) -> Judgement:
    entries = scene.histories[run]
    if _ended(entries, begun):
        return Judgement(True, f"{begun['task']} of {run} held it and has ended")
    if why := over(entries, scene.now, scene.deaths.get(run, "")):
        return Judgement(True, f"{run} held it, and {why}")
    return Judgement(False, f"{begun['task']} of {run} is at work")


def _unknown(lock: Lock, here: bool) -> Judgement:
    if here:
        return Judgement(True, f"{lock.who} held it, and no terraform of the stack is at work on this host")
    return Judgement(False, f"{lock.who}, who is in no ledger, has held it since {lock.taken:%Y-%m-%dT%H:%M:%SZ}")


def _ended(entries: Sequence[Entry], begun: Entry, before: datetime | None = None) -> bool:
    """Whether the act of the entry `begun` has ended, at all or before a moment."""
    later = entries[list(entries).index(begun) + 1 :]
    ends = [e for e in later if e["task"] == begun["task"] and e["phase"] in {"end", "failed"}]
    return any(before is None or _at(end) < before for end in ends)


def _at(entry: Entry) -> datetime:
    moment: Any = entry["at"]
    return datetime.fromisoformat(moment)


def _minutes(span: timedelta) -> int:
    return int(span.total_seconds() // 60)
