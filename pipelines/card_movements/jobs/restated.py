"""Published movements that have changed or disappeared: each changes in the partition that holds it.

So a partition is the old one or the new one, even if a run dies between two, and no movement is ever in two of them.
Changes are reported by day: the day's figures before and after, and its movements by their numbers.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pyspark.sql import Column, DataFrame, Row, Window
from pyspark.sql import functions as F

from card_movements.jobs.silver import OWN
from card_movements.jobs.tables import FLAT, KEY
from card_movements.jobs.window import MOVED, STILL_REFUSED, set_aside
from medallion.lake import DATED, DAY, Lake
from medallion.manifest import Restated

COLUMNS = [column.name for column in FLAT.columns]
AMOUNT = "vlr_transacao_movimento"
MOST_NAMED = 20  # movements named for each day
NOTHING = {"movements": "0", "amount": "0.00"}


@dataclass(frozen=True)
class Placed:
    """What a run stages: rows with the `day` of their partition, those days, and the unchanged rows of other days."""

    rows: DataFrame
    days: Sequence[str]
    others: DataFrame | None

    @property
    def is_one_day(self) -> bool:
        """Whether nothing of other days changes."""
        return len(self.days) == 1


def placed(lake: Lake, accepted: DataFrame, published: DataFrame | None) -> Placed:
    """Assign each movement to the partition that has it, new ones to this run's; `published` is what other dates
    hold."""
    own = str(lake.run.business_date)
    if published is None:
        return Placed(accepted.withColumn(DAY, F.lit(own)), [own], None)
    same = published.join(accepted.select(KEY), on=KEY, how="left_semi")  # few rows; avoids moving all of gold
    was = same.select(KEY, DAY, _content().alias("_was"))
    now = accepted.join(was, on=KEY, how="left").withColumn("_changed", ~_content().eqNullSafe(F.col("_was"))).cache()
    new = now.where(F.col(DAY).isNull()).withColumn(DAY, F.lit(own)).select(*COLUMNS, DAY)
    changed = now.where(F.col(DAY).isNotNull() & F.col("_changed")).select(*COLUMNS, DAY)
    gone = published.join(_withdrawn(lake), on=KEY, how="left_semi")
    touched = sorted({row[0] for row in changed.select(DAY).unionByName(gone.select(DAY)).distinct().collect()})
    if not touched:
        return Placed(new, [own], published)
    replaced = changed.select(KEY).unionByName(gone.select(KEY))
    kept = published.where(F.col(DAY).isin(touched)).join(replaced, on=KEY, how="left_anti").select(*COLUMNS, DAY)
    rows = new.unionByName(changed).unionByName(kept)
    return Placed(rows, sorted({own, *touched}), published.where(~F.col(DAY).isin(touched)))


def changes(lake: Lake, days: Sequence[str], whole: DataFrame) -> list[Restated]:
    """The differences between `whole`, the new product, and what these days' partitions published."""
    root = f"{lake.run.lake}/gold/{lake.run.pipeline}/{FLAT.name}"
    files = {day: lake.storage.files(f"{root}/{DATED}{day}") for day in days}
    since = {
        day: datetime.fromtimestamp(max(f.modified for f in day_files) / 1000, UTC)
        for day, day_files in files.items()
        if day_files
    }
    published = lake.published(FLAT.name, FLAT.schema, own=True) if since else None
    if published is None:
        return []
    before = published.where(F.col(DAY).isin(list(since))).select(KEY, DAY, _content().alias("_was"))
    now = whole.join(before.select(KEY), on=KEY, how="left_semi").select(KEY, _content().alias("_now"))
    after = before.join(now, on=KEY, how="left").join(_withdrawn(lake), on=KEY, how="left")
    changed = after.where(~F.col("_was").eqNullSafe(F.col("_now"))).withColumn("_day", _day("_was")).cache()
    pairs = changed.groupBy("_day", _day("_now").alias("_to")).count().collect()
    if not pairs:
        return []
    counts = Counter[str]()
    for pair in pairs:
        counts[pair["_day"]] += pair["count"]
    moved = {day for pair in pairs for day in (pair["_day"], pair["_to"]) if day}
    figures = _figures(published, moved), _figures(whole, moved)
    first = F.row_number().over(Window.partitionBy("_day").orderBy(KEY)) <= MOST_NAMED
    by_day: dict[str, list[Row]] = defaultdict(list)
    for row in changed.withColumn("_first", first).where("_first").orderBy(KEY).collect():
        by_day[row["_day"]].append(row)
    latest = max(since.values())
    return [
        _restated(
            day,
            by_day[day],
            counts[day],
            max((since[row[DAY]] for row in by_day[day]), default=latest),
            [totals.get(day, NOTHING) for totals in figures],
        )
        for day in sorted(moved)
    ]


def _content() -> Column:
    return F.struct(*COLUMNS)


def _withdrawn(lake: Lake) -> DataFrame:
    return set_aside(lake).where(F.col("why") != STILL_REFUSED).select(F.col(KEY).cast("bigint").alias(KEY), "why")


def _day(version: str) -> Column:
    """The day of a movement, as text."""
    return F.to_date(F.col(version)[MOVED]).cast("string")


def _figures(movements: DataFrame, days: Iterable[str]) -> Mapping[str, dict[str, str]]:
    """The number of movements on each of some days, and their sum."""
    day = F.to_date(MOVED).cast("string")
    sums = movements.where(day.isin(sorted(days))).groupBy(day.alias(DAY)).agg(F.count("*").alias("n"), F.sum(AMOUNT))
    return {row[0]: {"movements": str(row[1]), "amount": str(row[2])} for row in sums.collect()}


def _restated(
    day: str,
    named: Sequence[Row],
    count: int,
    since: datetime,
    figures: Sequence[Mapping[str, str]],
) -> Restated:
    before, after = (dict(totals) for totals in figures)
    for row in named:
        name = f"movement {row[KEY]}"
        before[name], after[name] = _words(row)
    if (hidden := count - len(named)) > 0:
        before["others"], after["others"] = f"{hidden} movements", "changed or gone"
    return Restated(FLAT.name, day, f"{since:%Y-%m-%dT%H:%M:%SZ}", before, after)


def _words(row: Row) -> tuple[str, str]:
    """A movement before and after: the values of its own changed columns, and only the names of other changed columns,
    whose values are personal."""
    was, now = row["_was"], row["_now"]
    if now is None:
        return f"{was[AMOUNT]} of {was[MOVED]:%Y-%m-%d %H:%M:%S}", row["why"] or "refused now"
    names = [name for name in COLUMNS if was[name] != now[name]]
    pairs = [(f"{name} {was[name]}", f"{name} {now[name]}") for name in names if name in OWN.values()]
    pairs += [(name, f"another {name}") for name in names if name not in OWN.values()]
    before, after = zip(*pairs, strict=True)
    return ", ".join(before), ", ".join(after)
