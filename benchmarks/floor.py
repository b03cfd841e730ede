"""What Spark itself takes for the bytes of a full load, without the project's rules: `floor.py INPUT OUT DAY LAYER`.

bronze reads the CSV files by Spark's own reader and writes them; silver casts their columns, brings the rows of an
order together and writes orders, items, and the items with their orders; gold sums the sales up. Nothing is composed,
judged, ranked or counted, and a faulty row is read as it may be. benchmarks/load.py --floor measures it.
"""

from __future__ import annotations

import sys
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812

from nightshift_contract.model import Table
from nightshift_contract.reading import contract

SOURCES = contract("mrhealth_sales").sources
TABLES = (SOURCES["orders"], SOURCES["items"])
KEY = ["unit_id", "order_id"]


def main(given: str, out: str, day: str, layer: str) -> None:
    """Run one layer."""
    spark = SparkSession.builder.getOrCreate()
    if layer == "bronze":
        for table in TABLES:
            _write(_arrived(spark, table, Path(given) / "csv_sales" / day.replace("-", "/")), out, "bronze", table.name)
        return
    if layer == "silver":
        frames = [_typed(spark.read.parquet(f"{out}/bronze/{table.name}"), table) for table in TABLES]
        for table, frame in zip(TABLES, frames, strict=True):
            _write(frame.repartition(*KEY), out, "silver", table.name)
        orders, items = (spark.read.parquet(f"{out}/silver/{table.name}").drop("raw") for table in TABLES)
        _write(orders, out, "silver", "current_orders")
        _write(items.join(orders.select(*KEY, "order_date", "status"), on=KEY), out, "silver", "current_items")
        return
    orders, items = (spark.read.parquet(f"{out}/silver/current_{table.name}") for table in TABLES)
    by_day = orders.groupBy("order_date", "unit_id").agg(F.count("*").alias("orders"), F.sum("order_value").alias("v"))
    worth = F.sum(F.col("quantity") * F.col("item_value")).alias("v")
    for name, frame in (
        ("sales_by_branch_day", by_day),
        ("product_sales", items.groupBy("order_date", "product_id").agg(worth)),
        ("sales_by_product_branch_day", items.groupBy("order_date", "unit_id", "product_id").agg(worth)),
    ):
        _write(frame.repartition(1), out, "gold", name)


def _arrived(spark: SparkSession, table: Table, folder: Path) -> DataFrame:
    files = [file for file in sorted(folder.glob("*/*")) if file.stem.lower() == table.files]
    text = ", ".join(f"{column.source} string" for column in table.columns)
    parts = [
        spark.read.csv([str(f) for f in files if _delimiter(f) == delimiter], schema=text, sep=delimiter, header=True)
        for delimiter in (";", ",")
    ]
    source = F.input_file_name()
    unit = F.regexp_extract(source, "/unit_([0-9]+)/", 1).cast("int")
    columns = {"source_file": source, "unit": unit, "raw": F.concat_ws(";", *table.source_names)}
    return parts[0].unionByName(parts[1]).withColumns(columns)


def _delimiter(file: Path) -> str:
    with file.open("rb") as text:
        return ";" if b";" in text.readline() else ","


def _typed(rows: DataFrame, table: Table) -> DataFrame:
    own = {column.name: F.expr(f"try_cast({column.source} as {column.type})") for column in table.columns}
    columns = {**own, "unit_id": F.col("unit")}
    return rows.select(*[column.alias(name) for name, column in columns.items()], "source_file", "raw")


def _write(frame: DataFrame, out: str, layer: str, table: str) -> None:
    frame.write.mode("overwrite").parquet(f"{out}/{layer}/{table}")


if __name__ == "__main__":
    main(*sys.argv[1:])
