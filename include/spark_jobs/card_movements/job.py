"""The three layers of card_movements: what each reads, and what it writes where."""

from __future__ import annotations

from functools import partial

from pyspark.sql import DataFrame

from card_movements import bronze as raw
from card_movements import gold as products
from card_movements import silver as flat
from card_movements.tables import FLAT, MOVEMENTS, PARENTS, SOURCES, bronze_schema
from card_movements.window import known
from medallion.contract import Table
from medallion.jdbc import Database
from medallion.lake import Lake
from medallion.manifest import Manifest, TableCount
from medallion.parallel import all_of
from medallion.quality import tally, together
from medallion.run import Run
from medallion.secret import address

CSV = "movimento_flat.csv"


def bronze(run: Run) -> Manifest:
    """The database's rows -> rows as they arrived; raises SourceError. In a replay what arrived before stands."""
    lake = Lake(run)
    warnings: dict[str, int] = {} if run.replay else _read(lake)
    return lake.manifest("bronze", [_arrived(lake, table, warnings) for table in SOURCES])


def _read(lake: Lake) -> dict[str, int]:
    lake.size_shuffles(0)  # what is asked for is not known yet; what is compared with it are a few columns
    database = Database(lake.run.spark, address(lake.run.source_secret), lake.run.timezone)
    tables = database.tables(SOURCES)
    movements, warnings = raw.movements(lake, database, tables)
    # Movements first: whatever they refer to is there by the time that the other tables are read.
    lake.replace("bronze", MOVEMENTS.name, raw.arrived(lake, movements))
    all_of(
        partial(lake.replace, "bronze", table.name, raw.arrived(lake, database.read(tables[table.name])))
        for table in PARENTS
    )
    return warnings


def _arrived(lake: Lake, table: Table, warnings: dict[str, int]) -> TableCount:
    rows = lake.read("bronze", table.name, bronze_schema(table)).count()
    return TableCount(table.name, rows, rows, warnings=warnings if table is MOVEMENTS else {})


def silver(run: Run) -> Manifest:
    """Rows as they arrived -> typed rows; of the movements those that no other business date published, resolved."""
    lake = Lake(run)
    lake.size_shuffles(lake.size_of("bronze", [table.name for table in SOURCES]))
    judged = {t.name: flat.judged(t, lake.read("bronze", t.name, bronze_schema(t))) for t in SOURCES}
    parents = {table.name: judged[table.name].cache() for table in PARENTS}
    movements = flat.flat(flat.without_loaded(judged[MOVEMENTS.name], known(lake)), parents).cache()
    resolved = {MOVEMENTS.name: movements, **parents}
    counts = tally(together(resolved), resolved)
    all_of(partial(_write_silver, lake, frame, counts[table]) for table, frame in resolved.items())
    run.spark.catalog.clearCache()
    return lake.manifest("silver", list(counts.values()))


def _write_silver(lake: Lake, judged: DataFrame, count: TableCount) -> None:
    lake.replace_judged("silver", judged, flat.COLUMNS[count.table], count)


def gold(run: Run) -> Manifest:
    """The new movements as Parquet, and with those of all other dates as one CSV file: both staged."""
    lake = Lake(run)
    new = lake.read("silver", MOVEMENTS.name, flat.SCHEMAS[MOVEMENTS.name])
    staged = lake.stage({FLAT.name: products.movimento_flat(new)})
    ours = run.spark.read.schema(FLAT.schema).parquet(lake.staged(FLAT.name))
    others = known(lake)
    whole = ours if others is None else ours.unionByName(others)
    delimiter = run.options.get("delimiter", ",").replace("tab", "\t")
    header = run.options.get("header", "true") == "true"
    lake.stage_csv(CSV, products.as_text(whole), delimiter=delimiter, header=header)
    return lake.manifest("gold", [TableCount(MOVEMENTS.name, staged[0].rows, staged[0].rows)], staged)
