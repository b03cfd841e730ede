"""The valid version of each order is its latest: from all deliveries that contain the order, the last one to arrive.

Silver keeps what each date's delivery contained (`orders`, `items`, by the date of the delivery, refused rows included)
and the valid versions (`current_orders`, `current_items`, by the date of the order). A run replaces its own date's
delivery; for the orders that it contains, now or before, the index finds the versions in other deliveries, and the
valid ones are recomputed. So the same deliveries give the same result in whatever order their dates are run
(docs/decisions/0025).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from medallion.changeset import Changeset
from medallion.errors import OldLake
from medallion.lake import DAY
from medallion.quality import STEM, is_accepted, overrule
from mrhealth_sales.jobs import waiting
from mrhealth_sales.jobs.order_index import OrderIndex
from mrhealth_sales.jobs.silver import SCHEMAS, columns_of

ORDERS, ITEMS = "orders", "items"
CURRENT_ORDERS, CURRENT_ITEMS = "current_orders", "current_items"
KEY = ["unit_id", "order_id"]
FILE = [*KEY, "source_file"]  # one file's rows of an order
# A version's origin: `dated` if its delivery named its unit, and so its day. `_LATER` decides which came later.
_CAME = "dated boolean, business_date date, arrived_at timestamp"
_LATER = ["arrived_at", "business_date", STEM, "source_file", "line"]
_VERDICT = "raw string, raw_encoding string, outcome string, reason string, detail string, warning string"
# A date's delivery, with each row's own verdict.
TOLD = {table: f"{SCHEMAS[table]}, {_CAME}, {_VERDICT}" for table in (ORDERS, ITEMS)}
# The valid versions; `first_date` is that of the first delivery that contained the order.
HOLDS = {
    CURRENT_ORDERS: f"{SCHEMAS[ORDERS]}, {_CAME}, first_date date",
    CURRENT_ITEMS: f"{SCHEMAS[ITEMS]}, {_CAME}, order_date date, status string",
}


@dataclass(frozen=True)
class Merged:
    """A delivery merged with all others: its judged rows, the order dates that it touches, and the valid versions of
    these dates from now on."""

    orders: DataFrame
    items: DataFrame
    touched: Sequence[str]
    current_orders: DataFrame
    current_items: DataFrame


def tell(changes: Changeset, table: str, judged: DataFrame, day: date) -> DataFrame:
    """Stage all judged rows of a date's delivery; returns them as written."""
    rows = judged.withColumns({"business_date": F.lit(day), DAY: F.lit(str(day))})
    return changes.stage(table, rows.select(*columns_of(TOLD[table]), DAY), [str(day)], TOLD[table], gather=False)


def merge(changes: Changeset, index: OrderIndex, orders: DataFrame, items: DataFrame, day: date) -> Merged:
    """Stage the valid versions after merging a date's delivery."""
    told = {ORDERS: orders, ITEMS: items}
    before = {table: changes.known(table, [str(day)], TOLD[table]) for table in told}
    mine = _keys([*told.values()])
    keys = _keys([*told.values(), *(frame for frame in before.values() if frame is not None)]).cache()
    dates = index.dates_of(keys)
    concerned = waiting.orders_concerned(changes, keys, day)
    if concerned is not None:
        dates = sorted({*dates, *index.dates_of_any_unit(concerned)})
        others = _standing(changes.read(ORDERS, dates, TOLD[ORDERS])).join(concerned, on="order_id", how="left_semi")
        keys = keys.unionByName(others.select(*KEY)).distinct().cache()
    # No other delivery has one of its orders, and no item waits for one: each of its accepted rows is the valid one.
    alone = not dates and concerned is None
    versions = _with_others(changes, ORDERS, orders, dates, keys)
    latest = versions.withColumn("first_date", F.col("business_date")) if alone else _latest(versions).cache()
    known = _with_others(changes, ITEMS, items, dates, keys)
    if concerned is not None:
        own = _standing(items).where(waiting.WITHOUT_UNIT)
        known = known.unionByName(waiting.items(changes, own, latest, day, f"{SCHEMAS[ITEMS]}, {_CAME}"))
        items = waiting.warned(items, latest)
    sold = _of_orders(known, latest) if alone else _items_of(latest, known).cache()
    touched = _dates([versions, *([_standing(before[ORDERS])] if before[ORDERS] is not None else [])], day)
    _check_shape(changes, touched, day)
    index.keep(mine.where(f"not ({waiting.WITHOUT_UNIT})"))
    current = [
        _stage_current(changes, table, frame, keys, touched)
        for table, frame in ((CURRENT_ORDERS, latest), (CURRENT_ITEMS, sold))
    ]
    items = _without_orphans(items, latest)
    if not alone:
        orders, items = _judged_orders(orders, latest, day), _judged_items(items, sold, day, concerned is not None)
    return Merged(orders, items, touched, *current)


def current(changes: Changeset, days: Sequence[str]) -> tuple[DataFrame, DataFrame]:
    """The valid orders of some days, and their items."""
    orders, items = (changes.read(table, days, schema) for table, schema in HOLDS.items())
    return orders, items


def _standing(told: DataFrame) -> DataFrame:
    """The accepted rows of a delivery, without their verdict."""
    return told.where(is_accepted()).drop(*columns_of(_VERDICT))


def _keys(told: Sequence[DataFrame]) -> DataFrame:
    return reduce(DataFrame.unionByName, [_standing(frame).select(*KEY) for frame in told]).distinct()


def _with_others(changes: Changeset, table: str, told: DataFrame, dates: Sequence[str], keys: DataFrame) -> DataFrame:
    """The versions of the keys: this delivery's, and those of other dates' deliveries."""
    others, own = changes.known(table, dates, TOLD[table]), _standing(told)
    return own if others is None else own.unionByName(_standing(others).join(keys, on=KEY, how="left_semi"))


def _latest(versions: DataFrame) -> DataFrame:
    """The last version of each order to arrive."""
    same = Window.partitionBy(*KEY)
    last_first = same.orderBy(*[F.expr(column).desc_nulls_last() for column in _LATER])
    place, first = F.row_number().over(last_first), F.min("business_date").over(same)
    ranked = versions.select("*", place.alias("_place"), first.alias("first_date"))
    return ranked.where("_place = 1").drop("_place")


def _items_of(latest: DataFrame, items: DataFrame) -> DataFrame:
    """The items of each valid order: from the delivery that brought its latest version or, if that brought none, from
    the last delivery that did. Items that name no unit are of an order by its number alone, which other units use too:
    beside the order's own, from its unit, they do not count."""
    is_own = (F.col("business_date") == F.col("_of")) & (F.col("dated") | ~F.col("_of_unit"))
    came = F.struct(is_own.alias("own"), *map(F.expr, _LATER[:-1]))
    of = (F.col("business_date").alias("_of"), F.col("dated").alias("_of_unit"))
    known = _of_orders(items, latest, *of).withColumn("_came", came)
    last = F.max("_came").over(Window.partitionBy(*KEY))
    return known.withColumn("_last", last).where("_came = _last").drop("_of", "_of_unit", "_came", "_last")


def _of_orders(items: DataFrame, latest: DataFrame, *more: Column) -> DataFrame:
    """The items of valid orders, each with its order's date and status."""
    return items.join(latest.select(*KEY, "order_date", "status", *more), on=KEY)


def _dates(versions: Sequence[DataFrame], day: date) -> list[str]:
    """The dates of all orders in these versions, and the delivery's own."""
    dates = reduce(DataFrame.unionByName, [frame.select("order_date") for frame in versions]).distinct()
    return sorted({str(day), *(str(row[0]) for row in dates.collect())})


def _check_shape(changes: Changeset, touched: Sequence[str], day: date) -> None:
    """Raise OldLake if a touched day was published from a silver without versions: its valid orders are not known, and
    its gold would be cut down to what this delivery contains."""
    held = changes.held(CURRENT_ORDERS)
    if old := [
        d for d in touched if d not in held and d != str(day) and changes.is_published("sales_by_branch_day", d)
    ]:
        raise OldLake(
            f"working out what holds on {', '.join(old[:5])}: gold has these days, but silver has no versions of their"
            " orders. Make them anew first: ./nightshift backfill mrhealth_sales --from FIRST --to LAST --run"
        )


def _stage_current(
    changes: Changeset, table: str, frame: DataFrame, keys: DataFrame, touched: Sequence[str]
) -> DataFrame:
    held, columns = changes.known(table, touched, HOLDS[table]), columns_of(HOLDS[table])
    new = frame.select(*columns)
    whole = new if held is None else new.unionByName(held.join(keys, on=KEY, how="left_anti").select(*columns))
    by_day, several = whole.withColumn(DAY, F.col("order_date").cast("string")), held is not None or len(touched) > 1
    return changes.stage(table, by_day, touched, HOLDS[table], gather=several)


def _judged_orders(judged: DataFrame, latest: DataFrame, day: date) -> DataFrame:
    by = F.concat_ws(":", "source_file", F.col("line").cast("string"))
    later = latest.where(F.col("business_date") != F.lit(day)).select(*KEY, by.alias("_by"))
    told = F.concat(F.lit("replaced by "), F.col("_by"))
    marked = judged.join(later, on=KEY, how="left")
    return overrule(marked, "superseded", F.col("_by").isNotNull(), told).drop("_by")


def _without_orphans(judged: DataFrame, latest: DataFrame) -> DataFrame:
    """An item is not valid without its order."""
    marked = judged.join(latest.select(*KEY, F.lit(True).alias("_known")), on=KEY, how="left")
    alone = F.lit("no drop has brought the order that it is of")
    return overrule(marked, "orphan_item", F.col("_known").isNull(), alone).drop("_known")


def _judged_items(judged: DataFrame, sold: DataFrame, day: date, some_wait: bool) -> DataFrame:
    """An item is not valid when another file's items of its order are. `some_wait`: some may name no unit."""
    own = sold.where(F.col("business_date") == F.lit(day)).select(*FILE, F.lit(True).alias("_sold")).distinct()
    marked, lost = judged.join(own, on=FILE, how="left"), F.col("_sold").isNull()
    if some_wait:
        of_unit = sold.where("dated").select(*KEY, F.lit(True).alias("_of_unit")).distinct()
        marked = marked.join(of_unit, on=KEY, how="left")
        alone = F.lit("it names no unit, and the order with its number has items of its unit")
        marked = overrule(marked, "orphan_item", lost & F.col("_of_unit") & ~F.col("dated"), alone).drop("_of_unit")
    other = F.lit("the items of its order that count came in another file")
    return overrule(marked, "superseded", lost, other).drop("_sold")
