"""The three layers of card_movements: what each reads, and what it writes where."""

from __future__ import annotations

from dataclasses import replace
from functools import partial, reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from card_movements.jobs import bronze as raw
from card_movements.jobs import gold as products
from card_movements.jobs import owner, page, restated
from card_movements.jobs import silver as flat
from card_movements.jobs.tables import ASIDE, CARDS, FLAT, MOVEMENTS, PARENTS, REFUSED, SOURCES, bronze_schema
from card_movements.jobs.window import Movements, aside, is_full_reload, known, refused
from medallion.jdbc import Database
from medallion.lake import Lake
from medallion.manifest import Manifest, TableCount
from medallion.parallel import all_of
from medallion.quality import tally, together
from medallion.run import Run
from medallion.secret import address

CSV = "movimento_flat.csv"
GUARDED = "guarded_cells"  # the warning that counts the CSV cells prefixed with an apostrophe


def bronze(run: Run) -> Manifest:
    """The database's rows -> rows as they arrived; raises SourceError. A replay keeps what arrived before."""
    lake = Lake(run)
    movements, source = (TableCount(MOVEMENTS.name, 0, 0), "") if run.replay else _read(lake)
    counts = _arrived(lake)
    own = counts[MOVEMENTS.name]
    counts[MOVEMENTS.name] = replace(own, warnings=movements.warnings, waiting=movements.waiting)
    return replace(lake.manifest("bronze", list(counts.values())), source=source)


def _read(lake: Lake) -> tuple[TableCount, str]:
    """Read the four tables; returns the movements' warnings and the database's identity."""
    lake.fit_spark_to(None)  # the size of the read is unknown yet; what it is compared with are a few columns
    opened = address(lake.run.source_secret)
    identity, database = owner.check(lake, opened), Database(lake.run.spark, opened, lake.run.timezone)
    tables = database.tables(SOURCES)
    source, last = Movements(database, tables[MOVEMENTS.name]), lake.run.business_date
    requested, warnings = raw.requested(lake, source)
    # Movements first: the rows they refer to exist by the time that the other tables are read.
    lake.replace("bronze", MOVEMENTS.name, raw.arrived(lake, source.read(requested, last)))
    read = lake.read("bronze", MOVEMENTS.name, bronze_schema(MOVEMENTS))
    lake.replace("bronze", ASIDE, aside(lake, source, requested, read))
    all_of(
        partial(lake.replace, "bronze", table.name, raw.arrived(lake, database.read(tables[table.name])))
        for table in PARENTS
    )
    return TableCount(MOVEMENTS.name, 0, 0, warnings=warnings, waiting=source.waiting(last)), identity


def _arrived(lake: Lake) -> dict[str, TableCount]:
    tables = (lake.read("bronze", t.name, bronze_schema(t)).select(F.lit(t.name).alias("table")) for t in SOURCES)
    counts_by_table = {
        row["table"]: row["count"] for row in reduce(DataFrame.unionAll, tables).groupBy("table").count().collect()
    }
    return {table.name: TableCount(table.name, n := counts_by_table.get(table.name, 0), n) for table in SOURCES}


def silver(run: Run) -> Manifest:
    """Rows as they arrived -> typed rows. Only movements that no other business date published unchanged (in a full
    reload all) are resolved."""
    lake = Lake(run)
    lake.fit_spark_to(lake.size_of("bronze", [table.name for table in SOURCES]))
    judged = {t.name: flat.judged(t, lake.read("bronze", t.name, bronze_schema(t))) for t in SOURCES}
    parents = {table.name: judged[table.name].cache() for table in PARENTS}
    published = None if is_full_reload(lake) else known(lake)
    movements = flat.compared(judged[MOVEMENTS.name], published, parents[CARDS.name])
    resolved = {MOVEMENTS.name: flat.flat(movements, parents).cache(), **parents}
    counts = tally(together(resolved), resolved)
    writes = [partial(_write_silver, lake, frame, counts[table]) for table, frame in resolved.items()]
    all_of([*writes, partial(lake.replace, "silver", REFUSED, refused(lake, resolved[MOVEMENTS.name]))])
    run.spark.catalog.clearCache()
    return lake.manifest("silver", list(counts.values()))


def _write_silver(lake: Lake, judged: DataFrame, count: TableCount) -> None:
    lake.replace_judged("silver", judged, flat.COLUMNS[count.table], count)


def gold(run: Run) -> Manifest:
    """The new movements as Parquet, with the changed ones of other dates; and all movements as one CSV file."""
    lake = Lake(run)
    accepted = lake.read("silver", MOVEMENTS.name, flat.SCHEMAS[MOVEMENTS.name]).select(*restated.COLUMNS)
    placed = restated.placed(lake, accepted, known(lake))
    by_day = not placed.is_one_day
    staged = lake.stage({FLAT.name: products.movimento_flat(placed.rows, by_day)}, placed.days if by_day else ())
    ours = run.spark.read.schema(FLAT.schema).parquet(lake.staged(FLAT.name)).select(*restated.COLUMNS)
    others = placed.others
    whole = ours if others is None else ours.unionByName(others.select(*restated.COLUMNS))
    delimiter = run.options.get("delimiter", ",").replace("tab", "\t")
    header = run.is_on("header", by_default=True)
    text, cells = products.as_text(whole, guard=run.is_on("guard", by_default=True))
    lake.stage_csv(CSV, text, delimiter=delimiter, header=header)
    rows = accepted.count() if by_day or is_full_reload(lake) else staged[0].rows
    page.write(lake, staged, whole)
    restated_days = restated.changes(lake, placed.days, whole)
    run.spark.catalog.clearCache()
    count = TableCount(MOVEMENTS.name, rows, rows, warnings={GUARDED: cells} if cells else {})
    return lake.manifest("gold", [count], staged, restated=restated_days)
