"""Runs that died in the middle of their job, for tests of the reaper on every target."""

from contextlib import suppress

import boto3
from airflow.sdk.exceptions import TaskDeferred

from nightshift.reaper import cleanup
from nightshift.reaper.verdict import Fate
from nightshift.run.run_context import RunContext
from nightshift.state import ledger
from nightshift.state.ledger import REAPER, Entry, is_open


def begun(run: RunContext) -> None:
    """As if the run's job had been waited for when its Airflow died: an act without an end, in buckets of its own."""
    for kind in ("raw", "lake", "artifacts", "logs", "state"):
        boto3.client("s3").create_bucket(Bucket=run.settings.bucket(kind))
    with suppress(TaskDeferred), ledger.of(run).act("job_wordcount", 1):
        raise TaskDeferred(trigger=None, method_name="resume")


def reaped(run: RunContext) -> list[Entry]:
    """The ledger after a pass of the reaper, which has closed it, with a proof, if it was open."""
    book = ledger.of(run)
    was_open = is_open(book.entries())
    rows = {row.run: row for row in cleanup.reap(run.settings, "a test", lambda _dag, of: _state(run, of)).rows}
    entries = book.entries()
    assert (run.run in rows) is was_open
    if was_open:
        assert (rows[run.run].fate, rows[run.run].ok) == (Fate.DEAD, True), rows[run.run].done
        [proof] = [entry for entry in entries if entry.get("by") == REAPER]
        assert (proof["task"], proof["alive"]) == ("prove_nothing_left", [])
        assert [entry["told_by"] for entry in entries if entry["phase"] == "closed"] == [REAPER]
    return entries


def _state(run: RunContext, of: str) -> str:
    """Airflow's word: it marked this run failed and runs every other one."""
    return "failed" if of == run.run_id else "running"
