"""Read head office's tables from its database into bronze, in the same shape as from its files."""

from __future__ import annotations

from functools import partial

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from medallion.arrivals import bronze_columns, bronze_schema
from medallion.jdbc import Database
from medallion.lake import Lake
from medallion.manifest import TableCount
from medallion.parallel import all_of
from medallion.secret import address
from mrhealth_sales.jobs.tables import OF_OFFICE
from nightshift_contract.model import Table


def read(lake: Lake) -> dict[str, TableCount]:
    """Read the four tables into bronze; returns the count of each. Raises SourceError."""
    database = Database(lake.run.spark, address(lake.run.source_secret), lake.run.timezone)
    found = database.tables(OF_OFFICE)
    all_of(
        partial(lake.replace, "bronze", table.name, _arrived(lake, table, database.read(found[table.name])))
        for table in OF_OFFICE
    )
    return {table.name: _counted(lake, table) for table in OF_OFFICE}


def _counted(lake: Lake, table: Table) -> TableCount:
    """The count of a table. A database refuses no row; the quarantine of an earlier run from files is cleared."""
    rows = lake.read("bronze", table.name, bronze_schema(table))
    count = TableCount(table.name, n := rows.count(), n)
    lake.replace_quarantine("bronze", rows, count)
    return count


def _arrived(lake: Lake, table: Table, rows: DataFrame) -> DataFrame:
    """Rows with a number (valid for this read only), their arrival time, and their text."""
    own = [F.coalesce(F.col(name), F.lit("")) for name in table.source_names]
    added = {
        "line": F.monotonically_increasing_id(),
        "unit_id": F.lit(None).cast("int"),
        "ingested_at": F.lit(lake.run.started_at),
        "raw": F.concat_ws(";", *own),
    }
    return rows.withColumns(added).select(*bronze_columns(table))
