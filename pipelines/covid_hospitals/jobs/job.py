"""The three layers of covid_hospitals: what each reads, and what it writes where."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import partial, reduce
from typing import NamedTuple

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from covid_hospitals.jobs import bronze as raw
from covid_hospitals.jobs import gold as products
from covid_hospitals.jobs import page
from covid_hospitals.jobs import silver as typed
from covid_hospitals.jobs.history import write_history
from covid_hospitals.jobs.names import official
from covid_hospitals.jobs.tables import FACTS, SOURCES
from medallion.arrivals import bronze_schema, no_sender, read_files, replayed, unread_files, write_bronze
from medallion.drop import drop_root, input_roots
from medallion.errors import NoInputError
from medallion.lake import Lake
from medallion.manifest import OTHER_FILES, Manifest, TableCount
from medallion.parallel import all_of
from medallion.quality import accepted, tally, together
from medallion.run import Run

NOT_DELIVERED, OLDER = "not_delivered", "older_than_business_date"
# The column of each kind whose newest day gold uses; outcomes count whole.
DAYS = {"occupancy": "snapshot", "states": "series_date", "cities": "series_date"}


def bronze(run: Run) -> Manifest:
    """The delivered files (and the reference data) -> rows as they arrived; raises NoInputError when there is no file.
    In a replay: judge the rows that were refused before again; accepted rows stay."""
    lake = Lake(run)
    if run.replay:
        return lake.manifest("bronze", [replayed(lake, table, no_sender) for table in SOURCES])
    root = drop_root(lake.storage, run.input, run.business_date)
    if not (files := lake.storage.files(root)):
        raise NoInputError(
            f"reading the delivery of {run.business_date}: no file at {root}; check whether any route delivered"
        )
    roots = input_roots(lake.storage, root, run.reference)
    files += [f for other in roots[1:] for f in lake.storage.files(other)]
    lake.fit_spark_to(sum(f.length for f in files))
    rows_of = partial(raw.rows_of, bounds=run.bounds)
    unread = unread_files(run, files, rows_of, raw.refused, no_sender)
    rows = read_files(run, roots, rows_of).unionByName(unread).cache()
    counts = tally(rows, raw.TABLES)
    all_of(partial(write_bronze, lake, rows, table, counts[table.name]) for table in SOURCES)
    lake.replace_quarantine("bronze", rows.where(F.col("table") == OTHER_FILES), counts[OTHER_FILES])
    rows.unpersist()
    _refuse_nothing(counts, root)
    return lake.manifest("bronze", [c for c in counts.values() if c.table != OTHER_FILES or c.rows_in])


def _refuse_nothing(counts: Mapping[str, TableCount], root: str) -> None:
    """Raise NoInputError unless at least one file holds facts."""
    if not any(counts[table.name].rows_in or counts[table.name].warnings for table in FACTS):
        kinds = ", ".join(table.name for table in FACTS)
        raise NoInputError(f"reading {root}: no file has the columns of any of {kinds}; its quarantine says why")


def silver(run: Run) -> Manifest:
    """Rows as they arrived -> typed rows, one a business key, and the history of notifications."""
    lake = Lake(run)
    lake.fit_spark_to(lake.size_of("bronze", typed.COLUMNS))
    arrived = {table.name: lake.read("bronze", table.name, bronze_schema(table)) for table in SOURCES}
    counts = _write_silver(lake, typed.names_of_places(arrived))
    # Read back: else each of five joins carries the judging in its plan, which Spark plans again at every step.
    towns, people = (lake.read("silver", table, typed.SCHEMAS[table]) for table in ("municipalities", "population"))
    judged = typed.facts(arrived, official(towns, people).cache(), run.business_date, run.timezone)
    counts |= _write_silver(lake, judged)
    write_history(lake, accepted(judged["occupancy"]))
    run.spark.catalog.clearCache()
    return lake.manifest("silver", [counts[table.name] for table in SOURCES])


def _write_silver(lake: Lake, judged: Mapping[str, DataFrame]) -> dict[str, TableCount]:
    """Write some tables; returns their row counts."""
    for frame in judged.values():
        frame.cache()
    counts = tally(together(judged), judged)
    all_of(
        partial(lake.replace_judged, "silver", frame, typed.COLUMNS[table], counts[table])
        for table, frame in judged.items()
    )
    return counts


def gold(run: Run) -> Manifest:
    """Typed rows -> the products, staged; a kind without a file gives an empty table, and a warning."""
    lake = Lake(run)
    lake.fit_spark_to(lake.size_of("silver", typed.COLUMNS))
    tables = {table: lake.read("silver", table, schema).cache() for table, schema in typed.SCHEMAS.items()}
    population = products.population_of(tables["population"], run.business_date.year).cache()
    came = _came(tables)
    newest = {table: products.of_day(tables[table], column, came[table].newest) for table, column in DAYS.items()}
    cases = products.cases_by_state(newest["states"], population)
    places = products.with_places(tables["outcomes"], tables["state_names"], tables["municipalities"]).cache()
    hospitals = products.hospitals(newest["occupancy"], tables["municipalities"]).cache()
    staged = lake.stage(
        {
            "cases_by_state": cases,
            "cases_by_state_day": products.cases_by_state_day(tables["states"]),
            "bed_occupancy": products.bed_occupancy(hospitals),
            "bed_occupancy_by_city": products.bed_occupancy_by_city(hospitals),
            "bed_occupancy_by_hospital": products.bed_occupancy_by_hospital(hospitals),
            "suspected_confirmed": products.suspected_confirmed(places),
            "deaths_by_status": products.deaths_by_status(places),
            "most_least_affected": products.most_least_affected(cases.frame, newest["cities"], population),
        }
    )
    page.write(lake, staged, tables["states"])
    return lake.manifest("gold", [_count(table, of, run.business_date) for table, of in came.items()], staged)


class _Came(NamedTuple):
    """The number of rows of a kind, and its newest day; None for a kind without days or rows."""

    rows: int
    newest: date | None


def _came(tables: Mapping[str, DataFrame]) -> dict[str, _Came]:
    """What came of each kind, in one Spark job."""
    no_day = F.lit(None).cast("date")
    days = {table: F.col(DAYS[table]) if table in DAYS else no_day for table in tables}
    parts = [frame.select(F.lit(table).alias("table"), days[table].alias("day")) for table, frame in tables.items()]
    by_table = reduce(DataFrame.unionAll, parts).groupBy("table")
    rows = by_table.agg(F.count(F.lit(1)).alias("rows"), F.max("day").alias("newest")).collect()
    return dict.fromkeys(tables, _Came(0, None)) | {row["table"]: _Came(row["rows"], row["newest"]) for row in rows}


def _count(table: str, came: _Came, business_date: date) -> TableCount:
    """The row count of a kind, with a warning about it as a whole."""
    warnings = {}
    if not came.rows:
        warnings[NOT_DELIVERED] = 1
    elif (came.newest or business_date) < business_date:
        warnings[OLDER] = came.rows
    return TableCount(table, came.rows, came.rows, warnings=warnings)
