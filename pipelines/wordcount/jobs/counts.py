"""Silver and gold of wordcount: the words of each line, and how often each word occurs."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from medallion.lake import Product
from wordcount.jobs.tokens import words

# Any character but those of Latin text and its dashes and quotes; İ is one: its lower case is two characters.
ODD = r"[^\x00-\u012f\u0131-\u017f\u2010-\u2027\u20ac]"
SILVER_SCHEMA = "source_file string, line bigint, words array<string>"


def words_of_lines(lines: DataFrame) -> DataFrame:
    """Silver: one row a line with its words in order; a line without words keeps its row."""
    # Spark 3.5 has no built-in for NFC. Latin text is composed: only lines with other characters travel to Python.
    odd = lines.select("source_file", "line", "text", F.col("text").rlike(ODD).alias("_odd"))
    in_python = F.udf(_words, "array<string>")(F.when(F.col("_odd"), F.col("text")))
    # Java's lower case of these is another in Turkish and in Lithuanian, where the machine speaks that.
    lower = F.lower(F.translate("text", "IÌÍĨ", "iìíĩ"))
    in_jvm = F.regexp_extract_all(lower, F.lit(r"\p{L}+"), F.lit(0))
    both = odd.withColumn("_words", in_python)
    in_order = F.when(F.col("_odd"), F.col("_words")).otherwise(in_jvm)
    return both.select("source_file", "line", in_order.alias("words"))


def _words(text: str | None) -> list[str] | None:
    return None if text is None else words(text)


def word_counts(lines: DataFrame) -> Product:
    """Gold: `word_counts(word, occurrences)`, most frequent first, ties by code point."""
    counts = lines.select(F.explode("words").alias("word")).groupBy("word").agg(F.count(F.lit(1)).alias("occurrences"))
    # Spark compares strings by their UTF-8 bytes, which is the order of code points.
    return Product(counts, key=["word"], order=[F.col("occurrences").desc(), F.col("word").asc()])
