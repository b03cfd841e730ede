"""Dimension history: what head office's keys are called and products cost, and since when.

A *fact* is the text of one attribute of one key of one table. Silver keeps all facts as of each business date
(`dimensions`), so that a run reads one earlier day only, and the day's new facts (`dimension_history`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import reduce
from typing import NamedTuple

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from medallion.lake import Lake
from medallion.quality import accepted
from mrhealth_sales.jobs.tables import COUNTRIES, OF_OFFICE, PRODUCTS, STATES, UNITS
from nightshift_contract.model import Table

STATE, HISTORY = "dimensions", "dimension_history"
SCHEMA = "table string, key string, attribute string, valid_from date, value string"
PRICE = "price"


class Name(NamedTuple):
    """The identity of a fact: table, key, attribute."""

    table: str
    key: str
    attribute: str


class Told(NamedTuple):
    """A fact's value (None: head office no longer lists the key, or leaves it empty), and the business date it holds
    from."""

    value: str | None
    valid_from: date


Facts = Mapping[Name, str | None]
State = Mapping[Name, Told]


def observed(tables: Mapping[str, DataFrame]) -> Facts:
    """The facts in head office's judged tables; they are small, and are collected to the driver."""
    long = [_long(table, accepted(tables[table.name])) for table in OF_OFFICE]
    return _facts(reduce(DataFrame.unionAll, long))


def _long(table: Table, rows: DataFrame) -> DataFrame:
    [key] = table.key
    attributes = [column.name for column in table.columns if column.name != key]
    pairs = F.array(*[F.struct(F.lit(name).alias("attribute"), F.col(name).alias("value")) for name in attributes])
    return rows.select(F.lit(table.name).alias("table"), F.col(key).cast("string").alias("key"), F.inline(pairs))


def prices(items: DataFrame) -> Facts:
    """Each product's price in a day's judged items: the price of most pieces, the higher of two that tie."""
    pieces = accepted(items).groupBy("product_id", "item_value").agg(F.sum("quantity").alias("n"))
    price = F.max_by("item_value", F.struct("n", "item_value")).cast("string")
    dear = pieces.groupBy("product_id").agg(price.alias("value"))
    key = F.col("product_id").cast("string").alias("key")
    return _facts(dear.select(F.lit(PRODUCTS.name).alias("table"), key, F.lit(PRICE).alias("attribute"), "value"))


def _facts(rows: DataFrame) -> Facts:
    return {Name(row.table, row.key, row.attribute): row.value for row in rows.collect()}


def as_of(seen: Facts, then: State) -> Facts:
    """The facts of a past day: today's, overridden by what is stored for that day. Head office's tables carry no date:
    a run of today delivers today's names."""
    known = {name: told.value for name, told in then.items() if name.attribute != PRICE and told.value is not None}
    return {**seen, **known}


def state_of(seen: Facts, before: State, day: date) -> State:
    """All facts as of a day. An unchanged fact keeps its date; a table that was not sent, and the price of a product
    that was not sold, keep their values; a key that head office no longer lists is None from this day on."""
    sent = {name.table for name in seen if name.attribute != PRICE}
    gone = [name for name in before if name not in seen and name.table in sent and name.attribute != PRICE]
    now = {**dict.fromkeys(gone), **seen}
    changed = {
        name: Told(value, day) for name, value in now.items() if name not in before or before[name].value != value
    }
    return {**before, **changed}


class NamesByDay:
    """The names of units and products as head office's tables had them on each of some days: those stored for the day,
    else for the last day before it, else for the first day that there is."""

    def __init__(self, lake: Lake, days: Sequence[str]) -> None:
        self._spark = lake.run.spark
        stored = lake.dates("silver", STATE, date.min, date.max)
        last_until = {day: max((one for one in stored if one <= day), default=min(stored)) for day in days}
        self._states = sorted({*last_until.values()})
        uris = [lake.partition("silver", STATE, one) for one in self._states]
        told = self._spark.read.schema(f"{SCHEMA}, business_date string").option("basePath", uris[0].rpartition("/")[0])
        names = told.parquet(*uris).where(F.col("attribute") != PRICE)
        self._facts: dict[str, dict[Name, str]] = {one: {} for one in self._states}
        for row in names.where("value is not null").collect():
            self._facts[row.business_date][Name(row.table, row.key, row.attribute)] = row.value

    def of_units(self, orders: DataFrame) -> DataFrame:
        """The orders with the names of their unit on the order's day; a unit without any then keeps the row's own."""
        return self._renamed(orders, UNITS, {"branch": _branch, "state": _state, "country": _country})

    def of_products(self, items: DataFrame) -> DataFrame:
        """The items with the name of their product on the order's day, as `of_units`."""
        return self._renamed(items, PRODUCTS, {"product": _product})

    def _renamed(
        self, rows: DataFrame, table: Table, names: Mapping[str, Callable[[Mapping[Name, str], str], str | None]]
    ) -> DataFrame:
        [key] = table.key
        known = [
            (one, own, *(name(facts, own) for name in names.values()))
            for one, facts in self._facts.items()
            for own in sorted({fact.key for fact in facts if fact.table == table.name})
        ]
        columns = ", ".join(f"_then_{name} string" for name in names)
        frame = self._spark.createDataFrame(known, f"_as_of string, _key string, {columns}")
        day, states = F.col("order_date").cast("string"), F.array(*map(F.lit, self._states))
        as_of = F.coalesce(F.array_max(F.filter(states, lambda one: one <= day)), states[0])
        joined = rows.withColumns({"_as_of": as_of, "_key": F.col(key).cast("string")}).join(
            F.broadcast(frame), on=["_as_of", "_key"], how="left"
        )
        return joined.withColumns({name: F.coalesce(f"_then_{name}", name) for name in names}).select(*rows.columns)


def _branch(facts: Mapping[Name, str], unit: str) -> str | None:
    return facts.get(Name(UNITS.name, unit, "branch"))


def _state(facts: Mapping[Name, str], unit: str) -> str | None:
    return facts.get(Name(STATES.name, facts.get(Name(UNITS.name, unit, "state_id"), ""), "state"))


def _country(facts: Mapping[Name, str], unit: str) -> str | None:
    state = facts.get(Name(UNITS.name, unit, "state_id"), "")
    return facts.get(Name(COUNTRIES.name, facts.get(Name(STATES.name, state, "country_id"), ""), "country"))


def _product(facts: Mapping[Name, str], product: str) -> str | None:
    return facts.get(Name(PRODUCTS.name, product, "product"))


class Dimensions:
    """The facts of one run's business date, and those stored in silver for other dates."""

    def __init__(self, lake: Lake) -> None:
        self._lake, self._today = lake, lake.run.business_date
        days = lake.dates("silver", STATE, date.min, date.max)
        own = self._today.isoformat()
        earlier = [day for day in days if day < own]
        self._before: State = self._read(earlier[-1]) if earlier else {}
        is_past = own in days and own < days[-1]
        self._then: State = self._read(own) if is_past else {}

    def _read(self, day: str) -> State:
        uri = self._lake.partition("silver", STATE, day)
        rows = self._lake.run.spark.read.schema(SCHEMA).parquet(uri).collect()
        return {Name(row.table, row.key, row.attribute): Told(row.value, row.valid_from) for row in rows}

    def named(self, seen: Facts) -> Facts:
        """The names on the business date: today's, overridden by those stored for it if it ran before and later dates
        have run since."""
        return as_of(seen, self._then)

    def keep(self, facts: Facts) -> None:
        """Write the facts as of the business date, and its new ones."""
        state = state_of(facts, self._before, self._today)
        self._write(STATE, state)
        self._write(HISTORY, {name: told for name, told in state.items() if told.valid_from == self._today})

    def _write(self, table: str, facts: State) -> None:
        rows = [(*name, told.valid_from, told.value) for name, told in sorted(facts.items())]
        frame = self._lake.run.spark.createDataFrame(rows, SCHEMA)
        self._lake.replace("silver", table, frame.coalesce(1))


def frame_of(spark: SparkSession, table: Table, facts: Facts) -> DataFrame:
    """A head office table built from its facts, typed by its contract."""
    [key] = table.key
    attributes = [column.name for column in table.columns if column.name != key]
    keys = sorted({name.key for name in facts if name.table == table.name and name.attribute in attributes})
    rows = [(own, *(facts.get(Name(table.name, own, attribute)) for attribute in attributes)) for own in keys]
    text = spark.createDataFrame(rows, ", ".join(f"{column} string" for column in (key, *attributes)))
    types = {column.name: column.type for column in table.columns}
    return text.select(*[F.col(column).cast(types[column]) for column in (key, *attributes)])
