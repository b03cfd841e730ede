"""The eight weeks that gold looks back on: this date's summary, and a copy of the summaries before it in one file.

`unit_days_window` of date D is a copy of what `unit_days` holds of D and the WINDOW_DAYS before it, and
`product_days_window` likewise. The night after reads that file and its own summary, instead of a small file a day. What
is true are the summaries: before one is written anew, the windows that may hold the old one are dropped, and where
there is no window the summaries are read themselves.
"""

from __future__ import annotations

from datetime import date, timedelta

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from medallion.lake import Lake
from mrhealth_sales.summaries import SCHEMAS

# Eight of each weekday: enough for a median, an odd week among them or not; a season ago says little about next week.
WINDOW_DAYS = 56
KEPT_DAYS = 7  # a date of the last week that is run again finds the window before it too


def window(lake: Lake, table: str) -> DataFrame:
    """The rows of a summary from WINDOW_DAYS before this run's date on, this run's own among them; raises NoInputError
    when silver has not summed up this run's date. Orders dated ahead of their drop are there, waiting for their day."""
    rows = lake.read("silver", table, SCHEMAS[table])
    first, yesterday = (lake.run.business_date - timedelta(days=n) for n in (WINDOW_DAYS, 1))
    whole = lake.written("silver", _window_of(table), first, yesterday)[-1:]
    since = date.fromisoformat(whole[0]) + timedelta(days=1) if whole else first
    uris = [lake.partition("silver", _window_of(table), day) for day in whole]
    uris += [lake.partition("silver", table, day) for day in lake.dates("silver", table, since, yesterday)]
    if uris:
        rows = rows.unionByName(lake.run.spark.read.schema(SCHEMAS[table]).parquet(*uris))
    return rows.where(F.col("order_date") >= F.lit(first))


def keep(lake: Lake, table: str, rows: DataFrame) -> None:
    """Write this date's window of a summary, for the dates after it."""
    # Sorted, dates and units take next to nothing: they are long runs of the same.
    one_file = rows.repartition(1).sortWithinPartitions(*rows.columns)
    lake.replace("silver", _window_of(table), one_file)


def forget(lake: Lake) -> None:
    """Drop the windows that this date's summaries, about to be written, make wrong, and those too old to be read."""
    first, yesterday = (str(lake.run.business_date - timedelta(days=n)) for n in (KEPT_DAYS, 1))
    for table in map(_window_of, SCHEMAS):
        for day in lake.dates("silver", table, date.min, date.max):
            if not first <= day <= yesterday:
                lake.storage.delete(lake.partition("silver", table, day))


def _window_of(table: str) -> str:
    return f"{table}_window"
