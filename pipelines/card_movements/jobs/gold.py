"""Gold of card_movements: the new movements as a typed table, and all of them as one CSV file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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


def as_text(movements: DataFrame, guard: bool) -> tuple[DataFrame, int]:
    """The product's 11 columns as text, in one partition sorted by time, and the number of cells that `guard` changed.

    If every time in a column of moments is midnight, the column is written as dates.
    """
    moments = [column.name for column in FLAT.columns if column.type == "timestamp"]
    words = (
        [column.name for column in FLAT.columns if column.type == "string"] if guard else []
    )  # no other is a formula
    timed = [F.max(F.col(name) != F.date_trunc("day", name)).alias(name) for name in moments]
    [facts] = movements.agg(*timed, *risky_cells(words)).collect()
    with_time = {name: facts[name] for name in moments}
    ordered = movements.repartition(1).sortWithinPartitions(*ORDER)
    text = ordered.select(*[_text(name, with_time) for name in CSV_COLUMNS])
    return guarded(text, words), sum(facts[name] for name in words)


def risky_cells(columns: Sequence[str]) -> list[Column]:
    """The number of cells of each text column that a spreadsheet would run as a formula."""
    return [F.count(F.when(_is_risky(name), True)).alias(name) for name in columns]


def guarded(text: DataFrame, columns: Sequence[str]) -> DataFrame:
    """Text columns, of which these have an apostrophe before each such cell. Numbers are unchanged."""
    shown = {name: F.when(_is_risky(name), F.concat(F.lit("'"), name)).otherwise(F.col(name)) for name in columns}
    return text.select(*[shown[name].alias(name) if name in shown else name for name in text.columns])


def _is_risky(name: str) -> Column:
    return F.col(name).rlike(_FORMULA) & ~F.col(name).rlike(_NUMBER)


def _text(column: str, with_time: Mapping[str, bool | None]) -> Column:
    if column not in with_time:
        return F.col(column).cast("string").alias(column)
    return F.date_format(column, "yyyy-MM-dd HH:mm:ss" if with_time[column] else "yyyy-MM-dd").alias(column)
