"""The row-count invariant: every row ends accepted, quarantined with a reason, or an exact duplicate.

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
from medallion.raw import SENDER

ACCEPTED, QUARANTINED, DUPLICATE = "accepted", "quarantined", "duplicate"
NOTE = "note"  # about a whole file (that it holds no rows, say); not itself a row
VERDICT = ("outcome", "reason", "detail", "warning")
LINEAGE = ("source_file", "line")
# A file's name without its endings. Of files that nothing else distinguishes the longer name is the later one's: people
# call it `pedido (1).csv` or `pedido-corrigido.csv`.
STEM = "regexp_replace(source_file, '([.][A-Za-z]+)+$', '')"
CLASH = "clashing_key"  # of two rows of one file with the same key and other content, one is lost


@dataclass(frozen=True)
class Rule:
    """A quarantine reason: the condition that a row breaks it by, and the detail to record."""

    reason: str
    broken: Column
    detail: Column


def judge(frame: DataFrame, rules: Sequence[Rule], warning: Column | None = None) -> DataFrame:
    """Give each row its verdict; the first broken rule is the reason. An accepted row may have a warning."""
    faults = [
        F.when(rule.broken, F.struct(F.lit(rule.reason).alias("reason"), rule.detail.alias("detail"))) for rule in rules
    ]
    # The fault is computed as one column first: the rules are then evaluated once a row.
    judged = frame.withColumn("_fault", F.coalesce(*faults))
    return judged.select(
        *frame.columns,
        F.when(F.col("_fault").isNull(), ACCEPTED).otherwise(QUARANTINED).alias("outcome"),
        F.col("_fault.reason").alias("reason"),
        F.col("_fault.detail").alias("detail"),
        F.when(F.col("_fault").isNull(), warning).cast("string").alias("warning"),
    )


def warn(judged: DataFrame, warning: str, when: Column) -> DataFrame:
    """Set a warning on accepted rows; an earlier warning of the row stays."""
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
    """Whether the row is accepted so far."""
    return F.col("outcome") == ACCEPTED


def last_version_wins(
    judged: DataFrame,
    key: Sequence[str],
    content: Sequence[str],
    order: Sequence[str] = LINEAGE,
) -> DataFrame:
    """Keep the last of the accepted rows with one key (by `order`, which ends in file and line; of two files by STEM).

    Earlier rows with the same content as another are duplicates; those with other content are `superseded`, or CLASH
    if only the line puts the last one after them: nobody corrects a row within one file.
    """
    # The outcome is part of the window: a row that is already quarantined neither wins nor loses. Equal rows lie beside
    # each other, so that one sort serves both questions: which row is the last, and which has a later copy.
    places = [*map(F.col, order[:-2]), F.expr(STEM).alias("stem"), *map(F.col, order[-2:])]
    place, contents = F.struct(*places), F.struct("outcome", *content)
    same_key = Window.partitionBy(*key, "outcome").orderBy(*content, *[place.desc() for place in places])
    whole = same_key.rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing)
    ranked = judged.select(
        "*",
        F.max(place).over(whole).alias("_last"),
        contents.eqNullSafe(F.lag(contents).over(same_key)).alias("_copy"),
    )
    copy = is_accepted() & F.col("_copy")
    marked = ranked.withColumn("outcome", F.when(copy, F.lit(DUPLICATE)).otherwise(F.col("outcome")))
    newer = F.concat_ws(":", F.col("_last.source_file"), F.col("_last.line").cast("string"))
    detail = F.concat(F.lit("replaced by "), newer)
    apart = [~F.col(name).eqNullSafe(F.col(f"_last.{name}")) for name in order[:-1]]
    why = F.when(reduce(Column.__or__, apart), F.lit("superseded")).otherwise(F.lit(CLASH))
    return overrule(marked, why, place != F.col("_last"), detail).drop("_last", "_copy")


def accepted(judged: DataFrame) -> DataFrame:
    """The accepted rows, for the next layer, without their verdict."""
    return judged.where(is_accepted()).drop(*VERDICT)


def quarantine(judged: DataFrame, layer: str) -> DataFrame:
    """The quarantined rows in the common quarantine schema. Needs the columns that the schema names, except `header`,
    which only rows refused within a file have."""
    header = F.col("header") if "header" in judged.columns else F.lit(None).cast("string").alias("header")
    return judged.where(F.col("outcome") == QUARANTINED).select(
        "source_file", "line", SENDER, F.lit(layer).alias("layer"), "reason", "detail", "raw", "raw_encoding", header
    )


@dataclass
class _Tally:
    """Accumulates the counts of one table."""

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
    """Count verdicts by their `table` in one Spark action; returns one count for each of `tables`, in order."""
    rows = verdicts.groupBy("table", "outcome", "reason", "warning").count().collect()
    tallies = {table: _Tally() for table in tables}
    for row in rows:
        tallies[row["table"]].add(row["outcome"], row["reason"], row["warning"], row["count"])
    return {table: tally.count(table) for table, tally in tallies.items()}
