"""Audit staged gold against its contract and publish it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from airflow.sdk import Context

from nightshift.aws import clients
from nightshift.failures.errors import AuditFailed
from nightshift.lake import audit
from nightshift.lake.catalog import CatalogHook
from nightshift.lake.storage import LakeHook
from nightshift.operators.base import NightOperator
from nightshift.report import outcome_rules
from nightshift.run.run_context import RunContext
from nightshift.state import ledger, partition_locks


def violations(night: RunContext, manifests: Sequence[Any]) -> list[str]:
    """Every contract rule that the staged data of the night's date breaks."""
    return audit.violations(night.pipeline, manifests, night.settings)


def publish(night: RunContext, task: str) -> Iterator[tuple[str, str]]:
    """Publish every staged day of each table and register them in the catalog; yields the table's name and the address
    of the night's own partition."""
    lake = LakeHook(clients.client(night.settings, "s3"), night)
    catalog = CatalogHook(clients.client(night.settings, "glue"), night)
    published_days: set[date] = set()
    restated = [day for manifest in lake.manifests() for day in manifest.get("restated", ())]
    if night.pipeline.incremental:
        lake.keep_source()  # before its first row: else a run killed in between leaves rows of an unknown source
    for table in night.pipeline.gold:
        partition_locks.of(night).verify()
        days, uri = lake.swap_gold(table.name), night.uri("lake", night.gold_prefix(table.name))
        catalog.register(table, days)
        other = {"restated": own} if (own := [day for day in restated if day["table"] == table.name]) else {}
        ledger.of(night).note(task, "swapped", "its audit passed", uri=uri, partitions=len(days), **other)
        published_days |= set(days)
        yield table.name, uri
    if night.pipeline.restates and not night.part:  # in a backfill, a later day may change these again
        lake.clear_unpublished(published_days)


class AuditOperator(NightOperator):
    """Raise AuditFailed if staged gold breaks its contract; what was published before stays in place."""

    def work(self, night: RunContext, context: Context) -> dict[str, Any]:
        manifests = self.lake(night).manifests()
        if broken := violations(night, manifests):
            raise AuditFailed(f"Gold of {night.run} was not published: {'; '.join(broken)}.")
        return {"rows": {gold["table"]: gold["rows"] for m in manifests for gold in m["gold"]}}


class PublishOperator(NightOperator):
    """Publish each staged table, one atomic object per partition, register it in the catalog, deliver the exports.

    The ledger says which tables were published. After a kill between two tables each one is whole, and a retry (or the
    next run) publishes all again. The result of an earlier, completed try is adopted: its staged data and its claim
    may be gone.
    """

    def work(self, night: RunContext, context: Context) -> dict[str, str]:
        if earlier := self._published(ledger.of(night).entries()):
            self.log.info("An earlier try published all tables, and no earlier task ran since: nothing to publish.")
            return earlier
        published = dict(publish(night, self.task_id))
        return published | {file: self.lake(night).deliver(file) for file in self.pipeline.exports}

    def _published(self, entries: Sequence[outcome_rules.Entry]) -> dict[str, str]:
        """What an earlier try returned; empty unless it completed and no earlier task began again since."""
        phases = [(entry["task"], entry["phase"]) for entry in entries]
        begun = len(phases) - 1 - phases[::-1].index((self.task_id, "begin"))
        if not outcome_rules.is_published(entries[:begun]):
            return {}
        ended = next(e for e in reversed(entries) if (e["task"], e["phase"]) == (self.task_id, "end"))
        return {name: ended[name] for name in (*(table.name for table in self.pipeline.gold), *self.pipeline.exports)}
