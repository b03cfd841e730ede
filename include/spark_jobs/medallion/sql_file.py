"""Runs a file of SQL statements in the step's Spark; the rows of a query at its end are written as Parquet."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pyspark.errors import AnalysisException, ParseException
from pyspark.sql import SparkSession

from medallion.errors import ScriptFailed

PIECE = re.compile(
    r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|`[^`]*`|(?P<comment>--[^\n]*|/\*.*?\*/)|(?P<end>;)|[^;'\"`/-]+|.",
    re.DOTALL,
)
QUERY = re.compile(r"(?:--[^\n]*\n|/\*.*?\*/|\s|\()*(?:SELECT|WITH|VALUES|TABLE|FROM)\b", re.DOTALL | re.IGNORECASE)
LONGEST = 60  # characters of a statement in an error


def run(spark: SparkSession, name: str, text: str, output: str) -> None:
    """Run the statements in order. If the last one is a query, its rows go to the folder `output`. Raises ScriptFailed
    naming the statement that Spark refuses; an error of one that was running has the statement as a note."""
    every = list(statements(text))
    for number, statement in enumerate(every, start=1):
        shown = " ".join(statement.split())[:LONGEST]
        try:
            rows = spark.sql(statement)
            if number == len(every) and QUERY.match(statement) and rows.columns:
                rows.write.mode("overwrite").parquet(output)
        except (AnalysisException, ParseException) as refused:
            why = next((line for line in str(refused).splitlines() if line.strip()), "")
            raise ScriptFailed(f"running {name}, statement {number} ({shown}): {why}") from refused
        except Exception as failed:
            failed.add_note(f"running {name}, statement {number} ({shown})")
            raise


def statements(text: str) -> Iterator[str]:
    """The statements that semicolons separate, but for those in quotes and comments; comments alone are none."""
    pieces: list[str] = []
    has_words = False
    for piece in PIECE.finditer(text):
        if piece["end"]:
            if has_words:
                yield "".join(pieces).strip()
            pieces, has_words = [], False
            continue
        pieces.append(piece[0])
        has_words = has_words or not (piece["comment"] or piece[0].isspace())
    if has_words:
        yield "".join(pieces).strip()
