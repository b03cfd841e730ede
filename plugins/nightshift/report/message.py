"""Text of a run record: subject and body of the SNS message, and the run note in Airflow. Pure.

Subject and body are English, as the log has them; aws/topic.py sends them in the settings' language, line by line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from nightshift.failures import cards
from nightshift.failures.english import counted
from nightshift.failures.portuguese import spoken
from nightshift.failures.shown import line, plain, shortened

MOST_SHOWN = 20
NOTE_BEGINS = "Nightshift: "
NOTE_LIMIT = 1000  # characters, of the column in Airflow's database
SUBJECT_LIMIT = 100  # SNS: at most 100 ASCII characters


def subject(name: str, record: Mapping[str, Any]) -> str:
    """Product, date, outcome, cause, task, deployment name; cut at SUBJECT_LIMIT, so the end of the name goes first."""
    words = f"{record['pipeline']} {record['business_date']}: {record['outcome']}"
    if failure := record["failure"]:
        words += f" ({failure['cause']}) in {failure['task']}"
    plain = f"{words} [{name}]".encode("ascii", "replace").decode()
    return "".join(letter if letter.isprintable() else "?" for letter in plain)[:SUBJECT_LIMIT]


def body(record: Mapping[str, Any], record_uri: str, page: str = "") -> str:
    """What ran, what it made, what it cost, what to do next, where its page is; plain text, with a failure's log lines
    last."""
    return plain("\n".join(_lines(record, record_uri, page)))


def note(record: Mapping[str, Any], record_uri: str, language: str = "en") -> str:
    """The note on the run in Airflow: how it ended and why, in a few lines of a language of config.LANGUAGES, at most
    NOTE_LIMIT characters."""
    failure = record["failure"]
    words = [f"{NOTE_BEGINS}{record['pipeline']} {record['business_date']}: {record['outcome']}"]
    words += [f"{failure['task']} failed: {failure['message']}"] if failure else []
    words += map(str, record["warnings"])
    words += [f"{counted(len(record['restated']), 'day')} restated"] if record["restated"] else []
    last = spoken(f"Record: {record_uri}", language)
    shown, room = "", NOTE_LIMIT - len(last) - 2
    for text in map(line, words):
        shown += f"{spoken(text, language)}\n\n"  # Airflow shows a note as Markdown: a blank line ends a paragraph
    return plain(f"{shown.rstrip()[:room]}\n\n{last}")


def _lines(record: Mapping[str, Any], record_uri: str, page: str) -> Iterator[str]:
    failure, cleanup_failure = record["failure"], record["finding"]
    yield f"{record['pipeline']}, business date {record['business_date']}, run {record['run_id']}: {record['outcome']}"
    if cleanup_failure:
        yield f"Reported by the {record['told_by']}: {cleanup_failure['message']}"
    if failure:
        yield from failure["text"]
        yield from _others(record["tasks"], failure["task"])
    for manifest in record["layers"]:
        yield from alerts(manifest.get("alerts"))
    for manifest in record["layers"]:
        yield from (_counts(manifest["layer"], table) for table in manifest["tables"])
    yield from _restated(record["restated"])
    yield from _gold(record["gold"])
    yield from (f"Warning: {shortened(warning)}" for warning in record["warnings"])
    yield f"Cost: {_cost(record['cost'])}"
    yield from parts(record["cost"])
    yield from elsewhere(record["cost"])
    yield f"Teardown: {_teardown(record['proof'])}"
    if not failure:  # the failure report names the record itself
        yield f"Record: {record_uri}"
    if page:
        yield f"Page: {page}"
    yield from cards.tail_lines(failure or {})


def elsewhere(cost: Mapping[str, Any]) -> Iterator[str]:
    """What the same work would have cost on the other compute targets, with the start-up that is usual there; no line
    if that is not known."""
    if others := cost.get("elsewhere"):
        prices = ", ".join(f"{name} ${usd:.2f}" for name, usd in others.items())
        yield f"The same work elsewhere, with the usual start-up: {prices}"


def _cost(cost: Mapping[str, Any]) -> str:
    if cost["estimate"] is None:
        return f"not known. {line(cost['prices'])}"
    return f"about ${cost['measured']:.2f} measured, ${cost['estimate']:.2f} estimated ({cost['prices']})"


def parts(cost: Mapping[str, Any]) -> Iterator[str]:
    """The bill by part, and what of it was start-up and idle; no line of a record without them."""
    known = [f"{name} ${usd:.4f}" for name, usd in (cost.get("parts") or {}).items()]
    if not known:
        return
    yield f"By part: {', '.join(known)}"
    if cost.get("spot"):
        yield str(cost["spot"])
    if billed := (cost.get("seconds") or {}).get("billed"):
        start_up, idle = (cost["seconds"][key] / billed for key in ("start_up", "idle"))
        yield f"Of {billed / 60:.1f} minutes that were billed {start_up:.0%} were start-up and {idle:.0%} idle"


def _restated(days: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The days whose published figures this run changed."""
    yield from (f"Restated {line(day['words'])}" for day in days[:MOST_SHOWN])
    if len(days) > MOST_SHOWN:
        yield f"Restated {counted(len(days) - MOST_SHOWN, 'more day')}: see the record"


def _gold(partitions: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """One line per table; its first partition is the one of the night's own date."""
    for table, group in groupby(partitions, key=itemgetter("table")):
        first, *others = group
        more = f", and {counted(len(others), 'other day')}" if others else ""
        yield f"Gold {table}: {counted(first['rows'], 'row')} at {first['uri']}{more}"


def alerts(raised: Mapping[str, Any] | None) -> Iterator[str]:
    """The alerts that a layer raised about the data (its manifest has the most severe ones, in order), and what it
    could not judge; no line of a layer that has none to raise."""
    if raised is None:
        return
    yield f"Alerts: {raised['total'] or 'none'}"
    yield from (f"  {line(words)}" for words in raised["told"])
    if hidden := raised["total"] - len(raised["told"]):
        yield f"  and {hidden} less severe ones in gold alerts"
    if raised["unjudged"]:
        yield f"  Not judged: {line(raised['unjudged'])}"


def _others(tasks: Mapping[str, Any], culprit: str) -> Iterator[str]:
    """The other failed or interrupted tasks, beside the one whose failure is reported."""
    bad = [name for name, task in tasks.items() if task["state"] in {"failed", "interrupted"} and name != culprit]
    if bad:
        yield f"  Failed as well: {', '.join(bad)}"


def _teardown(proof: Mapping[str, Any] | None) -> str:
    if proof is None:
        return "not proven"
    left = f"left behind: {'; '.join(map(str, proof['alive']))}" if proof["alive"] else "nothing left behind"
    return f"{left}. {proof['shared']}" if proof.get("shared") else left


def _counts(layer: str, table: Mapping[str, Any]) -> str:
    counted = ", ".join(f"{table[key]} {key.replace('_', ' ')}" for key in ("rows_in", "accepted"))
    reasons = ", ".join(f"{n} {why}" for why, n in sorted(table["reasons"].items()))
    lost = f"{table['quarantined']} quarantined{f' ({reasons})' if reasons else ''}, {table['duplicates']} duplicates"
    odd = ", ".join(f"{n} {what}" for what, n in sorted(table.get("warnings", {}).items()))
    waiting = f", {table['waiting']} waiting for their date" if table.get("waiting") else ""
    return f"{layer}.{table['table']}: {counted}, {lost}{waiting}{f'; warnings: {odd}' if odd else ''}"
