"""Glue catalog hook: registers gold tables and their partitions as the contract describes them, in the language of the
settings."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any

from nightshift.pipelines import REGISTRY

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient

    from nightshift.run.run_context import RunContext
    from nightshift_contract.model import Table

THREADS = 8  # botocore keeps ten connections for a client
PARQUET = {
    "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
    "SerdeInfo": {"SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"},
}
# Limits of Glue's API (data types Column and TableInput), which terraform's provider counts in bytes.
LONGEST_COMMENT, LONGEST_DESCRIPTION = 255, 2048
PARTITION = "The business date whose run wrote the partition; of tables by day the day of the rows."


class CatalogHook:
    """Registers the tables that a night published."""

    def __init__(self, glue: GlueClient, night: RunContext) -> None:
        self._glue, self._night = glue, night
        self._database = night.settings.database("gold")
        self._says = REGISTRY.says(night.pipeline.product, night.settings.language)

    def register(self, table: Table, days: Iterable[date]) -> None:
        """Create or update the table from its contract, and its partitions of these days. May run twice."""
        name, table = f"{self._night.pipeline.product}_{table.name}", spoken(table, self._says)
        self._upsert_table(table_input(name, table, self._root(table), self._says(PARTITION)))
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(partial(self._upsert_partition, name, table), days))

    def _root(self, table: Table) -> str:
        return self._night.uri("lake", f"gold/{self._night.pipeline.product}/{table.name}/")

    def _upsert_table(self, body: Any) -> None:
        try:
            self._glue.create_table(DatabaseName=self._database, TableInput=body)
        except self._glue.exceptions.AlreadyExistsException:
            self._glue.update_table(DatabaseName=self._database, TableInput=body, SkipArchive=True)

    def _upsert_partition(self, name: str, table: Table, day: date) -> None:
        one_day = replace(self._night, business_date=day)
        value = str(one_day.business_date)
        location = one_day.uri("lake", one_day.gold_prefix(table.name))
        body: Any = {"Values": [value], "StorageDescriptor": storage(table, location)}
        try:
            self._glue.create_partition(DatabaseName=self._database, TableName=name, PartitionInput=body)
        except self._glue.exceptions.AlreadyExistsException:
            self._glue.update_partition(
                DatabaseName=self._database, TableName=name, PartitionValueList=[value], PartitionInput=body
            )


def spoken(table: Table, says: Callable[[str], str]) -> Table:
    """The table with its descriptions in another language."""
    columns = tuple(replace(column, about=says(column.about)) for column in table.columns)
    return replace(table, about=says(table.about), columns=columns)


def table_input(name: str, table: Table, location: str, partition: str) -> dict[str, Any]:
    """Glue's TableInput for a gold table with the contract's descriptions, partitioned by business_date, which
    `partition` describes. Athena shows the table's from its parameter `comment`."""
    about = shortened(table.about, LONGEST_DESCRIPTION)
    return {
        "Name": name,
        "Description": about,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"classification": "parquet", "EXTERNAL": "TRUE", "comment": about},
        "PartitionKeys": [{"Name": "business_date", "Type": "date", "Comment": partition}],
        "StorageDescriptor": storage(table, location),
    }


def storage(table: Table, location: str) -> dict[str, Any]:
    """Glue's StorageDescriptor for Parquet files with the table's columns at a location."""
    columns = [
        {"Name": name, "Type": kind, "Comment": shortened(table.notes.get(name, ""), LONGEST_COMMENT)}
        for name, kind in table.types.items()
    ]
    return {"Columns": columns, "Location": location, **PARQUET}


def shortened(text: str, longest: int) -> str:
    """A text in one line, cut at a limit of bytes in UTF-8."""
    line, end = " ".join(text.split()), "…"
    if len(line.encode()) <= longest:
        return line
    return line.encode()[: longest - len(end.encode())].decode(errors="ignore") + end
