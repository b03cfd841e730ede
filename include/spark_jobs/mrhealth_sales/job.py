"""The three layers of mrhealth_sales: what each reads, and what it writes where."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from medallion.arrivals import OTHER_FILES, bronze_schema, read_files, replayed, unread_files, write_bronze
from medallion.drop import drop_root, input_roots
from medallion.errors import NoInputError
from medallion.lake import Lake
from medallion.manifest import Manifest, TableCount
from medallion.parallel import all_of
from medallion.quality import tally, together
from medallion.run import Run
from mrhealth_sales import bronze as raw
from mrhealth_sales import gold as products
from mrhealth_sales import late, look_back, office, outlook, summaries
from mrhealth_sales import silver as typed
from mrhealth_sales.dimensions import Dimensions, Facts, frame_of, observed, prices
from mrhealth_sales.summaries import PRODUCT_DAYS, UNIT_DAYS
from mrhealth_sales.tables import DELIVERIES, DELIVERIES_SCHEMA, OF_OFFICE, OF_UNITS, SOURCES, unit_of


def bronze(run: Run) -> Manifest:
    """The drop's files (and head office's) -> rows as they arrived; raises NoInputError. In a replay the rows that were
    refused before, judged again, and what was accepted stays."""
    lake = Lake(run)
    if run.replay:
        return lake.manifest("bronze", [replayed(lake, table, unit_of) for table in SOURCES])
    root = drop_root(lake.storage, run.input, run.business_date)
    if not (files := lake.storage.files(root)):
        raise NoInputError(f"reading the drop of {run.business_date}: no file at {root}; did the units send anything?")
    roots = input_roots(lake.storage, root, None if run.source_secret else run.reference)
    files += [f for other in roots[1:] for f in lake.storage.files(other)]
    office_folder = "".join(f"{lake.storage.qualified(other)}/" for other in roots[1:])
    lake.size_shuffles(sum(f.length for f in files))
    by_files = OF_UNITS if run.source_secret else SOURCES
    rows_of = partial(raw.rows_of, office=office_folder, by_files=by_files)
    unread = unread_files(run.spark, files, rows_of, unit_of)
    rows = read_files(run.spark, roots, rows_of).unionByName(unread).cache()
    counts = tally(rows, raw.TABLES)
    all_of(partial(write_bronze, lake, rows, table, counts[table.name]) for table in by_files)
    counts |= office.read(lake) if run.source_secret else {}
    lake.replace("bronze", DELIVERIES, raw.deliveries(rows))
    strangers = rows.where(F.col("table") == OTHER_FILES)
    lake.replace_quarantine("bronze", strangers, counts[OTHER_FILES])
    rows.unpersist()
    return lake.manifest("bronze", [c for c in counts.values() if c.table != OTHER_FILES or c.rows_in])


def silver(run: Run) -> Manifest:
    """Rows as they arrived -> typed rows, one a business key, named."""
    lake = Lake(run)
    lake.size_shuffles(lake.size_of("bronze", typed.JUDGES))
    arrived = {t.name: lake.read("bronze", t.name, bronze_schema(t)) for t in SOURCES}
    late_dates = late.off_dates(arrived["orders"], run.business_date.isoformat())
    judged = {table: typed.JUDGES[table](frame) for table, frame in arrived.items()}
    judged |= {table.name: judged[table.name].cache() for table in OF_OFFICE}
    dimensions = Dimensions(lake)
    facts = dimensions.named(observed(judged))
    resolved = _named(_without_counted(lake, judged, late_dates), facts)
    counts = tally(together(resolved), resolved)
    late.leave_markers(lake, late_dates)
    writes = [partial(_write_silver, lake, frame, counts[table]) for table, frame in resolved.items()]
    history = partial(_keep_history, dimensions, facts, resolved["items"])
    all_of([*writes, *_summarised(lake, resolved["orders"], resolved["items"]), history])
    run.spark.catalog.clearCache()
    return lake.manifest("silver", list(counts.values()))


def _without_counted(lake: Lake, judged: Mapping[str, DataFrame], late_dates: list[str]) -> Mapping[str, DataFrame]:
    """The judged tables, orders that an earlier drop brought refused together with their items."""
    # This date's own orders may have come before it: in a run of a later date, when dates run out of order.
    days = late.days_to_look_into(lake, [*late_dates, lake.run.business_date.isoformat()])
    counted = late.counted_keys(lake, days, typed.SCHEMAS["orders"])
    if counted is None:
        return judged
    orders = late.refuse_counted(judged["orders"], counted).cache()
    items = late.refuse_counted(judged["items"], late.refused_keys(orders))
    return {**judged, "orders": orders, "items": items}


def _named(judged: Mapping[str, DataFrame], facts: Facts) -> dict[str, DataFrame]:
    """The judged tables, cached, orders with the names of their place and items with that of their product."""
    tables = {table.name: judged[table.name] for table in OF_OFFICE}
    spark = judged["orders"].sparkSession
    units, states, countries, products = (frame_of(spark, table, facts) for table in OF_OFFICE)
    orders = typed.with_branch(judged["orders"], units, states, countries)
    items = typed.with_product(judged["items"], products)
    return {"orders": orders.cache(), "items": items.cache(), **tables}


def _write_silver(lake: Lake, judged: DataFrame, count: TableCount) -> None:
    lake.replace_judged("silver", judged, typed.COLUMNS[count.table], count)


def _keep_history(dimensions: Dimensions, facts: Facts, items: DataFrame) -> None:
    dimensions.keep({**facts, **prices(items)})


def _summarised(lake: Lake, orders: DataFrame, items: DataFrame) -> list[Callable[[], None]]:
    """The writes of what gold of later days reads of this one."""
    day, deliveries = lake.run.business_date, lake.read("bronze", DELIVERIES, DELIVERIES_SCHEMA)
    frames = {
        UNIT_DAYS: summaries.unit_days(orders, items, deliveries, day),
        PRODUCT_DAYS: summaries.product_days(items, orders, day),
    }
    return [partial(lake.replace, "silver", table, frame) for table, frame in frames.items()]


def gold(run: Run) -> Manifest:
    """Typed rows, and the summaries of the days before -> the products, staged."""
    lake = Lake(run)
    lake.size_shuffles(lake.size_of("silver", ["orders", "items"]))
    orders = lake.read("silver", "orders", typed.SCHEMAS["orders"])
    items = lake.read("silver", "items", typed.SCHEMAS["items"])
    outlooks = _outlooks(lake).cache()
    alerts = outlook.alerts(outlooks)
    staged = lake.stage(
        {
            "sales_by_branch_day": products.sales_by_branch_day(orders),
            "sales_by_branch_year": products.sales_by_branch_year(orders),
            "product_sales": products.product_sales(items),
            "alerts": alerts,
            "stock_recommendations": outlook.stock_recommendations(outlooks),
        }
    )
    told = outlook.told(alerts, outlooks, next(table.rows for table in staged if table.table == "alerts"))
    rows = {"orders": orders.count(), "items": items.count()}
    return lake.manifest("gold", [TableCount(table, n, n) for table, n in rows.items()], staged, told)


def _outlooks(lake: Lake) -> DataFrame:
    """Each unit's alerts and recommendations."""
    units = lake.read("silver", "units", typed.SCHEMAS["units"])
    windows = {table: look_back.window(lake, table) for table in (UNIT_DAYS, PRODUCT_DAYS)}
    for window in windows.values():
        window.rows.cache()
    all_of(partial(look_back.keep, lake, table, window) for table, window in windows.items())
    today = lake.run.business_date
    unit_days, product_days = (w.rows.where(F.col("order_date") <= F.lit(today)) for w in windows.values())
    return outlook.outlook(unit_days, product_days, units, today)
