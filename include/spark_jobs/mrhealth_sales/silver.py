"""Silver of mrhealth_sales: typed rows, one a business key, with the names that their keys refer to."""

from __future__ import annotations

import re
from collections.abc import Callable

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from medallion.quality import Rule, judge, last_version_wins, warn
from medallion.raw import TEXT
from medallion.typing_rules import (
    MONEY,
    MONEY_TYPE,
    QUANTITY,
    WHOLE,
    beyond_measure,
    clean,
    listed,
    missing,
    not_a_date,
    not_a_number,
    not_listed,
    typed,
)
from mrhealth_sales.tables import COUNTRIES, ITEMS, ORDERS, PRODUCTS, STATES, UNITS, SourceTable

TYPES = ("Loja Online", "Loja Física")
STATUSES = PENDING, DONE, CANCELLED = ("Pendente", "Finalizado", "Cancelado")
LINEAGE_SCHEMA = "source_file string, line bigint, ingested_at timestamp"
SCHEMAS = {
    "orders": (
        "unit_id int, order_id string, order_type string, order_date date, order_value decimal(18,2), "
        "delivery_address string, delivery_fee decimal(18,2), status string, "
        f"branch string, state string, country string, {LINEAGE_SCHEMA}"
    ),
    "items": (
        "unit_id int, order_id string, item_id string, product_id int, quantity bigint, item_value decimal(18,2), "
        f"note string, product string, {LINEAGE_SCHEMA}"
    ),
    "units": f"unit_id int, branch string, state_id string, {LINEAGE_SCHEMA}",
    "states": f"state_id string, country_id string, state string, {LINEAGE_SCHEMA}",
    "countries": f"country_id string, country string, {LINEAGE_SCHEMA}",
    "products": f"product_id int, product string, {LINEAGE_SCHEMA}",
}
COLUMNS = {
    table: [column.split()[0] for column in re.split(r", (?=[a-z])", schema)] for table, schema in SCHEMAS.items()
}
# What stays beside a row's own columns until it is accepted: where it came from, and as what.
CARRIED = ("source_file", "line", "ingested_at", "raw", "raw_encoding", "outcome", "reason", "detail", "warning")


def orders(bronze: DataFrame) -> DataFrame:
    """Judged orders: key (unit, order); `dated` tells that the drop named its unit, and so its day."""
    rules = [
        missing(["id_unidade", "id_pedido", "tipo_pedido", "data_pedido", "vlr_pedido", "status"]),
        not_a_number("id_unidade", WHOLE),
        not_a_number("vlr_pedido", MONEY),
        not_a_number("taxa_entrega", MONEY),
        not_a_date("data_pedido"),
        not_listed("unknown_type", "tipo_pedido", TYPES),
        not_listed("unknown_status", "status", STATUSES),
        _other_unit(),
    ]
    rows = judge(clean(_with_raw_encoding(bronze), ORDERS.columns), rules).select(
        F.coalesce(F.col("unit_id"), typed("id_unidade", "int")).alias("unit_id"),
        F.col("id_pedido").alias("order_id"),
        listed("tipo_pedido", TYPES).alias("order_type"),
        typed("data_pedido", "date").alias("order_date"),
        typed("vlr_pedido", MONEY_TYPE).alias("order_value"),
        F.col("endereco_entrega").alias("delivery_address"),
        # A shop's own counter has no delivery: an empty fee is none.
        F.coalesce(typed("taxa_entrega", MONEY_TYPE), F.lit(0).cast(MONEY_TYPE)).alias("delivery_fee"),
        listed("status", STATUSES).alias("status"),
        F.col("unit_id").isNotNull().alias("dated"),
        *CARRIED,
    )
    content = ["order_type", "order_date", "order_value", "delivery_address", "delivery_fee", "status"]
    return last_version_wins(rows, key=["unit_id", "order_id"], content=content)


def _other_unit() -> Rule:
    """A row says another unit than the one whose drop it came in."""
    told = F.concat(F.lit("id_unidade is "), F.col("id_unidade"), F.lit(" in the drop of unit "), F.col("unit_id"))
    return Rule("unit_mismatch", F.col("unit_id") != typed("id_unidade", "int"), told)


def items(bronze: DataFrame) -> DataFrame:
    """Judged items: key (unit, order, item); without a unit the key tells nothing, only equal rows are one."""
    rules = [
        missing(["id_pedido", "id_item_pedido", "id_produto", "qtd", "vlr_item"]),
        not_a_number("id_produto", WHOLE),
        not_a_number("qtd", QUANTITY),
        not_a_number("vlr_item", MONEY),
        beyond_measure("qtd", "vlr_item"),
    ]
    rows = judge(clean(_with_raw_encoding(bronze), ITEMS.columns), rules).select(
        "unit_id",
        F.col("unit_id").isNotNull().alias("dated"),
        F.col("id_pedido").alias("order_id"),
        F.col("id_item_pedido").alias("item_id"),
        typed("id_produto", "int").alias("product_id"),
        typed("qtd", "bigint").alias("quantity"),
        typed("vlr_item", MONEY_TYPE).alias("item_value"),
        F.col("observacao").alias("note"),
        *CARRIED,
    )
    key, content = ["unit_id", "order_id", "item_id"], ["product_id", "quantity", "item_value", "note"]
    return last_version_wins(rows, key, content, versioned=F.col("unit_id").isNotNull())


def units(bronze: DataFrame) -> DataFrame:
    """Judged units, key unit_id."""
    names = {"branch": F.col("nome_unidade"), "state_id": F.col("id_estado")}
    return _reference(bronze, UNITS, {"unit_id": typed("id_unidade", "int")}, names)


def states(bronze: DataFrame) -> DataFrame:
    """Judged states, key state_id."""
    names = {"country_id": F.col("id_pais"), "state": F.col("nome_estado")}
    return _reference(bronze, STATES, {"state_id": F.col("id_estado")}, names)


def countries(bronze: DataFrame) -> DataFrame:
    """Judged countries, key country_id."""
    return _reference(bronze, COUNTRIES, {"country_id": F.col("id_pais")}, {"country": F.col("nome_pais")})


def products(bronze: DataFrame) -> DataFrame:
    """Judged products, key product_id."""
    names = {"product": F.col("nome_produto")}
    return _reference(bronze, PRODUCTS, {"product_id": typed("id_produto", "int")}, names)


def _reference(bronze: DataFrame, source: SourceTable, key: dict[str, Column], content: dict[str, Column]) -> DataFrame:
    """Judged rows of a head-office table; a name may not be empty, a reference from it to another table may."""
    own_id, *others = source.columns
    rules = [missing([own_id, *[c for c in others if c.startswith("nome_")]])]
    if source in (UNITS, PRODUCTS):
        rules.append(not_a_number(own_id, WHOLE))
    judged = judge(clean(_with_raw_encoding(bronze), source.columns), rules)
    own = {"unit_id": F.lit(None).cast("int"), **key, **content}
    rows = judged.select(*[column.alias(name) for name, column in own.items()], *CARRIED)
    return last_version_wins(rows, list(key), list(content))


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
    "units": units,
    "states": states,
    "countries": countries,
    "products": products,
}
