"""The words a night ends with: tasks, rows, gold, cost, proof, outcome. Lines out, nothing printed here."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from embedded.terminal import masks
from embedded.terminal.record import Kept, Record
from nightshift.failures import shown
from nightshift.failures.english import counted
from nightshift.report import message
from tools import paths

FIRST_ROWS = 5
MOST_SHOWN = 20
WIDEST_CELL = 40
TAIL_LINES = 12  # of a failure report's tail, which record.json and the step's log have in full


def ending(kept: Kept, failures: Mapping[str, str], log: Path) -> Iterator[str]:
    """Every line after the tasks. Without a record they are `failures`, the error of each failed task (task ->
    words), and the log."""
    record = kept.record
    if record is None:
        yield from (f"FAILED in {task}\n  {words}" for task, words in failures.items())
        yield "The night ended before it could write a record."
        yield f"Log:      {paths.shown(log)}"
        return
    yield from rows(record)
    yield from _gold(kept, record)
    yield from (words for manifest in record["layers"] for words in message.alerts(manifest.get("alerts")))
    yield from (f"Restated {shown.line(day['words'])}" for day in record["restated"][:MOST_SHOWN])
    if len(record["restated"]) > MOST_SHOWN:
        yield f"Restated {counted(len(record['restated']) - MOST_SHOWN, 'more day')}: see the record"
    yield from (f"Warning:  {shown.shortened(warning)}" for warning in record["warnings"])
    yield from _failure(record)
    yield from _facts(kept, record, log)
    yield f"Outcome:  {record['outcome']}"


def _gold(kept: Kept, record: Record) -> Iterator[str]:
    """Every partition of a backfill; of a night each table's own day with its first rows, and how many others."""
    if record["days"]:
        yield from (f"Gold {gold['table']}: {counted(gold['rows'], 'row')} at {gold['uri']}" for gold in record["gold"])
        return
    for table, group in groupby(record["gold"], key=itemgetter("table")):
        own, *others = group
        yield from table_of(table, own["rows"], kept.gold(table), masks.personal(record["pipeline"], table))
        if others:
            yield f"  and {counted(len(others), 'other day')} of {table}"


def plan(preflight: Mapping[str, Any] | None, log: Path) -> Iterator[str]:
    """The result of a dry run: the price, if `preflight` could return it, and where its plan is."""
    checked = preflight or {}
    price = f"; on AWS that costs about ${checked['estimate_usd']:.2f} ({checked['prices']})" if checked else ""
    yield from (f"{day}: {why}" for day, why in checked.get("why", {}).items())
    if "minutes" in checked:
        yield f"{counted(len(checked['days']), 'day')} to make, in about {checked['minutes']:g} minutes"
    yield from _labelled("Plan:", checked.get("plan", ()))
    yield from (f"Warning:  {shown.line(words)}" for words in (checked.get("warning"),) if words)
    yield f"Dry run:  nothing was created{price}"
    yield f"Log:      {paths.shown(log)}: each request to AWS as it would be sent"


def not_begun(tasks: Collection[str], states: Mapping[str, str]) -> Iterator[str]:
    """The tasks that never began, in one line; no line if every task has: `tasks` are those whose lines were shown."""
    if waiting := [task for task in states if task not in tasks]:
        yield f"Not run:  {', '.join(waiting)}"


def _labelled(label: str, lines: Iterable[str]) -> Iterator[str]:
    """Lines in a column, the first after its label."""
    for number, words in enumerate(lines):
        yield f"{label if number == 0 else '':<10}{shown.line(words)}"


def rows(record: Record) -> Iterator[str]:
    """Rows in, accepted, quarantined and duplicate, a line for each layer and table, with the reasons and warnings."""
    header = ("layer", "table", "rows in", "accepted", "quarantined", "duplicate", "reasons")
    counted = [
        (
            f"{manifest['business_date']} {manifest['layer']}" if record["days"] else manifest["layer"],
            table["table"],
            *(f"{table[key]:,}" for key in ("rows_in", "accepted", "quarantined", "duplicates")),
            ", ".join(f"{count} {reason}" for reason, count in _reasons(table)),
        )
        for manifest in record["layers"]
        for table in manifest["tables"]
    ]
    if counted:
        yield "Rows"
        yield from aligned(header, counted, widest=None)
    yield from (
        f"  {manifest['layer']} {table['table']}: warning: {count:,} {shown.line(what)}"
        for manifest in record["layers"]
        for table in manifest["tables"]
        for what, count in sorted(table.get("warnings", {}).items())
    )


def _reasons(table: Mapping[str, Any]) -> list[tuple[str, int]]:
    """Why rows were refused, and how many are there that wait for their date."""
    waiting = [("waiting for their date", table["waiting"])] if table.get("waiting") else []
    return [*sorted(table["reasons"].items()), *waiting]


def table_of(name: str, count: int, files: Sequence[Path], hidden: Set[str] = frozenset()) -> Iterator[str]:
    """A gold table's name, size and first rows; of hidden columns the end only."""
    yield f"Gold {name}: {counted(count, 'row')}"
    if files:
        first = next(pq.ParquetFile(files[0]).iter_batches(FIRST_ROWS), None)
        cells = first.to_pylist() if first is not None else []
        cut = [[masks.masked(v) if name in hidden else v for name, v in row.items()] for row in cells]
        yield from aligned(pq.read_schema(files[0]).names, cut)


def aligned(header: Sequence[str], lines: Sequence[Sequence[Any]], widest: int | None = WIDEST_CELL) -> list[str]:
    """Columns of equal width, indented; numbers to the right; cells longer than `widest` characters cut."""
    cells = [[_cell(value, widest) for value in line] for line in lines]
    names = [shown.line(name) for name in header]
    widths = [max(len(text) for text in column) for column in zip(names, *cells, strict=True)]
    right = [bool(column) and all(_is_number(text) for text in column) for column in zip(*cells, strict=True)]
    right = right or [False] * len(header)
    return [
        "  " + "  ".join(_padded(*cell) for cell in zip(line, widths, right, strict=True)).rstrip()
        for line in (names, *cells)
    ]


def _failure(record: Record) -> Iterator[str]:
    """The failure report's text, then the end of the log that it was read from."""
    failure = record["failure"]
    if failure:
        yield ""
        yield from failure["text"]
        if failure["tail"]:
            yield f"  The end of {failure['tail_of']}:"
            yield from (f"  | {line}" for line in failure["tail"][-TAIL_LINES:])
        yield ""


def _facts(kept: Kept, record: Record, log: Path) -> Iterator[str]:
    if place := record["compute"]:
        yield f"Compute:  {place['target']} {place['id']} {place['state']}"
    yield f"Cost:     {_cost(record['cost'])}"
    yield from (f"          {words}" for words in (*message.parts(record["cost"]), *message.elsewhere(record["cost"])))
    yield f"Teardown: {_proof(record['proof'])}"
    yield f"Record:   {paths.shown(kept.folder / 'record.json')}{_beside(kept.folder)}"
    yield f"Log:      {paths.shown(log)}"


def _beside(folder: Path) -> str:
    """What else is kept of a run, after its record."""
    *names, last = [f"{name}/" for name in ("logs", "gold", "quarantine") if (folder / name).is_dir()] or [""]
    return f", with {', '.join(names)}{' and ' if names else ''}{last} beside it" if last else ""


def _cost(cost: Mapping[str, Any]) -> str:
    if cost["estimate"] is None:
        return f"not known. {cost['prices']}"
    used = f"${cost['measured']:.2f} for what this run used"
    return f"about ${cost['estimate']:.2f} on AWS, {used} ({cost['prices']})"


def _proof(proof: Mapping[str, Any] | None) -> str:
    if not proof:
        return "NOT PROVEN"
    checked = ", ".join(proof["checked"])
    alive = "; ".join(map(str, proof["alive"]))
    shared = f". {proof['shared']}" if proof.get("shared") else ""
    own = "nothing of its own left alive" if shared else "nothing left alive"
    return f"STILL ALIVE: {alive}{shared}" if alive else f"{own} ({checked} searched by tag){shared}"


def _cell(value: Any, widest: int | None) -> str:
    text = "" if value is None else shown.line(str(value))
    return f"{text[: widest - 1]}…" if widest and len(text) > widest else text


def _is_number(text: str) -> bool:
    return not text or text.replace(",", "").replace(".", "").lstrip("-").isdigit()


def _padded(text: str, width: int, right: bool) -> str:
    return text.rjust(width) if right else text.ljust(width)
