"""Reporter: collects a run's facts, writes its record, notifies the SNS topic, closes the ledger.

The report task uses it for its run, and the reaper for dead runs.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from nightshift.aws import clients, topic
from nightshift.compute import remembered, targets
from nightshift.compute.target import ComputeTarget, ListsNodes, Place, PlaceState, SharesPlaces, SubmittedJob
from nightshift.config import Settings
from nightshift.failures.cards import Card
from nightshift.lake.storage import LakeHook
from nightshift.report import message, night_index, night_page, outcome_rules, products, record
from nightshift.report.outcome_rules import RunFacts
from nightshift.run import links
from nightshift.run.run_context import RunContext
from nightshift.state.ledger import Entry, Ledger, is_open

LOG = logging.getLogger(__name__)
Record = dict[str, Any]


class Reporter:
    """The reporter of one run. A second report replaces the record."""

    def __init__(self, settings: Settings, night: RunContext) -> None:
        self._settings, self._night = settings, night
        self._s3 = clients.client(settings, "s3")
        self._ledger, self._lake = Ledger(self._s3, night), LakeHook(self._s3, night)

    def report(
        self,
        states: Mapping[str, str | None],
        *,
        reported_by: str,
        topic_arn: str | None = None,
        cleanup_failure: Card | None = None,
    ) -> Record:
        """Build the record from the task `states`, write it and its page, notify the topic and close the ledger;
        returns the record.

        The record is written before SNS is called, so that the link in the message works. An SNS error does not change
        the outcome. Raises botocore's errors if EMR or S3 cannot be read; then the ledger stays open.
        """
        report = record.build(self._night, self._facts(states), reported_by, cleanup_failure)
        page = self._page(report)
        self._keep(report)
        report["notified"] = self._notify(report, topic_arn, page)
        if report["notified"]:
            self._keep(report)
        night_index.keep(self._settings, report, self._night.pipeline.product, products.all_of_them())
        self._ledger.close(report["outcome"], reported_by)
        LOG.info("%s", message.body(report, links.record(self._night)))
        return report

    def closed_record(self) -> Record | None:
        """The record, if the ledger is closed; None while the run is open or was never reported."""
        entries = self._ledger.entries()
        if is_open(entries) or not any(entry["phase"] == "closed" for entry in entries):
            return None
        return self._lake.record()

    def _facts(self, states: Mapping[str, str | None]) -> RunFacts:
        target, entries = targets.of(self._night), self._ledger.entries()
        places, now = target.places(self._night) or remembered.places(entries), datetime.now(UTC)
        return RunFacts(
            entries=entries,
            states=states,
            places=places,
            jobs=self._jobs(target, places[-1], entries) if places else (),
            nodes=target.nodes(places, now) if isinstance(target, ListsNodes) else (),
            seconds=target.seconds(places, now) if isinstance(target, SharesPlaces) else {},
            manifests=self._manifests([self._night.on(date.fromisoformat(day)) for day in outcome_rules.days(entries)]),
        )

    def _jobs(self, target: ComputeTarget, place: Place, entries: Sequence[Entry]) -> Sequence[SubmittedJob]:
        forgotten = not target.remembers and place.state == PlaceState.GONE
        return remembered.jobs(entries, place.id) if forgotten else target.jobs(place.id)

    def _manifests(self, backfilled: Sequence[RunContext]) -> list[dict[str, Any]]:
        """The layers' manifests: of the night, or of each day of a backfill."""
        lakes = [LakeHook(self._s3, one_day) for one_day in backfilled] or [self._lake]
        return [manifest for lake in lakes for manifest in lake.manifests()]

    def _keep(self, run_record: Record) -> None:
        kept = self._lake.write_record(run_record)
        if kept != links.record_uri(self._night):
            LOG.warning("There is no lake yet; the record is %s.", f"in {kept}" if kept else "in this log only")

    def _page(self, run_record: Record) -> str:
        """Write the run's page; returns its address for people, '' if that failed: a page that cannot be made is a
        warning and fails no night."""
        try:
            kept = night_page.keep(self._s3, self._night, run_record)
            return night_page.link(self._s3, self._night) or kept
        except self._s3.exceptions.NoSuchBucket:
            LOG.info("There is no lake yet, so the run has no page there.")
            return ""
        except Exception as error:
            LOG.exception("The page of the night could not be made")
            run_record["warnings"].append(f"The page could not be made: {type(error).__name__}: {str(error)[:200]}")
            return ""

    def _notify(self, run_record: Record, topic_arn: str | None, page: str) -> bool:
        uri = links.record(self._night)
        try:
            subject, body = message.subject(self._settings.name, run_record), message.body(run_record, uri, page)
            topic.publish(self._settings, subject, body, topic_arn)
        except (BotoCoreError, ClientError) as refused:
            LOG.exception("The notification failed: SNS refused it. The record is at %s", uri)
            self._ledger.note(run_record["told_by"], "not notified", f"SNS refused: {refused}")
            return False
        return True
