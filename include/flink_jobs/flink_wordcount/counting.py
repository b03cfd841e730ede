"""The Flink program: counts each word and each verdict in lines of text, in one pass over the input."""

from __future__ import annotations

from collections.abc import Iterator

from pyflink.table import DataTypes, EnvironmentSettings, TableEnvironment
from pyflink.table.udf import TableFunction, udtf

from flink_wordcount.judging import said

LINES = """
CREATE TEMPORARY TABLE stretches (
  content BYTES, file STRING NOT NULL METADATA FROM 'file.path' VIRTUAL
) WITH ('connector' = 'filesystem', 'format' = 'raw', 'path' = {path}, 'source.path.regex-pattern' = {pattern})"""
COUNTS = """
CREATE TEMPORARY TABLE counts (kind STRING, file STRING, word STRING, occurrences BIGINT)
WITH ('connector' = 'filesystem', 'format' = 'csv', 'path' = {path})"""
# Verdicts are counted by file and words over all files, in one aggregation.
COUNT = """
INSERT INTO counts SELECT kind, place, word, COUNT(*) FROM (
  SELECT kind, IF(kind = 'word', '', file) AS place, word
  FROM stretches, LATERAL TABLE(said(content)) AS verdict(kind, word)
) GROUP BY kind, place, word"""


class Said(TableFunction):  # type: ignore[misc]  # PyFlink has no types
    """`judging.said` as a Flink table function."""

    def __init__(self, encoding: str) -> None:
        self.encoding = encoding

    def eval(self, content: bytes) -> Iterator[tuple[str, str | None]]:
        """The rows of one stretch of bytes."""
        return said(content, self.encoding)


def count(texts: str, pattern: str, counts: str, encoding: str) -> None:
    """Count the files below `texts` whose path matches `pattern` (a Java regex), as CSV into `counts`; blocks until it
    is done. Raises Flink's own error when the program fails."""
    env = TableEnvironment.create(EnvironmentSettings.in_batch_mode())
    verdicts = udtf(Said(encoding), result_types=[DataTypes.STRING(), DataTypes.STRING()])
    env.create_temporary_function("said", verdicts)
    env.execute_sql(LINES.format(path=_quoted(texts), pattern=_quoted(pattern)))
    env.execute_sql(COUNTS.format(path=_quoted(counts)))
    env.execute_sql(COUNT).wait()


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
