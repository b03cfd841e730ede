"""Check the input against its contract before the cluster exists, so that drift costs no cluster."""

from __future__ import annotations

from typing import Any

from airflow.sdk import Context

from nightshift.aws import clients
from nightshift.contracts import drift
from nightshift.contracts.drift import Drift
from nightshift.failures import shown
from nightshift.failures.english import counted
from nightshift.failures.errors import (
    EncodingRefused,
    NothingToReplay,
    NothingUsable,
    OtherSource,
    SchemaDrifted,
    SourceUnseen,
)
from nightshift.inputs.database_schema import DatabaseSchemaHook
from nightshift.inputs.deliveries import DeliveriesHook
from nightshift.inputs.text_encoding import share
from nightshift.operators.base import NightOperator
from nightshift.run.run_context import RunContext

MOST_SHOWN = 20
FEW_SHOWN = 5


class CheckInputsOperator(NightOperator):
    """Report the columns that drifted from their source's contract. Raises SchemaDrifted if the contract refuses one.

    The XCom is {"drifted": number of files and tables} and, if there are any, the `warning` for the record. If the
    database could not be read from here, `unseen` says why; the job checks it again.
    """

    def work(self, night: RunContext, context: Context) -> dict[str, Any]:
        if night.replay:
            self._check_quarantine(night)
            return {"drifted": 0}
        self._check_kinds(night)
        misread = self._check_encoding(night)
        drifts, unseen = self._drifts(night)
        sentences = drift.report(drifts)
        for line in sentences:
            self.log.warning("%s", shown.line(line))
        words = f"The input drifted from its contract: {'; '.join(sentences[:MOST_SHOWN])}."
        if any(d.rule == "refuse" for drifted in drifts.values() for d in drifted):
            raise SchemaDrifted(words, self.pipeline.contract_file)
        warning = " ".join([*([words] if sentences else []), *([misread] if misread else [])])
        return {
            "drifted": len(drifts),
            **({"warning": warning} if warning else {}),
            **({"unseen": unseen} if unseen else {}),
        }

    def _check_quarantine(self, night: RunContext) -> None:
        """Raise NothingToReplay if bronze never read the run's business date. One whose rows a replay has accepted may
        be replayed again: its silver and gold may have failed."""
        if not self.lake(night).has_bronze():
            raise NothingToReplay(f"The lake has no row of {night.business_date} in bronze or its quarantine.")

    def _check_kinds(self, night: RunContext) -> None:
        """Raise NothingUsable if files were delivered and none of them is of the pipeline."""
        if not self.pipeline.reads_files:
            return
        deliveries = DeliveriesHook(clients.client(self.settings, "s3"), night)
        unusable = deliveries.unusable()
        if not unusable:
            return
        sources = ", ".join(source.name for source in self.pipeline.sources)
        expected = f"has the columns of any of {sources}" if sources else "is text"
        came = counted(len(unusable), "file")
        listed = ", ".join(map(shown.line, unusable[:FEW_SHOWN])) + (", …" if len(unusable) > FEW_SHOWN else "")
        words = f"{came} came for {night.business_date}, and none {expected}: {listed}."
        if almost := deliveries.almost():
            file, source, columns = almost
            words += f" {shown.line(file)} is like {source}, but lacks {shown.line(', '.join(columns))}."
        raise NothingUsable(words)

    def _check_encoding(self, night: RunContext) -> str:
        """Which files the run's encoding cannot read, as a warning; '' if it reads all of them. Raises EncodingRefused
        if so many lines would be quarantined that the run would fail after it was paid for."""
        misread, clean = DeliveriesHook(clients.client(self.settings, "s3"), night).misread()
        if not misread:
            return ""
        misread.sort(key=lambda beginning: beginning.doubtful)
        words = f"Input that is not in {night.encoding}: {'; '.join(map(str, misread[:MOST_SHOWN]))}."
        if share(misread, clean) > self.settings.max_quarantine_share:
            raise EncodingRefused(words, misread[0].fits)
        if misread[0].doubtful:
            words += f" The words would be others than written: with encoding {misread[0].fits} the text is read so."
        self.log.warning("%s", shown.line(words))
        return words

    def _check_source(self, night: RunContext, schema: DatabaseSchemaHook) -> None:
        """Raise OtherSource if the lake has rows of another database, to which this night would add."""
        if self.pipeline.accepts_new_owner(night.options):
            return
        owner, own = self.lake(night).source(), schema.identity()
        if owner and owner != own:
            raise OtherSource(f"The lake has rows of another database, {owner}; this run reads {own}.")

    def _drifts(self, night: RunContext) -> tuple[dict[str, list[Drift]], str]:
        """The drifts of files and tables, and why the tables could not be read ('' if they were)."""
        drifts = {}
        if self.pipeline.reads_files:
            drifts = DeliveriesHook(clients.client(self.settings, "s3"), night).drifts()
        if not night.source_secret:
            return drifts, ""
        schema = DatabaseSchemaHook(clients.client(self.settings, "secretsmanager"), night)
        try:
            self._check_source(night, schema)
            return drifts | schema.drifts(), ""
        except SourceUnseen as unseen:
            self.log.info("The database's columns are checked by the step only: %s.", unseen.args[0])
            return drifts, str(unseen.args[0])
