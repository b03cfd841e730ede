"""Audit staged gold against its contract and publish it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from airflow.sdk import Context

from nightshift.aws import clients
from nightshift.failures.errors import AuditFailed
from nightshift.lake import assets, audit
from nightshift.lake.catalog import CatalogHook
from nightshift.lake.storage import LakeHook
from nightshift.operators import links
from nightshift.operators.base import NightOperator
from nightshift.report import lineage, outcome_rules
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
    manifests = lake.manifests()
    restated = [day for manifest in manifests for day in manifest.get("restated", ())]
    made_by = next((str(manifest["contract"]) for manifest in manifests if "contract" in manifest), "")
    if night.pipeline.incremental:
        lake.keep_source()  # before its first row: else a run killed in between leaves rows of an unknown source
    for table in night.pipeline.gold:
        partition_locks.of(night).verify()
        days, uri = lake.swap_gold(table.name, made_by), night.uri("lake", night.gold_prefix(table.name))
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
            words = f"Gold of {night.run} was not published: {'; '.join(broken)}."
            raise AuditFailed(words, self.pipeline.contract_file)
        return {"rows": {gold["table"]: gold["rows"] for m in manifests for gold in m["gold"]}}


class PublishingOperator(NightOperator):
    """A task that publishes gold: it announces the tables as Airflow's assets and to OpenLineage."""

    operator_extra_links = (links.GOLD,)
    _rows: Mapping[str, int] | None = None  # of each published table

    def announce(self, context: Context, nights: Sequence[RunContext]) -> None:
        """Say what was published for the business dates of `nights`, oldest first."""
        if self.outlets:
            published = [(night, self.lake(night).manifests()) for night in nights]
            assets.announce(self.outlets, context["outlet_events"], published)
            self._rows = assets.rows(published)

    def get_openlineage_facets_on_complete(self, _task_instance: Any) -> Any:
        """Called by Airflow's OpenLineage provider, if there is one."""
        return lineage.of_run(self.settings, self.pipeline, self._rows or {})

    def get_openlineage_facets_on_failure(self, _task_instance: Any) -> None:
        """A failed task says nothing: which tables it replaced is in the run's ledger."""


class PublishOperator(PublishingOperator):
    """Publish each staged table, one atomic object per partition, register it in the catalog, deliver the exports.

    The ledger says which tables were published. After a kill between two tables each one is whole, and a retry (or the
    next run) publishes all again. The result of an earlier, completed try is adopted: its staged data and its claim
    may be gone.
    """

    def work(self, night: RunContext, context: Context) -> dict[str, str]:
        earlier = self._published(ledger.of(night).entries())
        if earlier:
            self.log.info("An earlier try published all tables, and no earlier task ran since: nothing to publish.")
        published = earlier or self._publish(night)
        self.announce(context, [night])
        return published

    def _publish(self, night: RunContext) -> dict[str, str]:
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
