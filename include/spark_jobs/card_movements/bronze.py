"""Bronze of card_movements: the rows of the four tables as the database has them, as text."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from card_movements.window import Movements, Window, is_all_accounted_for, window
from medallion.lake import Lake

WHOLE = "whole_table_compared"  # the warning of a night that asked for every movement, since the old ones had changed


def asked(lake: Lake, source: Movements) -> tuple[Window | None, dict[str, int]]:
    """The window of the movements that may be new or changed (None: every one), and perhaps a warning of that."""
    found = window(lake) if source.tells else None
    if found is None or is_all_accounted_for(lake, source, found):
        return found, {}
    return None, {WHOLE: 1}


def arrived(lake: Lake, rows: DataFrame) -> DataFrame:
    """Rows with their number (of this reading, no more) and the time at which they came."""
    return rows.withColumns({"line": F.monotonically_increasing_id(), "ingested_at": F.lit(lake.run.started_at)})
