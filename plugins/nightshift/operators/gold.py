"""Gold: staged by the last step, checked here against its contract, then swapped in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from airflow.sdk import Context

from nightshift import audit, ledger
from nightshift.errors import AuditFailed
from nightshift.hooks import aws, claims
from nightshift.hooks.catalog import CatalogHook
from nightshift.hooks.lake import LakeHook
from nightshift.night import Night
from nightshift.operators.base import NightOperator
from nightshift.report import truth


def violations(night: Night, manifests: Sequence[Any]) -> list[str]:
    """Every rule of the contract that what was staged for the night's date breaks."""
    return audit.violations(night.pipeline, manifests, night.settings)


def publish(night: Night, task: str) -> Iterator[tuple[str, str]]:
    """Swap each staged table into place, every day of it, and register it; yields its name and where the night's own
    day is."""
    lake = LakeHook(aws.client(night.settings, "s3"), night)
    catalog = CatalogHook(aws.client(night.settings, "glue"), night)
    told: set[date] = set()
    restated = [day for manifest in lake.manifests() for day in manifest.get("restated", ())]
    if night.pipeline.incremental:
        lake.keep_source()  # before the first row of it: a run killed in between must not leave rows of nobody
    for table in night.pipeline.gold:
        claims.of(night).verify()
        days, uri = lake.swap_gold(table.name), night.uri("lake", night.gold_prefix(table.name))
        catalog.register(table, days)
        other = {"restated": own} if (own := [day for day in restated if day["table"] == table.name]) else {}
        ledger.of(night).note(task, "swapped", "its audit passed", uri=uri, partitions=len(days), **other)
        told |= set(days)
        yield table.name, uri
    if night.pipeline.restates and not night.part:  # a later day of a backfill may have changed these once more
        lake.told_of(told)


class AuditOperator(NightOperator):
    """Refuse gold that breaks its contract; what was published before still stands then."""

    def work(self, night: Night, context: Context) -> dict[str, Any]:
        manifests = self.lake(night).manifests()
        if broken := violations(night, manifests):
            raise AuditFailed(f"Gold of {night.run} was not published: {'; '.join(broken)}.")
        return {"rows": {gold["table"]: gold["rows"] for m in manifests for gold in m["gold"]}}


class PublishOperator(NightOperator):
    """Swap each staged table into place, one atomic object each, register it in the catalog, deliver the exports.

    The ledger says which tables were swapped: after a kill between two, each is whole, and the next run (or a retry)
    swaps them all. What an earlier try published to its end is adopted, for its staging and its claim may be gone.
    """

    def work(self, night: Night, context: Context) -> dict[str, str]:
        if earlier := self._published(ledger.of(night).entries()):
            self.log.info("An earlier try published all tables, and no work began since: that stands.")
            return earlier
        published = dict(publish(night, self.task_id))
        return published | {file: self.lake(night).deliver(file) for file in self.pipeline.exports}

    def _published(self, entries: Sequence[truth.Entry]) -> dict[str, str]:
        """What the try before this one returned; empty unless it came to its end and nothing before it began again."""
        phases = [(entry["task"], entry["phase"]) for entry in entries]
        begun = len(phases) - 1 - phases[::-1].index((self.task_id, "begin"))
        if not truth.is_published(entries[:begun]):
            return {}
        ended = next(e for e in reversed(entries) if (e["task"], e["phase"]) == (self.task_id, "end"))
        return {name: ended[name] for name in (*(table.name for table in self.pipeline.gold), *self.pipeline.exports)}
