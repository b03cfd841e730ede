"""The job that Spark runs for archive.py: it loads the classes that most jobs load."""

from __future__ import annotations

import sys

from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as F  # noqa: N812 - PySpark's own convention


def main(place: str) -> None:
    """Read and write text, CSV and Parquet; a shuffle, a window, a join, a Python worker. place: a new directory."""
    spark = SparkSession.builder.appName("archive").getOrCreate()
    rows = spark.createDataFrame([(1, "a", "1.5"), (2, "b c", "2.5")], "id int, name string, amount string")
    _ranked(rows).write.partitionBy("day").parquet(f"{place}/parquet")
    rows.write.csv(f"{place}/csv", header=True)
    rows.select("name").write.text(f"{place}/text")
    _read_back(spark, place)
    spark.sparkContext.parallelize([1, 2]).map(str).collect()


def _ranked(rows: DataFrame) -> DataFrame:
    newest_first = Window.partitionBy("id").orderBy(F.col("name").desc())
    typed = rows.withColumn("amount", F.col("amount").cast("decimal(12,2)"))
    dated = typed.withColumn("day", F.to_date(F.lit("2025-01-01")))
    ranked = dated.withColumn("rank", F.row_number().over(newest_first)).where("rank = 1")
    return ranked.join(rows.groupBy("id").count(), "id")


def _read_back(spark: SparkSession, place: str) -> None:
    csv = spark.read.csv(f"{place}/csv", header=True)
    csv.groupBy("name").agg(F.countDistinct("id"), F.sum("amount")).collect()
    words = spark.read.text(f"{place}/text").select(F.explode(F.split("value", " ")).alias("word"))
    words.groupBy("word").count().orderBy("word").collect()
    spark.read.parquet(f"{place}/parquet").where("id > 0").count()


if __name__ == "__main__":
    main(sys.argv[1])
