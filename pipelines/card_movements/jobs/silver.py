"""Silver of card_movements: typed rows, each movement once however often it is read, joined with all it refers to."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from card_movements.jobs.tables import ACCOUNTS, CARDS, FLAT, KEY, LINEAGE, MEMBERS, MOVEMENTS
from medallion.masks import as_json
from medallion.quality import DUPLICATE, is_accepted, last_version_wins, overrule, warn
from medallion.raw import SENDER, TEXT
from medallion.typing_rules import clean, judge_rows, rules_of, typed_columns
from nightshift_contract.model import Table

CHANGED = "changed_after_load"  # the warning of a movement published before with another amount, text, date or card
CARRIED = ("source_file", "line", "ingested_at", SENDER, "raw", "raw_encoding")
VERDICT = ("outcome", "reason", "detail", "warning")
# Silver's columns of each table: its own (for movements those of the product), and their lineage.
TABLES = {MOVEMENTS.name: FLAT, **{table.name: table for table in (CARDS, ACCOUNTS, MEMBERS)}}
SCHEMAS = {name: f"{table.schema}, {LINEAGE}" for name, table in TABLES.items()}
COLUMNS = {
    name: [*(column.name for column in table.columns), "source_file", "line", "ingested_at"]
    for name, table in TABLES.items()
}
# A movement's own columns in the product: a difference in these means that it changed after it was loaded.
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
    """Judged rows of one table, typed; personal values in `raw` are masked. Text stays as the source spells it. An
    optional value that cannot be read is left out with a warning: the row, and all that refers to it, stay."""
    words = [column.source for column in table.columns if column.type == "string"]
    cleaned = clean(_with_raw(table, bronze), table, words)
    optional = [column for column in table.columns if not column.required]
    rows = judge_rows(cleaned, rules_of(table), optional)
    typed = rows.select(*typed_columns(table).values(), *CARRIED, *VERDICT)
    return last_version_wins(typed, table.key, [c.name for c in table.columns if c.name not in table.key])


def _with_raw(table: Table, bronze: DataFrame) -> DataFrame:
    """With the columns of the common quarantine schema."""
    return bronze.withColumns({"raw": as_json(table), "raw_encoding": F.lit(TEXT), SENDER: F.lit(None).cast("int")})


def compared(movements: DataFrame, known: DataFrame | None, cards: DataFrame) -> DataFrame:
    """Mark movements that another business date published as duplicates; those with other content, or whose card has
    another number, stay, as CHANGED. A card that is not known any more is no change."""
    if known is None:
        return movements
    of_card = cards.where(is_accepted()).select("card_id", F.col("card_number").alias("_card_now"))
    own = {**OWN, "_card_now": "numero_cartao"}
    loaded = known.select(
        KEY, *[F.col(flat).alias(f"_was{name}") for name, flat in own.items()], F.lit(True).alias("_in")
    )
    rows = movements.join(of_card, on="card_id", how="left").join(loaded, on=KEY, how="left")
    same = F.coalesce(
        F.col("_in") & F.coalesce(F.col("_card_now") == F.col("_was_card_now"), F.lit(True)), F.lit(False)
    )
    for name in OWN:
        same = same & F.col(name).eqNullSafe(F.col(f"_was{name}"))
    outcome = F.when(is_accepted() & same, F.lit(DUPLICATE)).otherwise(F.col("outcome"))
    return warn(rows, CHANGED, F.col("_in") & ~same).withColumn("outcome", outcome).select(*movements.columns)


def flat(movements: DataFrame, parents: Mapping[str, DataFrame]) -> DataFrame:
    """Movements with their card, its account and its member; one that lacks any of these is quarantined."""
    rows = movements
    for table in (CARDS, ACCOUNTS, MEMBERS):
        rows = _resolved(rows, table, parents[table.name])
    columns = [F.col(NAMED[column.name]).cast(column.type).alias(column.name) for column in FLAT.columns]
    return rows.select(*columns, *CARRIED, *VERDICT)


def _resolved(rows: DataFrame, table: Table, parents: DataFrame) -> DataFrame:
    """The rows joined with a table that they refer to; one whose target is missing or was refused itself is
    quarantined."""
    key, names = table.key[0], [column.name for column in table.columns if column.name not in table.key]
    parent = F.struct(*names, F.col("outcome").alias("_outcome"), F.col("reason").alias("_reason"))
    by_key = parents.where(F.col(key).isNotNull()).groupBy(key)
    one_each = by_key.agg(F.max_by(parent, is_accepted().cast("int")).alias("_parent")).select(key, "_parent.*")
    joined = rows.join(one_each, on=key, how="left")
    this = F.concat(F.lit(f"{table.files} "), F.coalesce(F.col(key).cast("string"), F.lit("?")))
    refused = F.concat(this, F.lit(" was quarantined itself, as "), F.col("_reason"))
    detail = F.when(F.col("_outcome").isNull(), F.concat(F.lit("there is no "), this)).otherwise(refused)
    missing = ~F.col("_outcome").eqNullSafe(F.lit("accepted"))
    return overrule(joined, f"unknown_{key.removesuffix('_id')}", missing, detail).drop("_outcome", "_reason")
