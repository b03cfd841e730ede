"""Gold of card_movements: the new movements as a typed table, and all of them as one CSV file."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from card_movements.tables import CSV_COLUMNS, FLAT, KEY
from medallion.lake import DAY, Product

ORDER = ("data_movimento", KEY)


def movimento_flat(movements: DataFrame, by_day: bool) -> Product:
    """Key movement_id, in the order of time; `by_day` where partitions of several days are staged."""
    columns = [*(column.name for column in FLAT.columns), *([DAY] if by_day else [])]
    return Product(movements.select(*columns), FLAT.key, [F.col(column).asc() for column in ORDER])


def as_text(movements: DataFrame) -> DataFrame:
    """The product's 11 columns as text, one partition in the order of time.

    A column of moments whose every time is midnight is one of days, and is written so.
    """
    moments = [column.name for column in FLAT.columns if column.type == "timestamp"]
    timed = [F.max(F.col(name) != F.date_trunc("day", name)).alias(name) for name in moments]
    [with_time] = movements.agg(*timed).collect()
    ordered = movements.repartition(1).sortWithinPartitions(*ORDER)
    return ordered.select(*[_text(name, with_time.asDict()) for name in CSV_COLUMNS])


def _text(column: str, with_time: Mapping[str, bool | None]) -> Column:
    if column not in with_time:
        return F.col(column).cast("string").alias(column)
    return F.date_format(column, "yyyy-MM-dd HH:mm:ss" if with_time[column] else "yyyy-MM-dd").alias(column)
