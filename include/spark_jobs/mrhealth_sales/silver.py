"""Silver of mrhealth_sales: typed rows, one a business key, with the names that their keys refer to."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from medallion.contract import Table
from medallion.quality import Rule, judge, last_version_wins, warn
from medallion.raw import TEXT
from medallion.typing_rules import beyond_measure, clean, rules_of, typed, typed_columns
from mrhealth_sales.tables import COUNTRIES, ITEMS, ORDERS, PRODUCTS, STATES, UNITS

STATUSES = PENDING, DONE, CANCELLED = ("Pendente", "Finalizado", "Cancelado")
LINEAGE_SCHEMA = "source_file string, line bigint, ingested_at timestamp"
# The columns of the source's contract, and what silver knows besides.
SCHEMAS = {
    "orders": f"{ORDERS.schema}, branch string, state string, country string, {LINEAGE_SCHEMA}",
    "items": f"unit_id int, {ITEMS.schema}, product string, {LINEAGE_SCHEMA}",
    **{table.name: f"{table.schema}, {LINEAGE_SCHEMA}" for table in (UNITS, STATES, COUNTRIES, PRODUCTS)},
}
COLUMNS = {
    table: [column.split()[0] for column in re.split(r", (?=[a-z])", schema)] for table, schema in SCHEMAS.items()
}
# What stays beside a row's own columns until it is accepted: where it came from, and as what.
CARRIED = ("source_file", "line", "ingested_at", "raw", "raw_encoding", "outcome", "reason", "detail", "warning")


def orders(bronze: DataFrame) -> DataFrame:
    """Judged orders: key (unit, order); `dated` tells that the drop named its unit, and so its day."""
    columns = typed_columns(ORDERS)
    unit_id = F.coalesce(F.col("unit_id"), typed("id_unidade", "int")).alias("unit_id")
    rows = judge(clean(_with_raw_encoding(bronze), ORDERS.source_names), [*rules_of(ORDERS), _other_unit()]).select(
        *{**columns, "unit_id": unit_id}.values(), F.col("unit_id").isNotNull().alias("dated"), *CARRIED
    )
    return last_version_wins(rows, ORDERS.key, content=[name for name in columns if name not in ORDERS.key])


def _other_unit() -> Rule:
    """A row says another unit than the one whose drop it came in."""
    told = F.concat(F.lit("id_unidade is "), F.col("id_unidade"), F.lit(" in the drop of unit "), F.col("unit_id"))
    return Rule("unit_mismatch", F.col("unit_id") != typed("id_unidade", "int"), told)


def items(bronze: DataFrame) -> DataFrame:
    """Judged items: key (unit, order, item); without a unit the key tells nothing, only equal rows are one."""
    rules = [*rules_of(ITEMS), beyond_measure("qtd", "vlr_item")]
    has_unit, columns = F.col("unit_id").isNotNull(), typed_columns(ITEMS)
    rows = judge(clean(_with_raw_encoding(bronze), ITEMS.source_names), rules).select(
        "unit_id", has_unit.alias("dated"), *columns.values(), *CARRIED
    )
    content = [name for name in columns if name not in ITEMS.key]
    return last_version_wins(rows, ITEMS.key, content, versioned=has_unit)


def _reference(source: Table, bronze: DataFrame) -> DataFrame:
    """Judged rows of a head-office table; a name may not be empty, a reference from it to another table may."""
    judged = judge(clean(_with_raw_encoding(bronze), source.source_names), rules_of(source))
    own = {"unit_id": F.lit(None).cast("int").alias("unit_id"), **typed_columns(source)}
    rows = judged.select(*own.values(), *CARRIED)
    return last_version_wins(rows, source.key, [c.name for c in source.columns if c.name not in source.key])


def _with_raw_encoding(bronze: DataFrame) -> DataFrame:
    """What bronze accepted is text."""
    return bronze.withColumn("raw_encoding", F.lit(TEXT))


def with_branch(orders: DataFrame, units: DataFrame, states: DataFrame, countries: DataFrame) -> DataFrame:
    """Orders with the names of their unit; an unknown unit keeps its order, nameless, with a warning."""
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
    """Items with the name of their product; an unknown product keeps its item, nameless, with a warning."""
    named = items.join(F.broadcast(products.select("product_id", "product")), on="product_id", how="left")
    return warn(named, "unknown_product", F.col("product").isNull())


JUDGES: dict[str, Callable[[DataFrame], DataFrame]] = {
    "orders": orders,
    "items": items,
    **{table.name: partial(_reference, table) for table in (UNITS, STATES, COUNTRIES, PRODUCTS)},
}
