"""The rolling window of gold, eight weeks: this date's summary, and a copy of the earlier summaries in one file.

`unit_days_window` of date D copies the rows of `unit_days` that D read, those of the WINDOW_DAYS before it;
`product_days_window` likewise. The next run reads that file and its own summary, instead of one small file a day. The
summaries are authoritative: a file beside the copy records the token of each copied day (medallion.changeset), and only
those days of the copy are read whose token is still valid.
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
from mrhealth_sales.jobs.summaries import SCHEMAS

# Eight of each weekday: enough for a median with an odd week among them; older seasons say little about next week.
WINDOW_DAYS = 56
KEPT_DAYS = 7  # copies kept, so that re-running a date of the last week finds the window before it
_MADE_OF = "_made_of.json"  # Spark ignores names that start with _


@dataclass(frozen=True)
class Window:
    """The window of a date: the rows of a summary, and the token of each day that they come from."""

    rows: DataFrame
    made_of: Mapping[str, str]


def window(lake: Lake, changes: Changeset, table: str) -> Window:
    """A summary from WINDOW_DAYS before this run's date on, its own day included; raises NoInputError when silver has
    not written this date's summary."""
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
    """Write this date's window of a summary, for later dates, and delete the expired ones."""
    # Sorted, dates and units compress to almost nothing: they are long runs of equal values.
    one_file = window.rows.repartition(1).sortWithinPartitions(*window.rows.columns)
    copies = _copies_of(table)
    # By gzip, since every night of eight weeks reads this file and amounts are mostly zero bytes.
    lake.replace("silver", copies, one_file, compression="gzip")
    lake.storage.write_text(f"{lake.partition('silver', copies)}/{_MADE_OF}", json.dumps(window.made_of))
    for day in lake.dates("silver", copies, _ago(lake, 2 * KEPT_DAYS), _ago(lake, KEPT_DAYS + 1)):
        lake.storage.delete(lake.partition("silver", copies, day))


def _newest_copy(lake: Lake, table: str, first: str, made_of: Mapping[str, str]) -> tuple[str, list[str]]:
    """The URI of the last window before this date, and its days that are still valid; empty if there is none."""
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
