"""Silver of card_movements: typed rows, each movement once however often it is read, with all that it refers to."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from card_movements.tables import ACCOUNTS, CARDS, FLAT, KEY, LINEAGE, MEMBERS, MOVEMENTS
from medallion.contract import Table
from medallion.masks import masked
from medallion.quality import DUPLICATE, accepted, is_accepted, judge, last_version_wins, overrule
from medallion.raw import TEXT
from medallion.typing_rules import clean, rules_of, typed_columns

CHANGED = "changed_after_load"
CARRIED = ("source_file", "line", "ingested_at", "unit_id", "raw", "raw_encoding")
VERDICT = ("outcome", "reason", "detail", "warning")
# What silver holds of each table: its own columns, the movements' being those of the product, and their lineage.
TABLES = {MOVEMENTS.name: FLAT, **{table.name: table for table in (CARDS, ACCOUNTS, MEMBERS)}}
SCHEMAS = {name: f"{table.schema}, {LINEAGE}" for name, table in TABLES.items()}
COLUMNS = {
    name: [*(column.name for column in table.columns), "source_file", "line", "ingested_at"]
    for name, table in TABLES.items()
}
# A movement's own columns in the product: what tells whether it was changed after it was loaded.
OWN = {"amount": "vlr_transacao_movimento", "description": "des_transacao_movimento", "moved_at": "data_movimento"}
NAMED = {
    "nome_associado": "first_name",
    "sobrenome_associado": "last_name",
    "idade_associado": "age",
    **{flat: name for name, flat in OWN.items()},
    "numero_cartao": "card_number",
    "nome_impresso_cartao": "printed_name",
    "data_criacao_cartao": "card_created_at",
    "tipo_conta": "account_type",
    "data_criacao_conta": "account_created_at",
    "movement_id": "movement_id",
}


def judged(table: Table, bronze: DataFrame) -> DataFrame:
    """Judged rows of one table, typed; what is personal in `raw` is masked. Text stays as the source spells it."""
    words = [column.source for column in table.columns if column.type == "string"]
    others = [name for name in table.source_names if name not in words]
    rows = judge(clean(clean(_with_raw(table, bronze), others), words, trim=False), rules_of(table))
    typed = rows.select(*typed_columns(table).values(), *CARRIED, *VERDICT)
    return last_version_wins(typed, table.key, [c.name for c in table.columns if c.name not in table.key])


def _with_raw(table: Table, bronze: DataFrame) -> DataFrame:
    shown = [_shown(c.source, c.personal) for c in table.columns]
    raw = F.to_json(F.struct(*shown), {"ignoreNullFields": "false"})
    return bronze.withColumns(
        {"raw": raw, "raw_encoding": F.lit(TEXT), "unit_id": F.lit(None).cast("int")}  # the one shape of a quarantine
    )


def _shown(column: str, personal: bool) -> Column:
    return (masked(F.col(column)) if personal else F.col(column)).alias(column)


def without_loaded(movements: DataFrame, known: DataFrame | None) -> DataFrame:
    """Movements that another business date published become duplicates, or, with other content now, quarantined."""
    if known is None:
        return movements
    loaded = known.select(KEY, *[F.col(flat).alias(f"_{name}") for name, flat in OWN.items()], F.lit(True).alias("_in"))
    rows = movements.join(loaded, on=KEY, how="left")
    same = F.lit(True)
    for name in OWN:
        same = same & F.col(name).eqNullSafe(F.col(f"_{name}"))
    told = F.lit("it was published with another amount, text or date; a run with full_reload takes it as it is now")
    marked = overrule(rows, CHANGED, F.col("_in") & ~same, told)
    copy = is_accepted() & F.coalesce(F.col("_in"), F.lit(False))
    outcome = F.when(copy, F.lit(DUPLICATE)).otherwise(F.col("outcome"))
    return marked.withColumn("outcome", outcome).select(*movements.columns)


def flat(movements: DataFrame, parents: Mapping[str, DataFrame]) -> DataFrame:
    """Movements with their card, its account and its member; one that lacks any of them is quarantined."""
    cards, accounts, members = (accepted(parents[table.name]) for table in (CARDS, ACCOUNTS, MEMBERS))
    rows = movements
    for table, frame in ((CARDS, cards), (ACCOUNTS, accounts), (MEMBERS, members)):
        rows = _resolved(rows, table, frame)
    columns = [F.col(NAMED[column.name]).cast(column.type).alias(column.name) for column in FLAT.columns]
    return rows.select(*columns, *CARRIED, *VERDICT)


def _resolved(rows: DataFrame, table: Table, parents: DataFrame) -> DataFrame:
    key = table.key[0]
    reason = f"unknown_{key.removesuffix('_id')}"
    found = parents.select(*[column.name for column in table.columns], F.lit(True).alias("_found"))
    told = F.concat(F.lit(f"there is no {table.files} "), F.coalesce(F.col(key).cast("string"), F.lit("?")))
    joined = rows.join(found, on=key, how="left")
    return overrule(joined, reason, F.col("_found").isNull(), told).drop("_found")
