"""Bronze of mrhealth_sales: the rows of every delivered file as they arrived, or why a row or file was refused."""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Sequence

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from medallion.arrivals import HEADER_ONLY, Block, Row, rows_in, whole_file
from medallion.leftovers import refuse_leftover
from medallion.manifest import OTHER_FILES
from medallion.packing import BOUNDS, Bounds, FileRefused, unpacked
from medallion.quality import ACCEPTED
from medallion.storage import FileInfo
from mrhealth_sales.jobs.tables import OF_UNITS, SOURCES, table_of, unit_of
from nightshift_contract.charset import as_utf8
from nightshift_contract.model import Table

TABLES = (*(table.name for table in SOURCES), OTHER_FILES)


def rows_of(
    source_file: str,
    content: bytes,
    office: str = "",
    by_files: Sequence[Table] = SOURCES,
    bounds: Bounds = BOUNDS,
) -> Iterator[Row | Block]:
    """The judged rows of one file, whose table is detected by header or name. `office`: the folder of the head office
    reference data, ending in /, or '' where it is in the delivery itself. `by_files`: the tables that this run reads
    from files; `bounds`: the limits of one file."""
    unit = unit_of(source_file)
    try:
        refuse_leftover(source_file, SOURCES)
        text = unpacked(content, bounds)
    except FileRefused as why:
        yield refused(source_file, why)
        return
    table = table_of(_name(source_file), as_utf8(text)[0])
    if table is None:
        told = f"{len(content)} bytes under a header and a name of no known table"
        yield whole_file(OTHER_FILES, source_file, "unknown_file", told, unit)
    elif table not in by_files:
        told = f"{table.files} is read from head office's database, and this is a file of it"
        yield whole_file(OTHER_FILES, source_file, "misplaced_file", told, unit)
    elif told := _misplaced(table, source_file, office) or "":
        yield whole_file(OTHER_FILES, source_file, "misplaced_file", told, unit)
    elif not text.removeprefix(codecs.BOM_UTF8).strip():
        yield whole_file(table.name, source_file, "empty_file", f"{len(content)} bytes, not even a header", unit)
    else:
        yield from rows_in(table, source_file, text, unit)


def refused(source_file: str, why: FileRefused) -> Row:
    """A row for a file that cannot be read, under the table that its name suggests."""
    named = table_of(_name(source_file))
    table = named.name if named else OTHER_FILES
    return whole_file(table, source_file, why.reason, why.detail, unit_of(source_file))


def _name(source_file: str) -> str:
    return source_file.rsplit("/", 1)[-1]


def _misplaced(table: Table, source_file: str, office: str) -> str | None:
    """Why a file is in the wrong place: a unit must not rename the products and branches of all units, and a unit's
    file among the head office's would count on every date."""
    if table not in OF_UNITS and unit_of(source_file) is not None:
        return f"{table.files} is head office's, and this one came in the drop of a unit"
    if table in OF_UNITS and office and source_file.startswith(office):
        return f"{table.files} is a unit's, and this one lies among head office's tables"
    return None


def arrivals(spark: SparkSession, files: Sequence[FileInfo]) -> DataFrame:
    """The arrival time of each file: an object's LastModified."""
    rows = spark.createDataFrame([(file.uri, file.modified) for file in files], "source_file string, modified bigint")
    return rows.select("source_file", F.timestamp_millis("modified").alias("arrived_at"))


def deliveries(judged: DataFrame) -> DataFrame:
    """Which units sent which of their files, and whether each could be read; a file without rows counts as
    delivered."""
    of_units = F.col("table").isin([table.name for table in OF_UNITS]) & F.col("unit_id").isNotNull()
    came = F.max((F.col("outcome") == ACCEPTED) | (F.coalesce("warning", F.lit("")) == HEADER_ONLY)).alias("came")
    return judged.where(of_units).groupBy("unit_id", "table").agg(came)
