"""The eight weeks that gold looks back on: this date's summary, and a copy of the summaries before it in one file.

`unit_days_window` of date D is a copy of the rows of `unit_days` that D looked back on, those of the WINDOW_DAYS before
it, and `product_days_window` likewise. The night after reads that file and its own summary, instead of a small file a
day. What is true are the summaries: beside the copy lies which token of each day it was made of (medallion.changeset),
and of the copy those days are read that still hold it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from medallion.changeset import Changeset
from medallion.errors import NoInputError
from medallion.lake import Lake
from mrhealth_sales.summaries import SCHEMAS

# Eight of each weekday: enough for a median, an odd week among them or not; a season ago says little about next week.
WINDOW_DAYS = 56
KEPT_DAYS = 7  # a date of the last week that is run again finds the window before it too
_MADE_OF = "_made_of.json"  # Spark passes over names that start with _


@dataclass(frozen=True)
class Window:
    """What a date looks back on: the rows of a summary, and the token of each day that they come from."""

    rows: DataFrame
    made_of: Mapping[str, str]


def window(lake: Lake, changes: Changeset, table: str) -> Window:
    """A summary from WINDOW_DAYS before this run's date on, its own among them; raises NoInputError when silver has not
    summed up this run's date."""
    first, today = str(_ago(lake, WINDOW_DAYS)), str(lake.run.business_date)
    made_of = {day: token for day, token in changes.held(table).items() if first <= day <= today}
    if today not in made_of:
        raise NoInputError(f"reading silver {table}: nothing of {today}; run the silver layer of this date first")
    copy, copied = _newest_copy(lake, table, first, made_of)
    rows = changes.read(table, [day for day in made_of if day not in copied], SCHEMAS[table])
    if copy:
        kept = lake.run.spark.read.schema(SCHEMAS[table]).parquet(copy)
        rows = rows.unionByName(kept.where(F.col("order_date").cast("string").isin(*copied)))
    return Window(rows, made_of)


def keep(lake: Lake, table: str, window: Window) -> None:
    """Write this date's window of a summary, for the dates after it, and drop those that are too old for them."""
    # Sorted, dates and units take next to nothing: they are long runs of the same.
    one_file = window.rows.repartition(1).sortWithinPartitions(*window.rows.columns)
    copies = _copies_of(table)
    lake.replace("silver", copies, one_file)
    lake.storage.write_text(f"{lake.partition('silver', copies)}/{_MADE_OF}", json.dumps(window.made_of))
    for day in lake.dates("silver", copies, _ago(lake, 2 * KEPT_DAYS), _ago(lake, KEPT_DAYS + 1)):
        lake.storage.delete(lake.partition("silver", copies, day))


def _newest_copy(lake: Lake, table: str, first: str, made_of: Mapping[str, str]) -> tuple[str, list[str]]:
    """Where the last window before this date lies, and the days of it that still hold; or nothing."""
    for day in reversed(lake.dates("silver", _copies_of(table), date.fromisoformat(first), _ago(lake, 1))):
        uri = lake.partition("silver", _copies_of(table), day)
        found: dict[str, str] = json.loads(lake.storage.read_text(f"{uri}/{_MADE_OF}") or "{}")
        if copied := [day for day, token in found.items() if made_of.get(day) == token]:
            return uri, copied
    return "", []


def _ago(lake: Lake, days: int) -> date:
    return lake.run.business_date - timedelta(days=days)


def _copies_of(table: str) -> str:
    return f"{table}_window"
