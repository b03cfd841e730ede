"""Check the input against its contract before the cluster exists, so that drift costs no cluster."""

from __future__ import annotations

from typing import Any

from airflow.sdk import Context

from nightshift.aws import clients
from nightshift.contracts import drift
from nightshift.contracts.drift import Drift
from nightshift.failures import shown
from nightshift.failures.errors import EncodingRefused, OtherSource, SchemaDrifted, SourceUnseen
from nightshift.inputs.database_schema import RelationsHook
from nightshift.inputs.deliveries import DeliveriesHook
from nightshift.inputs.text_encoding import share
from nightshift.operators.base import NightOperator
from nightshift.run.run_context import RunContext

MOST_TOLD = 20


class CheckInputsOperator(NightOperator):
    """Report the columns that drifted from their source's contract. Raises SchemaDrifted if the contract refuses one.

    The XCom is {"drifted": number of files and tables} and, if there are any, the `warning` for the record. If the
    database could not be read from here, `unseen` says why; the job checks it again.
    """

    def work(self, night: RunContext, context: Context) -> dict[str, Any]:
        if night.replay:
            return {"drifted": 0}
        misread = self._check_encoding(night)
        found, unseen = self._found(night)
        told = drift.report(found)
        for line in told:
            self.log.warning("%s", shown.line(line))
        words = f"The input drifted from its contract: {'; '.join(told[:MOST_TOLD])}."
        if any(d.rule == "refuse" for drifted in found.values() for d in drifted):
            raise SchemaDrifted(words)
        warning = " ".join([*([words] if told else []), *([misread] if misread else [])])
        return {
            "drifted": len(found),
            **({"warning": warning} if warning else {}),
            **({"unseen": unseen} if unseen else {}),
        }

    def _check_encoding(self, night: RunContext) -> str:
        """Which files the run's encoding cannot read, as a warning; '' if it reads all of them. Raises EncodingRefused
        if so many lines would be quarantined that the run would fail after it was paid for."""
        misread, clean = DeliveriesHook(clients.client(self.settings, "s3"), night).misread()
        if not misread:
            return ""
        words = f"{len(misread)} files are not in {night.encoding}: {'; '.join(map(str, misread[:MOST_TOLD]))}."
        if share(misread, clean) > self.settings.max_quarantine_share:
            raise EncodingRefused(words, misread[0].fits)
        self.log.warning("%s", shown.line(words))
        return words

    def _check_source(self, night: RunContext, relations: RelationsHook) -> None:
        """Raise OtherSource if the lake has rows of another database, to which this night would add."""
        if not self.pipeline.incremental or night.options.get("source_moved") == "true":
            return
        owner, own = self.lake(night).source(), relations.identity()
        if owner and owner != own:
            raise OtherSource(f"The lake holds movements of another database: {owner}, and this night reads {own}.")

    def _found(self, night: RunContext) -> tuple[dict[str, list[Drift]], str]:
        """The drifts of files and tables, and why the tables could not be read ('' if they were)."""
        found = {}
        if self.pipeline.reads_files:
            found = DeliveriesHook(clients.client(self.settings, "s3"), night).drifts()
        if not night.source_secret:
            return found, ""
        relations = RelationsHook(clients.client(self.settings, "secretsmanager"), night)
        try:
            self._check_source(night, relations)
            return found | relations.drifts(), ""
        except SourceUnseen as unseen:
            self.log.info("The database's columns are looked at by the step alone: %s.", unseen.args[0])
            return found, str(unseen.args[0])
