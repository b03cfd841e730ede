"""The conservation law: every row ends accepted, quarantined with a reason, or an exact duplicate.

A *judged* frame carries a verdict beside its own columns: `outcome`, `reason` and `detail` (of a quarantined row),
`warning` (of an accepted one). Judged frames are what the layers split, count and write.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from medallion.manifest import TableCount

ACCEPTED, QUARANTINED, DUPLICATE = "accepted", "quarantined", "duplicate"
NOTE = "note"  # says something of a whole file (it was empty of rows, say) and is not itself a row
VERDICT = ("outcome", "reason", "detail", "warning")
LINEAGE = ("source_file", "line")


@dataclass(frozen=True)
class Rule:
    """A reason to quarantine: when it holds for a row, and what to tell of that row."""

    reason: str
    broken: Column
    detail: Column


def judge(frame: DataFrame, rules: Sequence[Rule], warning: Column | None = None) -> DataFrame:
    """Give each row its verdict; the first broken rule is the reason, and an accepted row may have a warning."""
    told = [
        F.when(rule.broken, F.struct(F.lit(rule.reason).alias("reason"), rule.detail.alias("detail"))) for rule in rules
    ]
    # The fault is a column of its own before it is taken apart: the rules are then evaluated once a row.
    judged = frame.withColumn("_fault", F.coalesce(*told))
    return judged.select(
        *frame.columns,
        F.when(F.col("_fault").isNull(), ACCEPTED).otherwise(QUARANTINED).alias("outcome"),
        F.col("_fault.reason").alias("reason"),
        F.col("_fault.detail").alias("detail"),
        F.when(F.col("_fault").isNull(), warning).cast("string").alias("warning"),
    )


def warn(judged: DataFrame, warning: str, when: Column) -> DataFrame:
    """Mark accepted rows that are worth a look; an earlier warning of the row stays."""
    mark = F.when(is_accepted() & when & F.col("warning").isNull(), F.lit(warning))
    return judged.withColumn("warning", F.coalesce("warning", mark))


def overrule(judged: DataFrame, reason: str | Column, when: Column, detail: Column) -> DataFrame:
    """Quarantine rows that were accepted so far."""
    struck = is_accepted() & F.coalesce(when, F.lit(False))
    return judged.withColumns(
        {
            "reason": F.when(struck, F.lit(reason)).otherwise(F.col("reason")),
            "detail": F.when(struck, detail).otherwise(F.col("detail")),
            "warning": F.when(struck, F.lit(None)).otherwise(F.col("warning")),
            "outcome": F.when(struck, F.lit(QUARANTINED)).otherwise(F.col("outcome")),
        }
    )


def is_accepted() -> Column:
    """Whether the row stands so far."""
    return F.col("outcome") == ACCEPTED


def last_version_wins(
    judged: DataFrame,
    key: Sequence[str],
    content: Sequence[str],
    order: Sequence[str] = LINEAGE,
    clash: str = "superseded",
) -> DataFrame:
    """Of the accepted rows with one key keep the last (by `order`, which ends in file and line).

    Earlier rows with the same content as another are duplicates, those with other content are `superseded`, or what
    `clash` calls it if the last one stands in the same file: nobody corrects a row within one file.
    """
    # The outcome is part of the window: a row that is quarantined already neither wins nor loses.
    same_key = Window.partitionBy("outcome", *key)
    last_copy_first = Window.partitionBy("outcome", *key, *content).orderBy(*[F.col(c).desc() for c in order])
    place = F.struct(*order)
    ranked = judged.select(
        "*",
        F.max(place).over(same_key).alias("_last"),
        F.row_number().over(last_copy_first).alias("_copy"),
    )
    copy = is_accepted() & (F.col("_copy") > 1)
    marked = ranked.withColumn("outcome", F.when(copy, F.lit(DUPLICATE)).otherwise(F.col("outcome")))
    newer = F.concat_ws(":", F.col("_last.source_file"), F.col("_last.line").cast("string"))
    told = F.concat(F.lit("replaced by "), newer)
    why = F.when(F.col("source_file") == F.col("_last.source_file"), F.lit(clash)).otherwise(F.lit("superseded"))
    return overrule(marked, why, place != F.col("_last"), told).drop("_last", "_copy")


def accepted(judged: DataFrame) -> DataFrame:
    """The rows that go on to the next layer, without their verdict."""
    return judged.where(is_accepted()).drop(*VERDICT)


def quarantine(judged: DataFrame, layer: str) -> DataFrame:
    """The quarantined rows in the one shape that every quarantine has; needs the columns it names, but `header`, which
    only rows have that were refused within a file."""
    header = F.col("header") if "header" in judged.columns else F.lit(None).cast("string").alias("header")
    return judged.where(F.col("outcome") == QUARANTINED).select(
        "source_file", "line", "unit_id", F.lit(layer).alias("layer"), "reason", "detail", "raw", "raw_encoding", header
    )


@dataclass
class _Tally:
    """The counts of one table while they are added up."""

    outcomes: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)
    warnings: dict[str, int] = field(default_factory=dict)

    def add(self, outcome: str, reason: str | None, warning: str | None, rows: int) -> None:
        self.outcomes[outcome] = self.outcomes.get(outcome, 0) + rows
        if outcome == QUARANTINED and reason:
            self.reasons[reason] = self.reasons.get(reason, 0) + rows
        if warning:
            self.warnings[warning] = self.warnings.get(warning, 0) + rows

    def count(self, table: str) -> TableCount:
        kept, refused, copies = (self.outcomes.get(o, 0) for o in (ACCEPTED, QUARANTINED, DUPLICATE))
        reasons, warnings = dict(sorted(self.reasons.items())), dict(sorted(self.warnings.items()))
        return TableCount(table, kept + refused + copies, kept, refused, copies, reasons, warnings)


def together(judged: Mapping[str, DataFrame]) -> DataFrame:
    """The verdicts of several tables in one frame, each with its `table`."""
    parts = [frame.select(F.lit(table).alias("table"), *VERDICT) for table, frame in judged.items()]
    return reduce(DataFrame.unionAll, parts)


def tally(verdicts: DataFrame, tables: Iterable[str]) -> dict[str, TableCount]:
    """Count verdicts that carry their `table`, in one Spark action; one count for each of `tables`, in order."""
    rows = verdicts.groupBy("table", "outcome", "reason", "warning").count().collect()
    tallies = {table: _Tally() for table in tables}
    for row in rows:
        tallies[row["table"]].add(row["outcome"], row["reason"], row["warning"], row["count"])
    return {table: tally.count(table) for table, tally in tallies.items()}
