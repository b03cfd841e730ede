"""Silver and gold of wordcount: the words of each line, and how often each word occurs."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from medallion.lake import Product
from wordcount.jobs.tokens import words

SILVER_SCHEMA = "source_file string, line bigint, words array<string>"


def words_of_lines(lines: DataFrame) -> DataFrame:
    """Silver: one row a line with its words in order; a line without words keeps its row."""
    # Spark 3.5 has no built-in for NFC or Unicode's letter category.
    in_order = F.udf(words, "array<string>")
    return lines.select("source_file", "line", in_order(F.col("text")).alias("words"))


def word_counts(lines: DataFrame) -> Product:
    """Gold: `word_counts(word, occurrences)`, most frequent first, ties by code point."""
    counts = lines.select(F.explode("words").alias("word")).groupBy("word").agg(F.count(F.lit(1)).alias("occurrences"))
    # Spark compares strings by their UTF-8 bytes, which is the order of code points.
    return Product(counts, key=["word"], order=[F.col("occurrences").desc(), F.col("word").asc()])
