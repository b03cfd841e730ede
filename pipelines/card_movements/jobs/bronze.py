"""Bronze of card_movements: the rows of the four tables as text, as the database has them."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from card_movements.jobs.window import Movements, Window, is_all_accounted_for, window
from medallion.lake import Lake

WHOLE = "whole_table_compared"  # the warning of a run that read every movement, because old ones had changed


def requested(lake: Lake, source: Movements) -> tuple[Window | None, dict[str, int]]:
    """The window of the movements that may be new or changed (None: read all), with a warning if old ones changed."""
    requested_window = window(lake) if source.is_comparable else None
    if requested_window is None or is_all_accounted_for(lake, source, requested_window):
        return requested_window, {}
    return None, {WHOLE: 1}


def arrived(lake: Lake, rows: DataFrame) -> DataFrame:
    """Rows with a number (valid for this read only) and their arrival time."""
    return rows.withColumns({"line": F.monotonically_increasing_id(), "ingested_at": F.lit(lake.run.started_at)})
