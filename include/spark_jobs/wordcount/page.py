"""The figures of wordcount's page: the commonest words, how long words are, and how frequency falls with rank."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from medallion import page
from medallion.lake import Lake
from medallion.manifest import GoldTable

MOST_WORDS = 150  # enough for thirty that are no stop words
LONGEST = 25  # letters; longer words are counted with it
RANKS = tuple(sorted({round(10 ** (step / 8)) for step in range(8 * 8)}))
Row = Mapping[str, Any]


def write(lake: Lake, staged: Sequence[GoldTable]) -> None:
    """Write page.json from the staged counts."""
    [table] = staged
    page.write(lake, staged, lambda: _frames(page.own_rows(lake, table)), figures)


def _frames(counts: DataFrame) -> dict[str, DataFrame]:
    by_rank = Window.orderBy(F.col("occurrences").desc(), F.col("word").asc())
    ranked = counts.withColumn("rank", F.row_number().over(by_rank))
    length = F.least(F.length("word"), F.lit(LONGEST)).alias("length")
    lengths = counts.groupBy(length).agg(_count("words"), F.sum("occurrences").alias("occurrences"), _once("once"))
    return {
        "ranked": ranked.where((F.col("rank") <= MOST_WORDS) | F.col("rank").isin(*RANKS)),
        "lengths": lengths,
    }


def _count(name: str) -> Column:
    return F.count(F.lit(1)).alias(name)


def _once(name: str) -> Column:
    return F.sum((F.col("occurrences") == 1).cast("bigint")).alias(name)


def figures(rows: Mapping[str, list[Row]]) -> dict[str, Any]:
    """All figures of the page, from the ranked words and the counts by length."""
    ranked = sorted(rows["ranked"], key=lambda row: row["rank"])
    lengths = sorted(rows["lengths"], key=lambda row: row["length"])
    words, distinct = (sum(row[key] for row in lengths) for key in ("occurrences", "words"))
    letters = sum(row["length"] * row["occurrences"] for row in lengths)
    return {
        "words": words,
        "distinct": distinct,
        "once": sum(row["once"] for row in lengths),
        "mean_length": round(letters / words, 2) if words else None,
        "top": [
            [row["word"][: page.LONGEST_CELL], row["occurrences"], round(row["occurrences"] / words, 5)]
            for row in ranked
            if row["rank"] <= MOST_WORDS
        ],
        "ranks": [[row["rank"], row["occurrences"]] for row in ranked if row["rank"] in RANKS],
        "lengths": [[row["length"], row["words"], row["occurrences"]] for row in lengths],
        "longest": LONGEST,
    }
