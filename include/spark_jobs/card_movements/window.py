"""Which movements a night asks the database for, so that none is left out however late it was entered.

The watermark is the product itself: the newest movement that an earlier business date *published*. What was read and
never published moves nothing, so a night that dies is simply read again. Asked for are the movements

* from OVERLAP before the watermark on, for what was entered or corrected late;
* with a higher number than any published one, however old its date (a late entry gets a new number);
* all there are, if the rest of the table is not what it was: its count and the sum of its numbers are compared with
  what was published or quarantined of it. So also a row with an old number and an old date is found.

What comes twice by that is told apart by its number (card_movements.silver), so it never counts twice. A movement
dated after the business date waits for its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from card_movements.tables import FLAT, KEY, MOVEMENTS
from medallion.jdbc import MOMENTS, WHOLE_NUMBERS, Database, Found
from medallion.lake import Lake
from medallion.typing_rules import moment, typed

OVERLAP = timedelta(days=3)
DATED = "data_movimento"


@dataclass(frozen=True)
class Window:
    """The movements asked for: dated from `since` on, or numbered above `above`."""

    since: datetime
    above: int


def known(lake: Lake) -> DataFrame | None:
    """What other business dates published; None if nothing, or if everything is to be loaded anew."""
    return None if lake.run.options.get("full_reload") == "true" else lake.published(FLAT.name, FLAT.schema)


def window(lake: Lake) -> Window | None:
    """The window by what earlier business dates published; None when they published nothing, or are to be ignored."""
    before = lake.published(FLAT.name, FLAT.schema, before=True)
    if before is None or known(lake) is None:
        return None
    [newest] = before.agg(F.date_format(F.max(DATED), "yyyy-MM-dd").alias("day"), F.max(KEY).alias("key")).collect()
    if newest["day"] is None:
        return None
    return Window(datetime.combine(date.fromisoformat(newest["day"]), time.min) - OVERLAP, newest["key"])


def condition(database: Database, found: Found, asked: Window | None, last: date) -> str:
    """SQL for the movements of a window up to the end of a day; '' where the database cannot tell: they are text.""" ""
    if not _tells(found):
        return ""
    dated = found.column("moved_at")
    moved, key = (database.dialect.name(found.column(name).name) for name in ("moved_at", "movement_id"))
    # A movement without a date is asked for as well: it has to show in quarantine.
    until = f"({moved} < {database.moment(dated, midnight_after(last))} OR {moved} IS NULL)"
    since = f"{moved} >= {database.moment(dated, asked.since)}" if asked else ""
    return f"{until} AND ({since} OR {key} > {asked.above})" if asked else until


def midnight_after(day: date) -> datetime:
    """The end of a day, in the business's local time."""
    return datetime.combine(day + timedelta(days=1), time.min)


def until(movements: DataFrame, last: date) -> DataFrame:
    """The movements without those dated after a day; what is no date stays, to be judged."""
    after = moment(MOVEMENTS.column("moved_at").source) >= F.lit(str(last + timedelta(days=1))).cast("timestamp")
    return movements.where(~F.coalesce(after, F.lit(False)))


def is_all_accounted_for(lake: Lake, database: Database, found: Found, asked: Window) -> bool:
    """Whether outside the window the database holds just what was published or quarantined of it."""
    if not _tells(found):
        return True  # it was read whole
    moved, key = (database.dialect.name(found.column(name).name) for name in ("moved_at", "movement_id"))
    text = database.dialect.as_text
    [there] = database.ask(
        f"{text('COUNT(*)')} AS n, {text(f'COALESCE(SUM({key}), 0)')} AS s",
        f"{database.dialect.name(found.name)}"
        f" WHERE {moved} < {database.moment(found.column('moved_at'), asked.since)} AND {key} <= {asked.above}",
    )
    before = F.col(DATED) < F.lit(str(asked.since)).cast("timestamp")
    total = F.sum(F.col(KEY).cast("decimal(38)")).alias("s")
    [here] = (
        _accounted_for(lake).where(before & (F.col(KEY) <= asked.above)).agg(F.count("*").alias("n"), total).collect()
    )
    return (int(there["n"]), int(there["s"])) == (here["n"], int(here["s"] or 0))


def _tells(found: Found) -> bool:
    """Whether the database can compare dates and numbers: in some sources they are text."""
    return found.column("moved_at").type in MOMENTS and found.column("movement_id").type in WHOLE_NUMBERS


def _accounted_for(lake: Lake) -> DataFrame:
    """Number and date of each movement that another business date published, or that silver quarantined."""
    published = lake.published(FLAT.name, FLAT.schema)
    assert published is not None, "a window follows from what was published"
    refused = lake.quarantined("silver", MOVEMENTS.name)
    kept = published.select(KEY, DATED)
    if refused is None:
        return kept
    sources = {KEY: "movement_id", DATED: "moved_at"}
    raw = {name: F.get_json_object("raw", f"$.{MOVEMENTS.column(source).source}") for name, source in sources.items()}
    told = refused.select(raw[KEY].alias("key"), raw[DATED].alias("moved"))
    rows = told.select(typed("key", "bigint").alias(KEY), moment("moved").alias(DATED)).dropDuplicates([KEY])
    return kept.unionByName(rows.join(kept, on=KEY, how="left_anti").select(KEY, DATED))
