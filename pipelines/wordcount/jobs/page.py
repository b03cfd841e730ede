"""What wordcount's page is made of, out of the staged counts: the words by rank, and sums by length."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from medallion import page
from medallion.lake import Lake
from medallion.manifest import GoldTable
from wordcount.jobs.figures import LONGEST, MOST_WORDS, RANKS, figures


def write(lake: Lake, staged: Sequence[GoldTable]) -> None:
    """Write page.json from the staged counts."""
    [table] = staged
    page.write(lake, staged, lambda: _frames(page.own_rows(lake, table)), figures)


def _frames(counts: DataFrame) -> dict[str, DataFrame]:
    by_rank = Window.orderBy(F.col("occurrences").desc(), F.col("word").asc())
    ranked = counts.withColumn("rank", F.row_number().over(by_rank))
    length = F.least(F.length("word"), F.lit(LONGEST)).alias("length")
    letters = F.sum(F.length("word") * F.col("occurrences")).alias("letters")
    sums = (F.sum("occurrences").alias("occurrences"), _once("once"), letters)
    lengths = counts.groupBy(length).agg(_count("words"), *sums)
    return {
        "ranked": ranked.where((F.col("rank") <= MOST_WORDS) | F.col("rank").isin(*RANKS)),
        "lengths": lengths,
    }


def _count(name: str) -> Column:
    return F.count(F.lit(1)).alias(name)


def _once(name: str) -> Column:
    return F.sum((F.col("occurrences") == 1).cast("bigint")).alias(name)
