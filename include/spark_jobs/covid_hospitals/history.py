"""Each notification of a hospital once over all dates, with the first and the last snapshot that had it.

Two tables beside the drop's own: `known_notifications` of date D holds the notifications that stood when D was over,
one or more a hospital; `ended_notifications` of D those that D's snapshots replaced. A notification is in the newest
partition of the first or in one partition of the second, nowhere else. A night reads the partition of known ones
before it, which is as large as a snapshot however long the history. Dates are run in order: a date that is run again
after a later one mends its own partitions, and the later ones when they are run again.
"""

from __future__ import annotations

from datetime import date, timedelta

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from covid_hospitals.silver import COLUMNS, NOTIFICATION, SCHEMAS
from medallion.lake import Lake
from medallion.quality import LINEAGE

KNOWN, ENDED = "known_notifications", "ended_notifications"


def write_history(lake: Lake, occupancy: DataFrame) -> None:
    """Write both tables of this date out of its accepted notifications and the known ones of the date before."""
    known = _once(known_before(lake).unionByName(occupancy.select(*COLUMNS["occupancy"])))
    of_hospital = Window.partitionBy("hospital_id")
    stands = F.col("last_snapshot") == F.max("last_snapshot").over(of_hospital)
    told = known.withColumn("_stands", stands).cache()
    lake.replace("silver", KNOWN, told.where("_stands").drop("_stands"))
    lake.replace("silver", ENDED, told.where("not _stands").drop("_stands"))
    told.unpersist()


def known_before(lake: Lake) -> DataFrame:
    """The notifications that stood when the last date before this one was over; none at first."""
    spark = lake.run.spark
    days = lake.dates("silver", KNOWN, date.min, lake.run.business_date - timedelta(days=1))
    if not days:
        return spark.createDataFrame([], SCHEMAS["occupancy"])
    return spark.read.schema(SCHEMAS["occupancy"]).parquet(lake.partition("silver", KNOWN, days[-1]))


def _once(rows: DataFrame) -> DataFrame:
    """Each notification as its newest snapshot tells it, first and last snapshot over all."""
    same = Window.partitionBy(*NOTIFICATION)
    newest_first = same.orderBy(F.col("last_snapshot").desc(), *[F.col(c).desc() for c in LINEAGE])
    spans = {"first_snapshot": F.min("first_snapshot").over(same), "last_snapshot": F.max("last_snapshot").over(same)}
    ranked = rows.withColumn("_rank", F.row_number().over(newest_first))
    return ranked.withColumns(spans).where(F.col("_rank") == 1).drop("_rank")
