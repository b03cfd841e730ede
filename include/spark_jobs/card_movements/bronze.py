"""Bronze of card_movements: the rows of the four tables as the database has them, as text."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from card_movements.tables import MOVEMENTS
from card_movements.window import Window, condition, is_all_accounted_for, until, window
from medallion.jdbc import Database, Found
from medallion.lake import Lake

WHOLE = "whole_table_compared"  # the warning of a night that asked for every movement, since the old ones had changed


def movements(lake: Lake, database: Database, tables: Mapping[str, Found]) -> tuple[DataFrame, dict[str, int]]:
    """The movements that may be new, and perhaps the warning that they are all there are."""
    found, last = tables[MOVEMENTS.name], lake.run.business_date
    asked, warnings = _asked(lake, database, found)
    rows = database.read(found, condition(database, found, asked, last))
    return until(rows, last), warnings


def _asked(lake: Lake, database: Database, found: Found) -> tuple[Window | None, dict[str, int]]:
    asked = window(lake)
    if asked is None or is_all_accounted_for(lake, database, found, asked):
        return asked, {}
    return None, {WHOLE: 1}


def arrived(lake: Lake, rows: DataFrame) -> DataFrame:
    """Rows with their number (of this reading, no more) and the time at which they came."""
    return rows.withColumns({"line": F.monotonically_increasing_id(), "ingested_at": F.lit(lake.run.started_at)})
