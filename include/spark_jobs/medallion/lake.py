"""The lake as one run sees it: every path is made here, every table read and written here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial, reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from medallion.errors import NoInputError
from medallion.manifest import Alerts, GoldTable, Manifest, TableCount
from medallion.parallel import all_of
from medallion.quality import accepted, quarantine
from medallion.raw import QUARANTINE_SCHEMA
from medallion.run import Run
from medallion.storage import Storage

SHUFFLE_PARTITIONS = "spark.sql.shuffle.partitions"
DATED = "business_date="  # what the folder of a partition is called, before its date
BYTES_A_PARTITION = 8 * 1024 * 1024
MOST_PARTITIONS = 2000


@dataclass(frozen=True)
class Product:
    """A gold table before it is staged: its rows, the columns that name a row, the order of the file."""

    frame: DataFrame
    key: Sequence[str]
    order: Sequence[Column]


class Lake:
    """Reads and writes of one run: its own business date, its own staging."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.storage = Storage(run.spark)

    def partition(self, layer: str, table: str, business_date: str | None = None) -> str:
        """Where one business date (this run's, if none is named) of a bronze or silver table lies."""
        day = business_date or self.run.business_date.isoformat()
        return f"{self.run.lake}/{layer}/{self.run.pipeline}/{table}/{DATED}{day}"

    def dates(self, layer: str, table: str, first: date, last: date) -> list[str]:
        """The business dates from first to last that a bronze or silver table has."""
        names = self.storage.names(f"{self.run.lake}/{layer}/{self.run.pipeline}/{table}")
        days = [name.removeprefix(DATED) for name in names if name.startswith(DATED)]
        return [day for day in days if first.isoformat() <= day <= last.isoformat()]

    def files(self, layer: str, table: str, days: Sequence[str]) -> dict[str, list[str]]:
        """The files of some dates of a bronze or silver table, by date; each write of a date names its files anew."""
        found: dict[str, list[str]] = {}
        for uri in self.storage.listed([self.partition(layer, table, day) for day in days]):
            found.setdefault(uri.rsplit("/", 2)[1].removeprefix(DATED), []).append(uri)
        return found

    def quarantine_of(self, layer: str, table: str) -> str:
        """Where the rows lie that a layer refused for this business date."""
        day = self.run.business_date.isoformat()
        return f"{self.run.lake}/quarantine/{self.run.pipeline}/{layer}/{table}/{DATED}{day}"

    def quarantined(self, layer: str, table: str) -> DataFrame | None:
        """What a layer refused for the other business dates; None if nothing."""
        root, own = (
            f"{self.run.lake}/quarantine/{self.run.pipeline}/{layer}/{table}",
            self.run.business_date.isoformat(),
        )
        uris = [f"{root}/{name}" for name in self.storage.names(root) if name not in ("", f"{DATED}{own}")]
        return self.run.spark.read.schema(QUARANTINE_SCHEMA).parquet(*uris) if uris else None

    def size_shuffles(self, input_bytes: int) -> None:
        """Shuffle in as many partitions as this much input needs, unless the cluster's configuration says how many.

        Spark's 200 are 200 tasks for a shop's day of a few kilobytes, and too few for a terabyte.
        """
        if not self.run.spark.sparkContext.getConf().contains(SHUFFLE_PARTITIONS):
            wanted = min(MOST_PARTITIONS, input_bytes // BYTES_A_PARTITION + 1)
            self.run.spark.conf.set(SHUFFLE_PARTITIONS, str(wanted))

    def size_of(self, layer: str, tables: Iterable[str]) -> int:
        """Bytes of this business date of some tables."""
        return sum(self.storage.size(self.partition(layer, table)) for table in tables)

    def read(self, layer: str, table: str, schema: str) -> DataFrame:
        """This business date of a table; raises NoInputError when the layer before has not written it."""
        uri = self.partition(layer, table)
        if not self.storage.exists(uri):
            raise NoInputError(f"reading {layer} {table}: nothing at {uri}; run the {layer} layer of this date first")
        # A named schema spares Spark a job that opens files only to learn the columns.
        return self.run.spark.read.schema(schema).parquet(uri)

    def published(self, table: str, schema: str, before: bool = False) -> DataFrame | None:
        """What other business dates (with `before`, only earlier ones) published of a gold table; None if none did."""
        root, own = f"{self.run.lake}/gold/{self.run.pipeline}/{table}", self.run.business_date.isoformat()
        days = [name.removeprefix(DATED) for name in self.storage.names(root) if name.startswith(DATED)]
        # Any other run of these dates is over: a night holds its pipeline's claim.
        uris = [f"{root}/{DATED}{day}" for day in days if day < own or (day > own and not before)]
        return self.run.spark.read.schema(schema).parquet(*uris) if uris else None

    def replace(self, layer: str, table: str, frame: DataFrame) -> None:
        """Write this business date of a table, in place of what an earlier run of the date wrote."""
        frame.write.mode("overwrite").parquet(self.partition(layer, table))

    def replace_judged(self, layer: str, judged: DataFrame, columns: Sequence[str], count: TableCount) -> None:
        """Write the accepted rows of a table, `columns` only, and the quarantined ones beside them."""
        self.replace(layer, count.table, accepted(judged).select(*columns))
        self.replace_quarantine(layer, judged, count)

    def replace_quarantine(self, layer: str, judged: DataFrame, count: TableCount) -> None:
        """Write the quarantined rows of a table; with none, clear what an earlier run of the date left."""
        uri = self.quarantine_of(layer, count.table)
        if count.quarantined:
            quarantine(judged, layer).write.mode("overwrite").parquet(uri)
        else:
            self.storage.delete(uri)

    def stage(self, products: Mapping[str, Product]) -> list[GoldTable]:
        """Stage each product as one sorted Parquet file, then measure the files."""
        all_of(partial(self._stage, table, product) for table, product in products.items())
        return self._measure(products)

    def _stage(self, table: str, product: Product) -> None:
        one_file = product.frame.repartition(1).sortWithinPartitions(*product.order)
        one_file.write.mode("overwrite").option("compression", "snappy").parquet(self.staged(table))

    def stage_csv(self, name: str, text: DataFrame, *, delimiter: str, header: bool) -> None:
        """Stage text columns as one CSV file as RFC 4180 has it, but for its line ends, which are LF; UTF-8."""
        quoted = {"quote": '"', "escape": '"', "nullValue": "", "emptyValue": "", "lineSep": "\n"}
        as_is = {"ignoreLeadingWhiteSpace": "false", "ignoreTrailingWhiteSpace": "false"}
        options = {"sep": delimiter, "header": str(header).lower(), "encoding": "UTF-8", **quoted, **as_is}
        text.write.mode("overwrite").options(**options).csv(f"{self.run.staging}/exports/{name}")

    def staged(self, table: str) -> str:
        """Where a gold table waits for its audit."""
        return f"{self.run.staging}/gold/{table}"

    def _measure(self, products: Mapping[str, Product]) -> list[GoldTable]:
        frames = {table: self.run.spark.read.parquet(self.staged(table)) for table in products}
        parts = [_measured(table, frames[table], product.key) for table, product in products.items()]
        measured = {row["table"]: row for row in reduce(DataFrame.unionAll, parts).collect()}
        return [
            GoldTable(
                table=table,
                path=self.staged(table),
                rows=measured[table]["rows"],
                schema={f.name: f.dataType.simpleString() for f in frame.schema.fields},
                null_keys=measured[table]["null_keys"],
                duplicate_keys=measured[table]["duplicate_keys"],
            )
            for table, frame in frames.items()
        ]

    def publish(self, manifest: Manifest) -> None:
        """Write the layer's manifest; it is the last thing a layer does."""
        self.storage.write_text(f"{self.run.manifests}/{manifest.layer}.json", manifest.to_json())

    def manifest(
        self,
        layer: str,
        tables: Sequence[TableCount],
        gold: Sequence[GoldTable] = (),
        alerts: Alerts | None = None,
    ) -> Manifest:
        """A manifest of this run."""
        return Manifest(self.run.pipeline, layer, self.run.business_date, tables, gold, alerts)


def _measured(table: str, frame: DataFrame, key: Sequence[str]) -> DataFrame:
    """One row: the table's rows, rows with a null in their key, rows beyond the first of a key."""
    has_null = F.greatest(*[F.col(k).isNull().cast("int") for k in [*key, key[0]]])
    per_key = frame.groupBy(*key).agg(F.count(F.lit(1)).alias("n"), F.sum(has_null).alias("nulls"))
    return per_key.agg(
        F.lit(table).alias("table"),
        F.coalesce(F.sum("n"), F.lit(0)).alias("rows"),
        F.coalesce(F.sum("nulls"), F.lit(0)).alias("null_keys"),
        F.coalesce(F.sum(F.col("n") - 1), F.lit(0)).alias("duplicate_keys"),
    )
