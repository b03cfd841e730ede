"""Silver of mrhealth_sales: typed rows, one a business key, with the names that their keys refer to."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date
from functools import partial

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from medallion.quality import ACCEPTED, LINEAGE, STEM, Rule, accepted, last_version_wins, overrule, warn
from medallion.raw import TEXT
from medallion.typing_rules import beyond_measure, clean, judge_rows, rules_of, typed, typed_columns
from mrhealth_sales.jobs.tables import COUNTRIES, ITEMS, ORDERS, PRODUCTS, STATES, UNITS
from nightshift_contract.model import Table

STATUSES = PENDING, DONE, CANCELLED = ("Pendente", "Finalizado", "Cancelado")
LINEAGE_SCHEMA = "source_file string, line bigint, ingested_at timestamp"
# The columns of the source's contract, and silver's additional ones.
SCHEMAS = {
    "orders": f"{ORDERS.schema}, branch string, state string, country string, {LINEAGE_SCHEMA}",
    "items": f"unit_id int, {ITEMS.schema}, product string, {LINEAGE_SCHEMA}",
    **{table.name: f"{table.schema}, {LINEAGE_SCHEMA}" for table in (UNITS, STATES, COUNTRIES, PRODUCTS)},
}


def columns_of(schema: str) -> list[str]:
    """The names of the columns of a schema."""
    return [column.split()[0] for column in re.split(r", (?=[a-z])", schema)]


COLUMNS = {table: columns_of(schema) for table, schema in SCHEMAS.items()}
# Columns kept beside a row's own until it is accepted: its origin and original text.
CARRIED = ("source_file", "line", "ingested_at", "raw", "raw_encoding", "outcome", "reason", "detail", "warning")
LATER = ("arrived_at", *LINEAGE)  # of two rows of one delivery that differ, the one whose file arrived later
_FIRST_DAY = date(2000, 1, 1)


def orders(bronze: DataFrame, day: date) -> DataFrame:
    """Judged orders of one date's delivery: key (unit, order). `dated`: the delivery named its unit, and so its day.
    The frame has each file's arrival time (`arrived_at`)."""
    columns = typed_columns(ORDERS)
    unit_id = F.coalesce(F.col("unit_id"), typed("id_unidade", "int")).alias("unit_id")
    rules = [*rules_of(ORDERS), _other_unit(), _other_time(day)]
    rows = _judged(ORDERS, bronze, rules).select(
        *{**columns, "unit_id": unit_id}.values(),
        F.col("unit_id").isNotNull().alias("dated"),
        "arrived_at",
        *CARRIED,
    )
    content = [name for name in columns if name not in ORDERS.key]
    return last_version_wins(rows, ORDERS.key, content, order=LATER)


def _other_time(day: date) -> Rule:
    """Rule: an order's date is in the future, or before the first possible day."""
    on = typed("data_pedido", "date")
    told = F.concat(F.lit("data_pedido is "), F.col("data_pedido"), F.lit(f", outside {_FIRST_DAY} to {day}"))
    return Rule("date_out_of_range", (on > F.lit(day)) | (on < F.lit(_FIRST_DAY)), told)


def _other_unit() -> Rule:
    """Rule: a row names another unit than the one that delivered it."""
    told = F.concat(F.lit("id_unidade is "), F.col("id_unidade"), F.lit(" in the drop of unit "), F.col("unit_id"))
    return Rule("unit_mismatch", F.col("unit_id") != typed("id_unidade", "int"), told)


def items(bronze: DataFrame, orders: DataFrame) -> DataFrame:
    """Judged items of one date's delivery: key (unit, order, item). If an order's items came in several files, only the
    last file's count. In a delivery that names no unit, the unit comes from its judged `orders`."""
    rules = [*rules_of(ITEMS), beyond_measure("qtd", "vlr_item")]
    columns = typed_columns(ITEMS)
    judged = _judged(ITEMS, bronze, rules)
    rows = judged.select("unit_id", *columns.values(), "arrived_at", *CARRIED)
    content = [name for name in columns if name not in ITEMS.key]
    without_unit = orders.where("not dated")
    some_have_none = not without_unit.isEmpty()
    rows = rows.withColumn("dated", F.col("unit_id").isNotNull())
    if some_have_none:
        rows = _with_unit(rows, without_unit)
    # All that follows looks at the rows of an order: they travel once.
    together = rows.repartition("unit_id", "order_id")
    latest = _of_the_last_file(last_version_wins(together, ITEMS.key, content, order=LATER))
    return _without_refused(latest, orders, without_unit if some_have_none else None)


def _with_unit(items: DataFrame, orders: DataFrame) -> DataFrame:
    """Fill the unit of items that have none from the order with their number; if several units have that number, from
    the first in the file, with a warning. Items whose order is not in the delivery keep none: they wait for it.
    `orders`: those that came with no unit."""
    first = F.min_by("unit_id", F.struct("arrived_at", F.expr(STEM), *LINEAGE)).alias("_unit")
    known = accepted(orders).groupBy("order_id").agg(first, F.count_distinct("unit_id").alias("_units"))
    marked = items.join(known, on="order_id", how="left")
    marked = warn(marked, "ambiguous_order", ~F.col("dated") & (F.col("_units") > 1))
    return marked.withColumn("unit_id", F.coalesce("unit_id", "_unit")).drop("_unit", "_units")


def _without_refused(items: DataFrame, orders: DataFrame, without_unit: DataFrame | None) -> DataFrame:
    """Quarantine items whose order was refused in the same delivery, whatever other deliveries say of the order.
    `without_unit`: the orders that came with no unit, if any did."""
    stands = F.max((F.col("outcome") == ACCEPTED).cast("int")).alias("_stands")
    known = orders.groupBy("unit_id", "order_id").agg(stands)
    marked, refused = items.join(known, on=["unit_id", "order_id"], how="left"), F.col("_stands")
    if without_unit is not None:
        of_any_unit = without_unit.groupBy("order_id").agg(F.lit(0).alias("_refused"))
        marked = marked.join(of_any_unit, on="order_id", how="left")
        refused = F.when(F.col("unit_id").isNull(), F.col("_refused")).otherwise(refused)
    return overrule(marked, "orphan_item", refused == 0, F.lit("its order was refused")).drop("_stands", "_refused")


def _of_the_last_file(items: DataFrame) -> DataFrame:
    file = F.struct("arrived_at", F.expr(STEM), "source_file")
    last = F.max(file).over(Window.partitionBy("unit_id", "order_id", "outcome"))
    marked = items.withColumn("_last", last)
    told = F.concat(F.lit("replaced by the items of its order in "), F.col("_last.source_file"))
    return overrule(marked, "superseded", file != F.col("_last"), told).drop("_last")


def _reference(source: Table, bronze: DataFrame) -> DataFrame:
    """Judged rows of a head office table, with each file's arrival time. A name must not be empty; a reference from it
    to another table may be."""
    judged = _judged(source, bronze, rules_of(source))
    own = {"unit_id": F.lit(None).cast("int").alias("unit_id"), **typed_columns(source)}
    rows = judged.select(*own.values(), "arrived_at", *CARRIED)
    content = [c.name for c in source.columns if c.name not in source.key]
    return last_version_wins(rows, source.key, content, order=LATER).drop("arrived_at")


def _judged(table: Table, bronze: DataFrame, rules: Sequence[Rule]) -> DataFrame:
    """Judged rows; the columns of bronze are text."""
    rows = clean(bronze.withColumn("raw_encoding", F.lit(TEXT)), table)
    return judge_rows(rows, rules, [column for column in table.columns if not column.required])


def with_branch(orders: DataFrame, units: DataFrame, states: DataFrame, countries: DataFrame) -> DataFrame:
    """Orders with the names of their unit; an unknown unit keeps its order, without names and with a warning."""
    places = (
        units.select("unit_id", "branch", "state_id")
        .join(F.broadcast(states.select("state_id", "country_id", "state")), on="state_id", how="left")
        .join(F.broadcast(countries.select("country_id", "country")), on="country_id", how="left")
        .select("unit_id", "branch", "state", "country")
    )
    named = orders.join(F.broadcast(places), on="unit_id", how="left")
    named = warn(named, "unknown_unit", F.col("branch").isNull())
    return warn(named, "unknown_place", F.col("state").isNull() | F.col("country").isNull())


def with_product(items: DataFrame, products: DataFrame) -> DataFrame:
    """Items with the name of their product; an unknown product keeps its item, without a name and with a warning."""
    named = items.join(F.broadcast(products.select("product_id", "product")), on="product_id", how="left")
    return warn(named, "unknown_product", F.col("product").isNull())


JUDGES: dict[str, Callable[[DataFrame], DataFrame]] = {
    table.name: partial(_reference, table) for table in (UNITS, STATES, COUNTRIES, PRODUCTS)
}
