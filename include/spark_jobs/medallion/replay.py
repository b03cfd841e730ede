"""Judge refused rows again by today's rules, from the quarantine alone: their files may be gone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from medallion.csv_text import Record, records_of
from medallion.lake import Lake
from medallion.manifest import TableCount
from medallion.quality import LINEAGE, is_accepted, quarantine, tally, together
from medallion.raw import QUARANTINE_SCHEMA, bytes_of
from nightshift_contract.model import Table


class Refused(NamedTuple):
    """The fields of a quarantined row; line 0 stands for a whole file, whose text is not stored here."""

    line: int
    reason: str
    detail: str | None
    raw: str
    raw_encoding: str
    header: str | None


def csv_again(table: Table, refused: Iterable[Refused]) -> Iterator[Record]:
    """The records that the refused rows of one CSV file give under today's rules, with their original line numbers.

    Rows without a header were refused together with it: they are the file from its header on. If that header is
    accepted now, it no longer counts as a row.
    """
    rows = sorted(refused)
    of_whole_file = [row for row in rows if row.line and row.header is None]
    content = b"\n".join(bytes_of(row.raw, row.raw_encoding) for row in of_whole_file)
    for record in records_of(table, content):
        yield replace(record, line=of_whole_file[record.line - 1].line)
    for row in rows:
        if row.reason.startswith("ambiguous_"):  # the rest of its file, which shows the notation, is gone
            yield Record(row.line, None, row.raw, row.raw_encoding, row.reason, row.detail, row.header)
        elif row.header is not None:
            yield from _under_its_header(table, row, row.header.encode("utf-8"))
        elif not row.line:
            yield Record(0, None, row.raw, row.raw_encoding, row.reason, row.detail)


def _under_its_header(table: Table, row: Refused, header: bytes) -> Iterator[Record]:
    text = header + b"\n" + bytes_of(row.raw, row.raw_encoding)
    for record in records_of(table, text):
        yield replace(record, line=row.line)


def by_file(quarantined: DataFrame, again: Callable[[str, Sequence[Refused]], Iterable[Any]], schema: str) -> DataFrame:
    """The rows, of `schema`, that `again(source_file, refused)` returns for each file of a quarantine."""
    files = quarantined.groupBy("source_file").agg(F.collect_list(F.struct(*Refused._fields)).alias("rows"))
    rows = files.rdd.flatMap(lambda row: again(row["source_file"], [Refused(*refused) for refused in row["rows"]]))
    return quarantined.sparkSession.createDataFrame(rows, schema, verifySchema=False)


class BronzeReplay:
    """Moves rows that pass now from the quarantine of a bronze table into the table. May run twice."""

    def __init__(self, lake: Lake, table: str, schema: str) -> None:
        self._lake, self._table, self._schema = lake, table, schema

    def quarantined(self) -> DataFrame | None:
        """The rows that bronze refused for this business date; None if there are none."""
        uri = self._lake.quarantine_of("bronze", self._table)
        if not self._lake.storage.exists(uri):
            return None
        return self._lake.run.spark.read.schema(QUARANTINE_SCHEMA).parquet(uri)

    def untouched(self) -> TableCount:
        """The table's counts when its quarantine is empty."""
        rows = self._rows().count()
        return TableCount(self._table, rows, rows)

    def moved(self, judged: DataFrame, columns: Sequence[str]) -> TableCount:
        """Append the accepted rows of a judged frame to the table, then keep only the others in quarantine; returns the
        table's new counts.

        In this order, a kill between the two leaves rows in both: the next run does not append them again.
        """
        left = tally(together({self._table: judged}), [self._table])[self._table]
        known = self._rows().select(*LINEAGE)
        passed = judged.where(is_accepted()).select(*columns).join(known, on=list(LINEAGE), how="left_anti")
        passed.write.mode("append").parquet(self._lake.partition("bronze", self._table))
        self._keep(quarantine(judged, "bronze"))
        rows = self._rows().count()
        return TableCount(self._table, rows + left.quarantined, rows, left.quarantined, 0, left.reasons)

    def _rows(self) -> DataFrame:
        return self._lake.read("bronze", self._table, self._schema)

    def _keep(self, still_refused: DataFrame) -> None:
        """Replace the quarantine by rows computed from it, by way of staging, as Spark reads while it writes."""
        waiting = f"{self._lake.run.staging}/replay/{self._table}"
        still_refused.write.mode("overwrite").parquet(waiting)
        spark, uri = self._lake.run.spark, self._lake.quarantine_of("bronze", self._table)
        spark.read.schema(QUARANTINE_SCHEMA).parquet(waiting).write.mode("overwrite").parquet(uri)
