"""One run's view of the lake: all paths are built here, all tables are read and written here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial, reduce

from pyspark.sql import Column, DataFrame, Row
from pyspark.sql import functions as F

from medallion import light
from medallion.errors import NoInputError, TooMuchRefused
from medallion.manifest import Alerts, GoldTable, Manifest, Restated, TableCount
from medallion.parallel import all_of
from medallion.quality import accepted, quarantine
from medallion.run import Run
from medallion.storage import Storage

SHUFFLE_PARTITIONS = "spark.sql.shuffle.partitions"
DATED = "business_date="  # prefix of a partition folder, before its date
_PARTITION = "business_date"
DAY = "day"  # the column that assigns a row to a day's partition
BYTES_A_PARTITION = 8 * 1024 * 1024
MOST_PARTITIONS = 2000


@dataclass(frozen=True)
class Product:
    """A gold table before staging: its rows, its key columns, the sort order of its file. With a column `day` it spans
    several days, one file each."""

    frame: DataFrame
    key: Sequence[str]
    order: Sequence[Column]


class Lake:
    """Reads and writes of one run: its own business date, its own staging."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.storage = Storage(run.spark)

    def partition(self, layer: str, table: str, business_date: str | None = None) -> str:
        """The folder of one business date (by default this run's) of a bronze or silver table."""
        day = business_date or self.run.business_date.isoformat()
        return f"{self.run.lake}/{layer}/{self.run.pipeline}/{table}/{DATED}{day}"

    def dates(self, layer: str, table: str, first: date, last: date) -> list[str]:
        """The business dates from first to last for which a bronze or silver table exists."""
        names = self.storage.names(f"{self.run.lake}/{layer}/{self.run.pipeline}/{table}")
        days = [name.removeprefix(DATED) for name in names if name.startswith(DATED)]
        return [day for day in days if first.isoformat() <= day <= last.isoformat()]

    def quarantine_of(self, layer: str, table: str) -> str:
        """The folder of the rows that a layer refused for this business date."""
        day = self.run.business_date.isoformat()
        return f"{self.run.lake}/quarantine/{self.run.pipeline}/{layer}/{table}/{DATED}{day}"

    def fit_spark_to(self, input_bytes: int | None) -> None:
        """Set how Spark plans by the input's size (None: unknown), except what the cluster's configuration sets.

        Spark's 200 shuffle partitions are 200 tasks for a shop's day of a few kilobytes, and too few for a terabyte.
        For a small input, generated code and adaptive plans cost more than they save.
        """
        partitions = min(MOST_PARTITIONS, (input_bytes or 0) // BYTES_A_PARTITION + 1)
        is_light = input_bytes is not None and input_bytes < light.BYTES
        wanted = {SHUFFLE_PARTITIONS: str(partitions), **(light.LIGHT if is_light else dict.fromkeys(light.LIGHT))}
        given, session = self.run.spark.sparkContext.getConf(), self.run.spark.conf
        for name, value in wanted.items():
            if given.contains(name):
                continue
            if value is None:
                session.unset(name)
            else:
                session.set(name, value)

    def size_of(self, layer: str, tables: Iterable[str]) -> int:
        """Total bytes of some tables for this business date."""
        return sum(self.storage.size(self.partition(layer, table)) for table in tables)

    def read(self, layer: str, table: str, schema: str) -> DataFrame:
        """The rows of a table for this business date; raises NoInputError when the previous layer has not written
        them."""
        uri = self.partition(layer, table)
        if not self.storage.exists(uri):
            raise NoInputError(f"reading {layer} {table}: nothing at {uri}; run the {layer} layer of this date first")
        # An explicit schema spares Spark a job that opens files only to infer the columns.
        return self.run.spark.read.schema(schema).parquet(uri)

    def published(
        self, table: str, schema: str, before: bool = False, since: date = date.min, own: bool = False
    ) -> DataFrame | None:
        """The published rows of a gold table for other business dates from `since` on (with `before`, only earlier
        ones; with `own`, this one too), each with its `day`; None if there are none."""
        root, today = f"{self.run.lake}/gold/{self.run.pipeline}/{table}", self.run.business_date.isoformat()
        days = [name.removeprefix(DATED) for name in self.storage.names(root) if name.startswith(DATED)]
        wanted = [day for day in days if day >= since.isoformat() and (day < today or (day > today and not before))]
        # Any other run of these dates has ended: this run holds its pipeline's partition lock.
        uris = [f"{root}/{DATED}{day}" for day in [*wanted, *(today for day in days if own and day == today)]]
        if not uris:
            return None
        reader = self.run.spark.read.option("basePath", root).schema(f"{schema}, {_PARTITION} string")
        return reader.parquet(*uris).withColumnRenamed(_PARTITION, DAY)

    def replace(self, layer: str, table: str, frame: DataFrame, compression: str = "snappy") -> None:
        """Write this business date of a table, replacing what an earlier run of the date wrote."""
        frame.write.mode("overwrite").option("compression", compression).parquet(self.partition(layer, table))

    def replace_judged(self, layer: str, judged: DataFrame, columns: Sequence[str], count: TableCount) -> None:
        """Write the accepted rows of a table, `columns` only, and its quarantined rows beside them."""
        self.replace(layer, count.table, accepted(judged).select(*columns))
        self.replace_quarantine(layer, judged, count)

    def replace_quarantine(self, layer: str, judged: DataFrame, count: TableCount) -> None:
        """Write the quarantined rows of a table; if there are none, clear those of an earlier run of the date."""
        uri = self.quarantine_of(layer, count.table)
        if count.quarantined:
            quarantine(judged, layer).write.mode("overwrite").parquet(uri)
        else:
            self.storage.delete(uri)

    def check_losses(self, layer: str, counts: Iterable[TableCount]) -> None:
        """Raise TooMuchRefused if a table lost more of its rows than the run allows; the quality gate would fail
        later."""
        for count in counts:
            if count.lost > count.rows_in * self.run.most_refused:
                why = ", ".join(f"{rows} {reason}" for reason, rows in sorted(count.reasons.items()))
                raise TooMuchRefused(
                    f"judging {layer} {count.table}: {count.quarantined} of {count.rows_in} rows were refused ({why}),"
                    f" more than {self.run.most_refused:.0%}; nothing of this delivery is used. See the quarantine, fix"
                    " the files or the contract and run the date again"
                )

    def stage(self, products: Mapping[str, Product], days: Sequence[str] = ()) -> list[GoldTable]:
        """Stage each product as one sorted Parquet file, or one for each of `days`; then measure the files."""
        all_of(partial(self._stage, table, product, days) for table, product in products.items())
        return self._measure(products, days)

    def _stage(self, table: str, product: Product, days: Sequence[str]) -> None:
        if DAY not in product.frame.columns:
            self._write_file(product.frame.repartition(1).sortWithinPartitions(*product.order), self.staged(table))
            return
        by_day = product.frame.withColumnRenamed(DAY, _PARTITION).repartition(_PARTITION)
        sorted_days = by_day.sortWithinPartitions(_PARTITION, *product.order)
        sorted_days.write.mode("overwrite").option("compression", "snappy").partitionBy(_PARTITION).parquet(
            self.staged(table)
        )
        there, nothing = self.storage.names(self.staged(table)), product.frame.drop(DAY).limit(0).repartition(1)
        for day in days:
            if f"{DATED}{day}" not in there:  # all sales of this day moved to another day
                self._write_file(nothing, f"{self.staged(table)}/{DATED}{day}")

    def _write_file(self, frame: DataFrame, uri: str, *parted: str) -> None:
        frame.write.mode("overwrite").option("compression", "snappy").partitionBy(*parted).parquet(uri)

    def stage_csv(self, name: str, text: DataFrame, *, delimiter: str, header: bool) -> None:
        """Stage text columns as one UTF-8 CSV file by RFC 4180, but with LF line ends."""
        quoted = {"quote": '"', "escape": '"', "nullValue": "", "emptyValue": "", "lineSep": "\n"}
        as_is = {"ignoreLeadingWhiteSpace": "false", "ignoreTrailingWhiteSpace": "false"}
        options = {"sep": delimiter, "header": str(header).lower(), "encoding": "UTF-8", **quoted, **as_is}
        text.write.mode("overwrite").options(**options).csv(f"{self.run.staging}/exports/{name}")

    def staged(self, table: str) -> str:
        """The folder where a gold table waits for the quality gate."""
        return f"{self.run.staging}/gold/{table}"

    def _measure(self, products: Mapping[str, Product], days: Sequence[str]) -> list[GoldTable]:
        frames = {table: self.run.spark.read.parquet(self.staged(table)) for table in products}
        of_days = {table for table, product in products.items() if DAY in product.frame.columns}
        parts = [_measured(t, frames[t], product.key, t in of_days) for t, product in products.items()]
        measured = reduce(DataFrame.unionAll, parts).collect()
        return [
            GoldTable(
                table=table,
                path=self.staged(table),
                rows=sum(row["rows"] for row in measured if row["table"] == table),
                schema={f.name: f.dataType.simpleString() for f in frame.schema.fields if f.name != _PARTITION},
                null_keys=sum(row["null_keys"] for row in measured if row["table"] == table),
                duplicate_keys=sum(row["duplicate_keys"] for row in measured if row["table"] == table),
                days=_rows_of(measured, table, days) if table in of_days else {},
            )
            for table, frame in frames.items()
        ]

    def publish(self, manifest: Manifest) -> None:
        """Write the layer's manifest, as the layer's last action."""
        self.storage.write_text(f"{self.run.manifests}/{manifest.layer}.json", manifest.to_json())

    def manifest(
        self,
        layer: str,
        tables: Sequence[TableCount],
        gold: Sequence[GoldTable] = (),
        alerts: Alerts | None = None,
        restated: Sequence[Restated] = (),
    ) -> Manifest:
        """A manifest of this run."""
        return Manifest(self.run.pipeline, layer, self.run.business_date, tables, gold, alerts, restated)


def _measured(table: str, frame: DataFrame, key: Sequence[str], of_days: bool) -> DataFrame:
    """One row for each day, or one in all: the table's rows, rows with a null key, rows beyond the first of a key."""
    day = F.col(_PARTITION).cast("string") if of_days else F.lit("")
    has_null = F.greatest(*[F.col(k).isNull().cast("int") for k in [*key, key[0]]])
    per_key = frame.groupBy(day.alias(DAY), *key).agg(F.count(F.lit(1)).alias("n"), F.sum(has_null).alias("nulls"))
    return per_key.groupBy(DAY).agg(
        F.lit(table).alias("table"),
        F.sum("n").alias("rows"),
        F.sum("nulls").alias("null_keys"),
        F.sum(F.col("n") - 1).alias("duplicate_keys"),
    )


def _rows_of(measured: Sequence[Row], table: str, days: Sequence[str]) -> dict[str, int]:
    return dict.fromkeys(days, 0) | {row[DAY]: row["rows"] for row in measured if row["table"] == table}
