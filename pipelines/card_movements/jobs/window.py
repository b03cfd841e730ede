"""Choose which movements a run reads from the database, so that none is missed however late it was entered.

The watermark is the product itself: the newest movement that an earlier business date *published*. Reading without
publishing moves nothing, so a run that dies is simply read again. A run reads the movements

* from OVERLAP before the watermark on, for late entries and corrections;
* with a higher number than any published one, however old the date (a late entry gets a new number);
* all of them, if the rest of the table has changed: its count, the sum of its numbers and how many lack a valid date
  are compared with those published, or refused. So a row with an old number and an old date is found too, a deleted
  one, and one whose date was missing and is an old one now.

Movements read twice are matched by number (card_movements.silver), so none counts twice. A movement dated after the
business date waits for its own. One without a valid date (`infinity` and MySQL's 0000-00-00 included) is selected by
its number alone: it has to appear in quarantine, once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from card_movements.jobs.tables import ASIDE, ASIDE_SCHEMA, FLAT, KEY, MOVEMENTS, REFUSED, REFUSED_SCHEMA
from medallion.errors import SourceError
from medallion.jdbc import MOMENTS, WHOLE_NUMBERS, Database, LocatedTable
from medallion.lake import DATED, Lake
from medallion.typing_rules import moment, typed

OVERLAP = timedelta(days=3)
MOVED = "data_movimento"
FIRST, LAST = datetime.combine(date(1900, 1, 1), time.min), datetime.combine(date(9999, 12, 31), time.max)
NUMBERS_AT_ONCE = 500
MOST_GONE, FEW_GONE = 10_000, 100  # how many published movements a run treats as deleted without confirmation
# Why a published movement is withdrawn, and the mark of one that is still refused.
DELETED, WAITS, STILL_REFUSED = "deleted", "dated after the business date", "refused"


@dataclass(frozen=True)
class Window:
    """The movements to read: dated from `since` on, or numbered above `above`."""

    since: datetime
    above: int


class Movements:
    """SQL on the table of movements, whose dates and numbers the database compares (`is_comparable`) or has as text."""

    def __init__(self, database: Database, located: LocatedTable) -> None:
        self._database, self._located = database, located
        self._dated = located.column("moved_at")
        self._moved, self._key = (database.dialect.name(located.column(n).name) for n in ("moved_at", "movement_id"))
        no_date = database.dialect.no_date.format(self._moved)
        self._undated = f"({no_date} OR {self._moved} < {self._at(FIRST)} OR {self._moved} > {self._at(LAST)})"

    @property
    def where(self) -> str:
        """The table's name in messages."""
        return f"{self._database.uri}/{self._located.name}"

    @property
    def is_comparable(self) -> bool:
        """Whether the database can compare dates and numbers."""
        return self._dated.type in MOMENTS and self._located.column("movement_id").type in WHOLE_NUMBERS

    def read(self, requested: Window | None, last: date) -> DataFrame:
        """Read the movements of a window up to the end of a day, and those without a valid date."""
        rows = self._database.read(self._located, self._condition(requested, last) if self.is_comparable else "")
        return rows.where(~_after(last))

    def waiting(self, last: date) -> int:
        """The number of movements dated after a day."""
        if not self.is_comparable:
            return int(self._database.read(self._located).where(_after(last)).count())
        return int(self._query("COUNT(*)", f"{self._table} WHERE {self._after(last)}")[0])

    def outside(self, requested: Window) -> tuple[int, int, int]:
        """The number of movements outside a window, the sum of their numbers, and how many have no valid date."""
        older = f"({self._moved} < {self._at(requested.since)} OR {self._undated})"
        row = f"{self._key} AS k, MAX(CASE WHEN {self._undated} THEN 1 ELSE 0 END) AS u"
        rows = f"(SELECT {row} FROM {self._table} WHERE {older} AND {self._key} <= {requested.above}"  # noqa: S608
        source = f"{rows} GROUP BY {self._key}) d"
        count, total, undated = self._query("COUNT(*)", source, "COALESCE(SUM(k), 0)", "COALESCE(SUM(u), 0)")
        return int(count), int(total), int(undated)

    def fates(self, numbers: Sequence[int], last: date) -> dict[int, str]:
        """Why each of these movements was not read; no entry for one that exists and is dated up to `last`."""
        there: dict[int, str] = {}
        for start in range(0, len(numbers) if self.is_comparable else 0, NUMBERS_AT_ONCE):
            some = ", ".join(map(str, numbers[start : start + NUMBERS_AT_ONCE]))
            fate = f"CASE WHEN {self._after(last)} THEN '{WAITS}' ELSE '' END"
            columns = (f"{self._text(self._key)} AS k", f"{fate} AS f")
            rows = self._database.ask(", ".join(columns), f"{self._table} WHERE {self._key} IN ({some})")
            there |= {int(row["k"]): row["f"] for row in rows}
        return {number: fate for number in numbers if (fate := there.get(number, DELETED))}

    @property
    def _table(self) -> str:
        return self._database.dialect.name(self._located.name)

    def _condition(self, requested: Window | None, last: date) -> str:
        until = f"({self._moved} < {self._at(midnight_after(last))} OR {self._undated})"
        if requested is None:
            return until
        recent = f"({self._moved} >= {self._at(requested.since)} AND NOT {self._undated})"
        return f"{until} AND ({recent} OR {self._key} > {requested.above})"

    def _after(self, last: date) -> str:
        return f"{self._moved} >= {self._at(midnight_after(last))} AND NOT {self._undated}"

    def _at(self, local: datetime) -> str:
        return self._database.moment(self._dated, local)

    def _text(self, expression: str) -> str:
        return self._database.dialect.as_text(expression)

    def _query(self, first: str, source: str, *more: str) -> list[str]:
        names = [f"{self._text(value)} AS v{at}" for at, value in enumerate((first, *more))]
        return list(self._database.ask(", ".join(names), source)[0])


def is_full_reload(lake: Lake) -> bool:
    """Whether the run reads and compares every movement."""
    return lake.run.is_on("full_reload")


def known(lake: Lake) -> DataFrame | None:
    """The rows that other business dates published, each with its `day`; None if there are none."""
    return lake.published(FLAT.name, FLAT.schema)


def window(lake: Lake) -> Window | None:
    """The window after what earlier business dates published; None when they published nothing, or in a full reload."""
    before = lake.published(FLAT.name, FLAT.schema, before=True)
    if before is None or is_full_reload(lake):
        return None
    [newest] = before.agg(F.date_format(F.max(MOVED), "yyyy-MM-dd").alias("day"), F.max(KEY).alias("key")).collect()
    if newest["day"] is None:
        return None
    return Window(datetime.combine(date.fromisoformat(newest["day"]), time.min) - OVERLAP, newest["key"])


def midnight_after(day: date) -> datetime:
    """The end of a day, in the business's local time."""
    return datetime.combine(day + timedelta(days=1), time.min)


def is_all_accounted_for(lake: Lake, source: Movements, requested: Window) -> bool:
    """Whether the database's movements outside the window are exactly those published or refused."""
    published = known(lake)
    assert published is not None, "a window follows from what was published"
    kept = published.select(F.col(KEY).cast("decimal(38,0)").alias(KEY), MOVED)
    refused = _refused_before(lake)
    if refused is not None:
        # A movement in both was published before the database changed it: its present date is the refused one's.
        kept = kept.join(refused, on=KEY, how="left_anti").unionByName(refused.select(KEY, MOVED))
    older = F.coalesce(F.col(MOVED) < _literal(requested.since), F.lit(True))
    total = F.sum(KEY).alias("s")
    undated = F.count_if(F.col(MOVED).isNull()).alias("u")
    known_rows = kept.where(older & (F.col(KEY) <= requested.above))
    [here] = known_rows.agg(F.count("*").alias("n"), total, undated).collect()
    return source.outside(requested) == (here["n"], int(here["s"] or 0), here["u"])


def aside(lake: Lake, source: Movements, requested: Window | None, read: DataFrame) -> DataFrame:
    """The known movements that a run has not read: published ones that no longer exist and (in a window) those refused
    before. Raises SourceError when so many are gone that somebody must confirm it."""
    numbers = read.select(typed(MOVEMENTS.column("movement_id").source, "decimal(38,0)").alias(KEY))
    gone = [(Decimal(number), None, why) for number, why in _gone(lake, source, requested, numbers)]
    rows = lake.run.spark.createDataFrame(gone, ASIDE_SCHEMA)
    refused = _refused_before(lake) if requested else None
    if refused is None:
        return rows
    still = refused.join(numbers, on=KEY, how="left_anti").join(rows, on=KEY, how="left_anti")
    return rows.unionByName(still.select(KEY, MOVED, F.lit(STILL_REFUSED).alias("why")))


def refused(lake: Lake, judged: DataFrame) -> DataFrame:
    """The movements refused after this run: number and date, null where invalid."""
    raw = {name: F.get_json_object("raw", f"$.{MOVEMENTS.column(name).source}") for name in ("movement_id", "moved_at")}
    quarantined = judged.where("outcome = 'quarantined'").select(*[text.alias(name) for name, text in raw.items()])
    own = quarantined.select(
        typed("movement_id", "decimal(38,0)").alias(KEY), _possible(moment("moved_at")).alias(MOVED)
    )
    before = set_aside(lake).where(F.col("why") == STILL_REFUSED).select(KEY, MOVED)
    return own.unionByName(before).dropDuplicates([KEY])


def set_aside(lake: Lake) -> DataFrame:
    """The movements that bronze set aside; empty for bronze written before that table existed."""
    if lake.storage.exists(lake.partition("bronze", ASIDE)):
        return lake.read("bronze", ASIDE, ASIDE_SCHEMA)
    return lake.run.spark.createDataFrame([], ASIDE_SCHEMA)


def _gone(lake: Lake, source: Movements, requested: Window | None, numbers: DataFrame) -> Iterator[tuple[int, str]]:
    """The published movements of a window that were not read and no longer exist, each with why."""
    since = requested.since.date() if requested else date.min
    published = lake.published(FLAT.name, FLAT.schema, since=since)  # a date's partition has no movement dated after it
    if published is None:
        return
    own = F.col(MOVED) < _literal(midnight_after(lake.run.business_date))
    if requested:
        own = own & ((F.col(MOVED) >= _literal(requested.since)) | (F.col(KEY) > requested.above))
    expected = published.where(own).select(F.col(KEY).cast("decimal(38,0)").alias(KEY))
    absent = [int(row[0]) for row in expected.join(numbers, on=KEY, how="left_anti").distinct().collect()]
    fates = source.fates(absent, lake.run.business_date) if len(absent) <= MOST_GONE else dict.fromkeys(absent, DELETED)
    _check_gone(lake, source, len(fates), expected)
    yield from fates.items()


def _check_gone(lake: Lake, source: Movements, gone: int, expected: DataFrame) -> None:
    """Raise SourceError when too many movements are gone."""
    if is_full_reload(lake) or gone < FEW_GONE or (gone <= MOST_GONE and gone * 2 <= expected.count()):
        return
    raise SourceError(
        f"reading {source.where}: {gone} published movements are missing, too many to withdraw"
        " without confirmation; check whether the table was emptied or replaced. If it is right, run with full_reload"
    )


def _refused_before(lake: Lake) -> DataFrame | None:
    """The movements refused as of the newest other business date; None if there is none."""
    own = f"{DATED}{lake.run.business_date}"
    root = lake.partition("silver", REFUSED).rpartition("/")[0]
    dates = [name for name in lake.storage.names(root) if name.startswith(DATED) and name != own]
    return lake.run.spark.read.schema(REFUSED_SCHEMA).parquet(f"{root}/{dates[-1]}") if dates else None


def _after(last: date) -> Column:
    """Whether a movement is dated after a day; false for an invalid date, which is left to be judged."""
    moved = _possible(moment(MOVEMENTS.column("moved_at").source))
    return F.coalesce(moved >= _literal(midnight_after(last)), F.lit(False))


def _possible(moved: Column) -> Column:
    """The moment; null if outside the range of valid dates."""
    return F.when((moved >= _literal(FIRST)) & (moved <= _literal(LAST)), moved)


def _literal(local: datetime) -> Column:
    return F.lit(str(local)).cast("timestamp")
