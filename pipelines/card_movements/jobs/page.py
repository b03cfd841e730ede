"""The figures of card_movements' page: sums of all movements, none of a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from medallion import page
from medallion.figures import cut
from medallion.lake import Lake
from medallion.manifest import GoldTable

AMOUNT = "vlr_transacao_movimento"
MOST_DAYS, MOST_TEXTS = 90, 20
BANDS = (18, 25, 35, 45, 55, 65, 75)  # the first age of each band
STEPS = (0, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000)  # the least amount of each bar of the histogram
Row = Mapping[str, Any]


def write(lake: Lake, staged: Sequence[GoldTable], movements: DataFrame) -> None:
    """Write page.json from all movements, this run's and those published before."""
    page.write(lake, staged, partial(_frames, movements), partial(figures, str(lake.run.business_date)))


def _frames(movements: DataFrame) -> dict[str, DataFrame]:
    """Counts and sums by kind and value, in one pass; a refund counts as such and nowhere else."""
    amount = F.abs(AMOUNT)
    parts = {
        "day": F.date_format("data_movimento", "yyyy-MM-dd"),
        "age": _floor(F.col("idade_associado"), BANDS),
        "account": F.col("tipo_conta"),
        "text": F.col("des_transacao_movimento"),
        "amount": _floor(amount, STEPS),
        "all": F.lit("all"),
    }
    each = F.explode(
        F.array(*[F.struct(F.lit(k).alias("kind"), v.cast("string").alias("value")) for k, v in parts.items()])
    )
    rows = movements.select(amount.alias("amount"), (F.col(AMOUNT) < 0).alias("refund"), each.alias("part"))
    sums = rows.groupBy("part.kind", "part.value", "refund").agg(
        F.count(F.lit(1)).alias("count"), F.sum("amount").alias("amount"), F.max("amount").alias("largest")
    )
    return {"sums": sums}


def _floor(value: Column, steps: Sequence[int]) -> Column:
    """The largest step that is not above the value; null for a value below all of them."""
    return F.greatest(*[F.when(value >= step, F.lit(step)) for step in (*steps, steps[0])])


def figures(today: str, rows: Mapping[str, list[Row]]) -> dict[str, Any]:
    """All figures of the page, from the sums by kind, value and refund."""
    sums = rows["sums"]
    days = _of(sums, "day", refund=False)
    texts = sorted(_of(sums, "text", refund=False), key=lambda row: (-row[2], str(row[0])))
    [bought], [refunded] = (_of(sums, "all", refund=refund) or [["all", 0, 0.0]] for refund in (False, True))
    own = next((row for row in days if row[0] == today), [today, 0, 0.0])
    return {
        "count": bought[1],
        "amount": bought[2],
        "mean": round(bought[2] / bought[1], 2) if bought[1] else None,
        "largest": max((row["largest"] for row in sums if row["kind"] == "all" and not row["refund"]), default=None),
        "refunds": {"count": refunded[1], "amount": refunded[2]},
        "today": {"day": today, "count": own[1], "amount": own[2]},
        "days": sorted((row for row in days if row[0]), key=lambda row: str(row[0]))[-MOST_DAYS:],
        "ages": _by_number(_of(sums, "age", refund=False)),
        "bands": list(BANDS),
        "accounts": sorted(_of(sums, "account", refund=False), key=lambda row: -row[2]),
        "texts": [[cut(row[0]), *row[1:]] for row in texts[:MOST_TEXTS]],
        "all_texts": len(texts),
        "histogram": _by_number(_of(sums, "amount", refund=False)),
        "steps": list(STEPS),
        "refund_texts": [
            [cut(row[0]), *row[1:]]
            for row in sorted(_of(sums, "text", refund=True), key=lambda row: -row[2])[:MOST_TEXTS]
        ],
    }


def _of(sums: Sequence[Row], kind: str, *, refund: bool) -> list[list[Any]]:
    """[value, count, amount] of one kind."""
    own = (row for row in sums if row["kind"] == kind and bool(row["refund"]) == refund)
    return [[row["value"], row["count"], round(row["amount"] or 0, 2)] for row in own]


def _by_number(rows: Sequence[list[Any]]) -> list[list[Any]]:
    """The rows by their value, a number as text; the unknown first, as null."""
    numbers = [[None if row[0] is None else int(row[0]), *row[1:]] for row in rows]
    return sorted(numbers, key=lambda row: -1 if row[0] is None else row[0])
