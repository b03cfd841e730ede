"""The eight weeks that gold looks back on: this date's summary, and a copy of the summaries before it in one file.

`unit_days_window` of date D is a copy of the rows of `unit_days` that D looked back on, those of the WINDOW_DAYS before
it, and `product_days_window` likewise. The night after reads that file and its own summary, instead of a small file a
day. What is true are the summaries: beside the copy lies which files of each date it was made of, and it is read only
while they are all there. Spark names each file anew, so a date that was written again, by whomever and whenever, is
seen.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from medallion.lake import Lake
from mrhealth_sales.summaries import SCHEMAS

# Eight of each weekday: enough for a median, an odd week among them or not; a season ago says little about next week.
WINDOW_DAYS = 56
KEPT_DAYS = 7  # a date of the last week that is run again finds the window before it too
_MADE_OF = "_made_of.json"  # Spark passes over names that start with _


@dataclass(frozen=True)
class Window:
    """What a date looks back on: the rows of a summary, and a word for the files of each date that they come from."""

    rows: DataFrame
    made_of: Mapping[str, str]


def window(lake: Lake, table: str) -> Window:
    """A summary from WINDOW_DAYS before this run's date on, its own among them; raises NoInputError when silver has
    not summed up this run's date. Orders dated ahead of their drop are there, waiting for their day."""
    own = lake.read("silver", table, SCHEMAS[table])
    first, today = _ago(lake, WINDOW_DAYS), lake.run.business_date
    files = lake.files("silver", table, lake.dates("silver", table, first, today))
    made_of = {day: _word(names) for day, names in files.items()}
    copy, copied = _newest_copy(lake, table, first, made_of)
    uris = [*copy, *(name for day, names in files.items() if day not in copied for name in names)]
    rows = lake.run.spark.read.schema(SCHEMAS[table]).parquet(*uris) if uris else own
    return Window(rows.where(F.col("order_date") >= F.lit(first)), made_of)


def keep(lake: Lake, table: str, window: Window) -> None:
    """Write this date's window of a summary, for the dates after it, and drop those that are too old for them."""
    # Sorted, dates and units take next to nothing: they are long runs of the same.
    one_file = window.rows.repartition(1).sortWithinPartitions(*window.rows.columns)
    copies = _copies_of(table)
    lake.replace("silver", copies, one_file)
    lake.storage.write_text(f"{lake.partition('silver', copies)}/{_MADE_OF}", json.dumps(window.made_of))
    for day in lake.dates("silver", copies, _ago(lake, 2 * KEPT_DAYS), _ago(lake, KEPT_DAYS + 1)):
        lake.storage.delete(lake.partition("silver", copies, day))


def _newest_copy(
    lake: Lake, table: str, first: date, made_of: Mapping[str, str]
) -> tuple[list[str], Mapping[str, str]]:
    """Where the last window before this date lies that is still true, and what of it is from `first` on; or nothing."""
    for day in reversed(lake.dates("silver", _copies_of(table), first, _ago(lake, 1))):
        uri = lake.partition("silver", _copies_of(table), day)
        found: dict[str, str] = json.loads(lake.storage.read_text(f"{uri}/{_MADE_OF}") or "{}")
        copied = {of: word for of, word in found.items() if of >= str(first)}
        if copied and copied.items() <= made_of.items():
            return [uri], copied
    return [], {}


def _ago(lake: Lake, days: int) -> date:
    return lake.run.business_date - timedelta(days=days)


def _word(files: list[str]) -> str:
    return hashlib.sha256("\n".join(files).encode()).hexdigest()[:12]


def _copies_of(table: str) -> str:
    return f"{table}_window"
