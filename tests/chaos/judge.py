"""Whether what was told of a night is what was: the truth from facts alone, then every broken promise as a sentence."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from tests.chaos.cells import BY_HAND, Cell
from tests.chaos.drops import Drop
from tests.chaos.facts import Facts, Gold

WORDS = 300  # of a failure card's message
EITHER = "done, then stopped by hand"


@dataclass(frozen=True)
class Seen:
    """A run that ended, as a cell found it."""

    airflow: str
    alive: Mapping[str, list[str]]
    markers: list[str]
    gold: Mapping[str, Gold]
    steps: list[str] | None  # of its clusters; None where a service forgets a job with its place
    entries: list[dict[str, Any]]
    record: Mapping[str, Any]
    post: list[dict[str, str]]

    @property
    def told(self) -> tuple[str, str]:
        """(outcome, who told it) of the closing entry, if nothing began after it."""
        words = [entry for entry in self.entries if entry["phase"] in {"begin", "closed"}]
        last = words[-1] if words else {"phase": "nothing"}
        return (last["outcome"], last["told_by"]) if last["phase"] == "closed" else ("nothing", "nobody")

    @property
    def is_settled(self) -> bool:
        """Whether there is nothing left for a reaper."""
        return not self.alive and not self.markers and self.told[1] != "nobody"


def look(
    facts: Facts,
    dag: str,
    run_id: str,
    drop: Drop,
    airflow: str,
    post: list[dict[str, str]],
    steps: list[str] | None,
) -> Seen:
    return Seen(
        airflow,
        facts.alive(),
        facts.open_markers(),
        facts.gold(dag, drop),
        steps,
        facts.ledger(dag, run_id),
        facts.record(dag, run_id),
        post,
    )


def truth(cell: Cell, drop: Drop, at_end: Seen) -> str:
    """What the night was when Airflow called it ended, from its steps, its gold and what was alive."""
    worked = at_end.steps is None or at_end.steps[-1:] == ["COMPLETED"]
    complete = is_new(drop, at_end.gold) and worked and not at_end.alive
    if complete and cell.column in BY_HAND:
        return EITHER
    return "success" if complete else "failed"


def is_new(drop: Drop, gold: Mapping[str, Gold]) -> bool:
    return all(len(found.objects) == 1 and found.says == drop.gold[table] for table, found in gold.items())


def broken(cell: Cell, drop: Drop, before: Mapping[str, Gold], at_end: Seen, after: Seen) -> list[str]:
    """Every promise of the matrix that this night broke; `after` is after a reaper's pass if it needed one."""
    true = truth(cell, drop, at_end)
    return [
        *(f"alive after: {kind} {', '.join(ids)}" for kind, ids in after.alive.items()),
        *(["open markers: " + ", ".join(after.markers)] if after.markers else []),
        *_closing(after),
        *_telling(true, after),
        *_gold(drop, before, after),
        *_post(after),
        *_mended(cell, true, after),
    ]


def unstruck(armed: list[dict[str, Any]], left: list[dict[str, Any]]) -> list[str]:
    """The faults that are left as they were armed, each as a sentence: a night that met none has got over none."""
    return [f"the fault {fault['kind']} never struck" for fault in armed if fault in left]


def _mended(cell: Cell, true: str, seen: Seen) -> Iterator[str]:
    if cell.mends and true == "failed":
        card = seen.record.get("failure") or {}
        why = f"{card.get('task', 'nobody')}: {card.get('message', 'no word')}"
        yield f"it did not get over this by itself ({why[:WORDS]})"


def _closing(seen: Seen) -> Iterator[str]:
    phases = [entry["phase"] for entry in seen.entries]
    if seen.told[1] == "nobody":
        yield f"the ledger is not closed, its last word is {phases[-1] if phases else 'nothing'}"
    closed = [number for number, phase in enumerate(phases) if phase == "closed"]
    for first, second in pairwise(closed):
        if "begin" not in phases[first:second]:
            yield f"the ledger was closed twice, in entries {first} and {second}, and nothing began between them"


def _telling(true: str, seen: Seen) -> Iterator[str]:
    outcome, by = seen.told
    if true != EITHER and outcome != true:
        yield f"{by} told {outcome}, the truth is {true}"
    if seen.record.get("outcome", "nothing") != outcome:
        yield f"the record says {seen.record.get('outcome', 'nothing')}, the ledger was closed as {outcome}"
    if by == "report" and true != EITHER and seen.airflow != true:
        yield f"Airflow says {seen.airflow}, the truth is {true}"
    if outcome == "failed" and not seen.record.get("failure"):
        yield "the record of a failed night has no failure card"


def _gold(drop: Drop, before: Mapping[str, Gold], seen: Seen) -> Iterator[str]:
    for table, found in seen.gold.items():
        if len(found.objects) > 1:
            yield f"gold {table} has {len(found.objects)} objects"
        if found.says != drop.gold[table] and found.objects != before[table].objects:
            yield f"gold {table} is neither this night's nor the one before"


def _post(seen: Seen) -> Iterator[str]:
    outcome, notified = seen.record.get("outcome", "nothing"), seen.record.get("notified")
    if not seen.post:
        if notified:
            yield "the record says that SNS told somebody, nobody heard"
        return
    letter = seen.post[-1]
    if outcome not in letter["subject"]:
        yield f"SNS told {letter['subject']!r}, the record says {outcome}"
    if len(letter["subject"]) > 100 or not letter["subject"].isascii():
        yield f"the subject is no subject for SNS: {letter['subject']!r}"


def doubled(drop: Drop, rows: Mapping[str, int], quarantined: int) -> list[str]:
    """What a layer holds too much or too little of after a night that ended well."""
    wrong = [f"{name} holds {rows[name]} rows, {n} are right" for name, n in drop.rows.items() if rows[name] != n]
    return [*wrong, *([f"{quarantined} rows are in quarantine, none is bad"] if quarantined else [])]
