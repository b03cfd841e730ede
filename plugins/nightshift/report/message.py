"""The words that a record becomes: the subject and the body of the SNS message. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

SUBJECT_LIMIT = 100  # SNS: at most 100 ASCII characters


def subject(name: str, record: Mapping[str, Any]) -> str:
    """One line that says which product, which date, how it ended."""
    words = f"[{name}] {record['pipeline']} {record['business_date']}: {record['outcome']}"
    if record["failure"]:
        words += f" in {record['failure']['task']}"
    return words.encode("ascii", "replace").decode()[:SUBJECT_LIMIT]


def body(record: Mapping[str, Any], record_uri: str) -> str:
    """What ran, what came out, what it cost, what to do; plain text."""
    return "\n".join(_lines(record, record_uri))


def _lines(record: Mapping[str, Any], record_uri: str) -> Iterator[str]:
    yield f"{record['pipeline']}, business date {record['business_date']}, run {record['run_id']}: {record['outcome']}"
    if record["failure"]:
        yield f"Failed in {record['failure']['task']} ({record['failure']['cause']}): {record['failure']['message']}"
        yield f"Next: {record['failure']['next_action']}"
    for manifest in record["layers"]:
        yield from (_counts(manifest["layer"], table) for table in manifest["tables"])
    for gold in record["gold"]:
        yield f"Gold {gold['table']}: {gold['rows']} rows at {gold['uri']}"
    yield f"Cost: about ${record['cost']['measured']:.2f} measured, ${record['cost']['estimate']:.2f} estimated"
    yield (
        f"Left behind: {'; '.join(record['proof']['alive']) or 'nothing'}"
        if record["proof"]
        else "Teardown: not proven"
    )
    yield f"Record: {record_uri}"


def _counts(layer: str, table: Mapping[str, Any]) -> str:
    counted = ", ".join(f"{table[key]} {key.replace('_', ' ')}" for key in ("rows_in", "accepted"))
    reasons = ", ".join(f"{n} {why}" for why, n in sorted(table["reasons"].items()))
    lost = f"{table['quarantined']} quarantined{f' ({reasons})' if reasons else ''}, {table['duplicates']} duplicates"
    return f"{layer}.{table['table']}: {counted}, {lost}"
