"""Each hospital notification once over all dates, with the first and the last snapshot that contained it.

Two tables beside the delivery's own: `known_notifications` of date D holds the notifications current at the end of D,
one or more a hospital; `ended_notifications` of D those that D's snapshots replaced. A notification is in the newest
partition of the first or in one partition of the second, nowhere else. A run reads the previous partition of known
ones, which is as large as a snapshot however long the history. Dates are run in order: if a date is run again after a
later one, only its own partitions are fixed; run the later ones again to fix theirs.
"""

from __future__ import annotations

from datetime import date, timedelta

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from covid_hospitals.jobs import names
from covid_hospitals.jobs.silver import COLUMNS, NOTIFICATION, SCHEMAS
from medallion.lake import Lake
from medallion.quality import LINEAGE

KNOWN, ENDED = "known_notifications", "ended_notifications"


def write_history(lake: Lake, occupancy: DataFrame) -> None:
    """Write both tables of this date from its accepted notifications and the previous date's known ones."""
    known = _once(known_before(lake).unionByName(occupancy.select(*COLUMNS["occupancy"])))
    of_hospital = Window.partitionBy("hospital_id")
    is_current = F.col("last_snapshot") == F.max("last_snapshot").over(of_hospital)
    marked = known.withColumn("_stands", is_current).cache()
    lake.replace("silver", KNOWN, marked.where("_stands").drop("_stands"))
    lake.replace("silver", ENDED, marked.where("not _stands").drop("_stands"))
    marked.unpersist()


def known_before(lake: Lake) -> DataFrame:
    """The notifications current at the end of the last date before this one; none on the first date."""
    spark = lake.run.spark
    days = lake.dates("silver", KNOWN, date.min, lake.run.business_date - timedelta(days=1))
    if not days:
        return spark.createDataFrame([], SCHEMAS["occupancy"])
    known = spark.read.schema(SCHEMAS["occupancy"]).parquet(lake.partition("silver", KNOWN, days[-1]))
    return known.withColumn("hospital_id", names.hospital(F.col("hospital_id")))  # until 2026-11-29 without zeros


def _once(rows: DataFrame) -> DataFrame:
    """Each notification as in its newest snapshot, with its first and last snapshot overall."""
    same = Window.partitionBy(*NOTIFICATION)
    newest_first = same.orderBy(F.col("last_snapshot").desc(), *[F.col(c).desc() for c in LINEAGE])
    spans = {"first_snapshot": F.min("first_snapshot").over(same), "last_snapshot": F.max("last_snapshot").over(same)}
    ranked = rows.withColumn("_rank", F.row_number().over(newest_first))
    return ranked.withColumns(spans).where(F.col("_rank") == 1).drop("_rank")
