"""The three layers of mrhealth_sales: what each reads, and what it writes where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from medallion.arrivals import bronze_schema, read_files, replayed, unread_files, write_bronze
from medallion.changeset import Changeset
from medallion.drop import drop_root, input_roots
from medallion.errors import NoInputError
from medallion.lake import DAY, Lake
from medallion.manifest import OTHER_FILES, Manifest, TableCount
from medallion.parallel import all_of
from medallion.quality import LINEAGE, VERDICT, is_accepted, tally, together
from medallion.run import Run
from mrhealth_sales.jobs import bronze as raw
from mrhealth_sales.jobs import gold as products
from mrhealth_sales.jobs import look_back, office, outlook, page, refusals, restated, summaries, versions
from mrhealth_sales.jobs import silver as typed
from mrhealth_sales.jobs.dimensions import Dimensions, Facts, NamesByDay, frame_of, observed, prices
from mrhealth_sales.jobs.order_index import OrderIndex
from mrhealth_sales.jobs.summaries import PRODUCT_DAYS, UNIT_DAYS
from mrhealth_sales.jobs.tables import (
    ARRIVALS,
    ARRIVALS_SCHEMA,
    DELIVERIES,
    DELIVERIES_SCHEMA,
    OF_OFFICE,
    OF_UNITS,
    SOURCES,
    unit_of,
)

SOLD = ("product_id", "quantity", "item_value")  # what the day's prices are worked out from


def bronze(run: Run) -> Manifest:
    """The day's delivery (and the head office reference data) -> rows as they arrived; raises NoInputError. In a
    replay: judge the rows that were refused before again; accepted rows stay."""
    lake = Lake(run)
    if run.replay:
        judged_again = [replayed(lake, table, unit_of) for table in SOURCES]
        lake.check_losses("bronze", judged_again)
        return lake.manifest("bronze", judged_again)
    root = drop_root(lake.storage, run.input, run.business_date)
    if not (files := lake.storage.files(root)):
        raise NoInputError(f"reading the drop of {run.business_date}: no file at {root}; did the units send anything?")
    roots = input_roots(lake.storage, root, None if run.source_secret else run.reference)
    files += [f for other in roots[1:] for f in lake.storage.files(other)]
    office_folder = "".join(f"{lake.storage.qualified(other)}/" for other in roots[1:])
    lake.fit_spark_to(sum(f.length for f in files))
    by_files = OF_UNITS if run.source_secret else SOURCES
    rows_of = partial(raw.rows_of, office=office_folder, by_files=by_files, bounds=run.bounds)
    unread = unread_files(run, files, rows_of, raw.refused, unit_of)
    rows = read_files(run, roots, rows_of).unionByName(unread).cache()
    counts = tally(rows, raw.TABLES)
    all_of(partial(write_bronze, lake, rows, table, counts[table.name]) for table in by_files)
    counts |= office.read(lake) if run.source_secret else {}
    lake.replace("bronze", DELIVERIES, raw.deliveries(rows))
    lake.replace("bronze", ARRIVALS, raw.arrivals(run.spark, files))
    strangers = rows.where(F.col("table") == OTHER_FILES)
    lake.replace_quarantine("bronze", strangers, counts[OTHER_FILES])
    rows.unpersist()
    lake.check_losses("bronze", counts.values())
    return lake.manifest("bronze", [c for c in counts.values() if c.table != OTHER_FILES or c.rows_in])


def silver(run: Run) -> Manifest:
    """Rows as they arrived -> typed rows, one a business key, with names; and the valid versions of their orders."""
    lake, day = Lake(run), run.business_date
    lake.fit_spark_to(lake.size_of("bronze", [table.name for table in SOURCES]))
    arrived = {t.name: lake.read("bronze", t.name, bronze_schema(t)) for t in SOURCES}
    judged = {t.name: typed.JUDGES[t.name](_with_arrival(lake, arrived[t.name])).cache() for t in OF_OFFICE}
    dimensions, changes = Dimensions(lake), Changeset(lake)
    facts = dimensions.named(observed(judged))
    units, states, countries, sold = (frame_of(run.spark, table, facts) for table in OF_OFFICE)
    named = typed.with_branch(typed.orders(_with_arrival(lake, arrived["orders"]), day), units, states, countries)
    orders = versions.tell(changes, "orders", named, day)
    named = typed.with_product(typed.items(_with_arrival(lake, arrived["items"]), orders), sold)
    items = versions.tell(changes, "items", named, day)
    merged = versions.merge(changes, OrderIndex(lake, changes), orders, items, day)
    narrow = {"orders": _narrow(merged.orders).cache(), "items": _narrow(merged.items, *SOLD).cache()}
    _summarise(lake, changes, replace(merged, **narrow))
    resolved = {**narrow, **judged}
    counts = tally(together(resolved), resolved)
    all_of(partial(lake.replace_quarantine, "silver", resolved[t.name], counts[t.name]) for t in OF_UNITS)
    lake.check_losses("silver", counts.values())
    changes.commit(merged.touched)
    writes = [partial(_write_silver, lake, judged[t.name], counts[t.name]) for t in OF_OFFICE]
    all_of([*writes, partial(_keep_history, dimensions, facts, resolved["items"])])
    run.spark.catalog.clearCache()
    return lake.manifest("silver", list(counts.values()))


def _with_arrival(lake: Lake, rows: DataFrame) -> DataFrame:
    """Bronze rows with the arrival time of their file; null for bronze written before arrival times were recorded."""
    if not lake.storage.exists(lake.partition("bronze", ARRIVALS)):
        return rows.withColumn("arrived_at", F.lit(None).cast("timestamp"))
    return rows.join(F.broadcast(lake.read("bronze", ARRIVALS, ARRIVALS_SCHEMA)), on="source_file", how="left")


def _narrow(judged: DataFrame, *columns: str) -> DataFrame:
    """Of judged rows what is counted and quarantined, and some columns; the original text of refused rows only."""
    raw = F.when(~is_accepted(), F.col("raw")).alias("raw")
    return judged.select("unit_id", "dated", *LINEAGE, raw, "raw_encoding", *VERDICT, *columns)


def _write_silver(lake: Lake, judged: DataFrame, count: TableCount) -> None:
    lake.replace_judged("silver", judged, typed.COLUMNS[count.table], count)


def _keep_history(dimensions: Dimensions, facts: Facts, items: DataFrame) -> None:
    dimensions.keep({**facts, **prices(items)})


def _summarise(lake: Lake, changes: Changeset, merged: versions.Merged) -> None:
    """Stage the summaries of the changed days, which later days' gold reads."""
    today, deliveries = lake.run.business_date, lake.read("bronze", DELIVERIES, DELIVERIES_SCHEMA)
    known = changes.known(UNIT_DAYS, [day for day in merged.touched if day != str(today)], summaries.SCHEMAS[UNIT_DAYS])
    came = summaries.came(merged.orders, merged.items, deliveries, today)
    frames = {
        UNIT_DAYS: summaries.unit_days(merged.current_orders, came, known),
        PRODUCT_DAYS: summaries.product_days(merged.current_items),
    }
    for table, frame in frames.items():
        by_day = frame.withColumn(DAY, F.col("order_date").cast("string"))
        changes.stage(table, by_day, merged.touched, summaries.SCHEMAS[table])


def gold(run: Run) -> Manifest:
    """The valid orders of each changed day, and the summaries of the days before -> products, staged."""
    lake = Lake(run)
    lake.fit_spark_to(lake.size_of("bronze", [table.name for table in SOURCES]))
    changes = Changeset(lake)
    days = sorted({*changes.unpublished(), str(run.business_date)})
    orders, items = versions.current(changes, days)
    names = NamesByDay(lake, days)
    orders, items = names.of_units(orders).cache(), names.of_products(items).cache()
    windows = {table: look_back.window(lake, changes, table) for table in (UNIT_DAYS, PRODUCT_DAYS)}
    outlooks = _outlooks(lake, changes, windows).cache()
    judged = {
        "alerts": outlook.alerts(outlooks),
        "stock_recommendations": outlook.stock_recommendations(outlooks),
        "stock_forecast_days": outlook.stock_forecast_days(outlooks),
    }
    sold = {"sales_by_branch_day": products.sales_by_branch_day(orders), "product_sales": products.product_sales(items)}
    staged = lake.stage(
        {
            **sold,
            "sales_by_branch_year": products.sales_by_branch_year(orders),
            "sales_by_product_branch_day": products.sales_by_product_branch_day(items, orders),
            **judged,
        },
        days,
    )
    told = outlook.told(judged["alerts"], outlooks)
    page.write(lake, staged, windows[UNIT_DAYS].rows, judged)
    own = F.col("business_date") == F.lit(run.business_date)
    rows = {"orders": orders.where(own).count(), "items": items.where(own).count()}
    counts = [TableCount(table, n, n) for table, n in rows.items()]
    return lake.manifest("gold", counts, staged, told, restated.between(lake, sold, days))


def _outlooks(lake: Lake, changes: Changeset, windows: Mapping[str, look_back.Window]) -> DataFrame:
    """Each unit's alerts and stock recommendations, out of the windows of unit_days and product_days."""
    units, sold = (lake.read("silver", table, typed.SCHEMAS[table]) for table in ("units", "products"))
    names = {row.product_id: row.product for row in sold.collect()}
    for window in windows.values():
        window.rows.cache()
    all_of(partial(look_back.keep, lake, table, window) for table, window in windows.items())
    today = lake.run.business_date
    until_today = F.col("order_date") <= F.lit(today)
    unit_days, product_days = (windows[table].rows.where(until_today) for table in (UNIT_DAYS, PRODUCT_DAYS))
    missed = refusals.of_units(lake, changes)
    most_refused = lake.run.most_refused_of_unit
    return outlook.outlook(unit_days, product_days, units, missed, today, products=names, most_refused=most_refused)
