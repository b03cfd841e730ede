"""Gold of card_movements: the new movements as a typed table, and all of them as one CSV file."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from card_movements.jobs.tables import CSV_COLUMNS, FLAT, KEY
from medallion.lake import DAY, Product

ORDER = ("data_movimento", KEY)
# First characters that a spreadsheet takes for a formula (OWASP's list, full-width forms included), and exceptions.
_FORMULA, _NUMBER = r"^[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]", r"^[+-]?[0-9]+([.,][0-9]+)*$"


def movimento_flat(movements: DataFrame, by_day: bool) -> Product:
    """Key movement_id, sorted by time; `by_day` where partitions of several days are staged."""
    columns = [*(column.name for column in FLAT.columns), *([DAY] if by_day else [])]
    return Product(movements.select(*columns), FLAT.key, [F.col(column).asc() for column in ORDER])


def as_text(movements: DataFrame) -> DataFrame:
    """The product's 11 columns as text, in one partition sorted by time.

    If every time in a column of moments is midnight, the column is written as dates.
    """
    moments = [column.name for column in FLAT.columns if column.type == "timestamp"]
    timed = [F.max(F.col(name) != F.date_trunc("day", name)).alias(name) for name in moments]
    [with_time] = movements.agg(*timed).collect()
    ordered = movements.repartition(1).sortWithinPartitions(*ORDER)
    return ordered.select(*[_text(name, with_time.asDict()) for name in CSV_COLUMNS])


def guarded(text: DataFrame) -> tuple[DataFrame, int]:
    """Text columns with an apostrophe before each cell that a spreadsheet would run as a formula, and the number of
    such cells. Numbers are unchanged."""
    risky = {name: F.col(name).rlike(_FORMULA) & ~F.col(name).rlike(_NUMBER) for name in text.columns}
    cells = [F.count(F.when(is_risky, True)).alias(name) for name, is_risky in risky.items()]
    [counts] = text.agg(*cells).collect()
    shown = [F.when(r, F.concat(F.lit("'"), name)).otherwise(F.col(name)).alias(name) for name, r in risky.items()]
    return text.select(*shown), sum(counts)


def _text(column: str, with_time: Mapping[str, bool | None]) -> Column:
    if column not in with_time:
        return F.col(column).cast("string").alias(column)
    return F.date_format(column, "yyyy-MM-dd HH:mm:ss" if with_time[column] else "yyyy-MM-dd").alias(column)
