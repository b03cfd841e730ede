"""Silver of covid_hospitals: typed rows, one a business key, none dated after the business date."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from covid_hospitals.jobs import names
from covid_hospitals.jobs.tables import (
    CITIES,
    COUNTRY_CODE,
    FACTS,
    MUNICIPALITIES,
    OCCUPANCY,
    OUTCOMES,
    POPULATION,
    STATE_NAMES,
    STATES,
)
from medallion.quality import LINEAGE, Rule, is_accepted, last_version_wins, overrule, warn
from medallion.raw import SENDER, TEXT
from medallion.typing_rules import clean, judge_rows, moment, rules_of, typed, typed_columns
from nightshift_contract.model import Table

LINEAGE_SCHEMA = "source_file string, line bigint, ingested_at timestamp"
NOTIFICATION = OCCUPANCY.key
HISTORY = "snapshot date, first_snapshot date, last_snapshot date"
SCHEMAS = {
    "occupancy": f"{OCCUPANCY.schema}, notified_on date, {HISTORY}, {LINEAGE_SCHEMA}",
    "population": f"population_year int, {POPULATION.schema}, {LINEAGE_SCHEMA}",
    **{t.name: f"{t.schema}, {LINEAGE_SCHEMA}" for t in (STATES, CITIES, OUTCOMES, STATE_NAMES, MUNICIPALITIES)},
}
COLUMNS = {
    table: [column.split()[0] for column in re.split(r", (?=[a-z])", schema)] for table, schema in SCHEMAS.items()
}
# Columns kept beside a row's own until it is accepted: its origin and original text.
CARRIED = (*LINEAGE, SENDER, "ingested_at", "raw", "outcome", "reason", "detail", "warning")
_DAY_IN_NAME = r"([0-9]{4}-[0-9]{2}-[0-9]{2})[^/]*$"
_YEAR_IN_NAME = r"((?:19|20)[0-9]{2})[^/]*$"
_ZONED = r":[0-9.]+\s*(Z|[+-][0-9]{2}(:?[0-9]{2})?)\s*$"
_CNES = r"^[0-9]{7}$"


# Columns that hold place codes, and columns that name states by UF, name or code; by bronze name.
CODES = {
    "cities": ("ibgeid",),
    "state_names": ("codigo_uf",),
    "municipalities": ("codigo_ibge", "codigo_uf"),
    "population": ("city_ibge_code", "state_ibge_code"),
}
NAMED_STATES = {
    "occupancy": ("estadosigla",),
    "states": ("state",),
    "cities": ("state",),
    "outcomes": ("estado",),
    "population": ("state",),
}
ODD_CODE, OTHER_CITY, ODD_STATE = "unknown_city_code", "code_of_another_city", "unknown_state"
FIRST_CITY_CODE, LAST_CITY_CODE = 1_000_000, 9_999_999


def names_of_places(arrived: Mapping[str, DataFrame]) -> dict[str, DataFrame]:
    """The judged rows of the reference tables of places."""
    judge = {"state_names": state_names, "municipalities": municipalities, "population": population}
    return {table: of(_tidy(arrived, table)) for table, of in judge.items()}


def facts(
    arrived: Mapping[str, DataFrame], places: DataFrame, business_date: date, timezone: str
) -> dict[str, DataFrame]:
    """The judged rows of the fact tables, at `places` (names.official); moments become days of the time zone."""
    came = {table.name: _tidy(arrived, table.name) for table in FACTS}
    return {
        "occupancy": occupancy(came["occupancy"], business_date, timezone),
        "states": series(STATES, _typed(STATES, came["states"]), business_date),
        "cities": cities(came["cities"], places, business_date),
        "outcomes": outcomes(came["outcomes"], places, business_date, timezone),
    }


def _tidy(arrived: Mapping[str, DataFrame], table: str) -> DataFrame:
    return names.tidy(arrived[table], CODES.get(table, ()), NAMED_STATES.get(table, ()))


def occupancy(bronze: DataFrame, business_date: date, timezone: str) -> DataFrame:
    """Each notification of a hospital once, as in its newest snapshot, with the first and last snapshot that have
    it."""
    named = bronze.withColumn("_day", F.regexp_extract("source_file", _DAY_IN_NAME, 1))
    taken = F.coalesce(typed("_day", "date"), day_of("ts_run", timezone))
    days = {"snapshot": taken, "notified_on": day_of("datanotificacaoocupacao", timezone)}
    dated = named.withColumns(days).drop("_day")
    undated = Rule(
        "no_snapshot_date", F.col("snapshot").isNull(), F.lit("neither the file's name nor ts_run is a date")
    )
    rows = until(_typed(OCCUPANCY, dated, [*days], [undated]), "snapshot", business_date)
    rows = rows.withColumn("hospital_id", names.hospital(F.col("hospital_id")))
    same = Window.partitionBy("outcome", *NOTIFICATION)
    rows = rows.select(
        "*", F.min("snapshot").over(same).alias("first_snapshot"), F.max("snapshot").over(same).alias("last_snapshot")
    )
    rows = rows.withColumn("city", names.without_uf("city"))
    once = _latest(OCCUPANCY, rows, order=("snapshot", *LINEAGE))
    beds = [c.name for c in OCCUPANCY.columns if c.name.startswith(("offered_", "occupied_"))]
    once = warn(once, "negative_beds", negative(beds))
    return warn(once, "odd_hospital_code", ~F.col("hospital_id").rlike(_CNES))


def day_of(column: str, timezone: str) -> Column:
    """The day of a moment: in the time zone if the moment has an offset (or Z), else the date as written."""
    instant = moment(column)
    there = F.convert_timezone(F.current_timezone(), F.lit(timezone), instant)
    return F.when(F.col(column).rlike(_ZONED), there.cast("date")).otherwise(instant.cast("date"))


def series(table: Table, rows: DataFrame, business_date: date) -> DataFrame:
    """Each place's day once; if several files have it, from the one that reaches furthest, as it was published last."""
    reach = Window.partitionBy("outcome", "source_file")
    rows = rows.withColumn("published", F.max("series_date").over(reach))
    return _latest(table, until(rows, "series_date", business_date), order=("published", *LINEAGE))


def cities(bronze: DataFrame, places: DataFrame, business_date: date) -> DataFrame:
    """Each city's day once, under the name and the code of the reference tables."""
    coded = names.with_known_codes(_typed(CITIES, bronze), places)
    bare = coded.withColumn("city", names.without_uf("city"))
    seen = bronze.select("state", names.without_uf("city").alias("city"))
    named = names.by_code(names.one_name(bare, seen, places, state="state"))
    full = F.when(F.col("state") == COUNTRY_CODE, F.col("city")).otherwise(F.concat_ws("/", "city", "state"))
    rows = named.withColumn("city", F.when(F.col("city").isNotNull(), full))
    once = warn(series(CITIES, rows, business_date), ODD_CODE, F.col("_odd_code"))
    return warn(once, OTHER_CITY, F.col("_other_city"))


def outcomes(bronze: DataFrame, places: DataFrame, business_date: date, timezone: str) -> DataFrame:
    """Each city's (or hospital's) day once. A state that is none is left out, with a warning: it would be a place of
    its own; where none is named, it is that after the city's name. If the two differ, the state's column counts, with
    the same warning."""
    dated = bronze.withColumn("notified_on", day_of("datanotificacao", timezone))
    typed_rows = _typed(OUTCOMES, dated, ["notified_on"])
    odd = F.col("state_name").isNotNull() & ~names.is_uf("state_name")
    marked = warn(typed_rows, ODD_STATE, odd | (names.uf_of_place("city") != F.col("state_name")))
    stated = _of_state(marked, "state_name", "city").withColumn("hospital_id", names.hospital(F.col("hospital_id")))
    seen = _of_state(bronze, "estado", "municipio").select(
        F.col("estado").alias("state"), F.col("municipio").alias("city")
    )
    named = names.one_name(stated, seen, places, state="state_name").drop("_is_place")
    rows = until(named, "notified_on", business_date)
    figures = [c.name for c in OUTCOMES.columns if c.type == "double"]
    return warn(_latest(OUTCOMES, rows), "negative_figure", negative(figures))


def _of_state(rows: DataFrame, state: str, city: str) -> DataFrame:
    """The rows with a state's UF or null, and the city's name without one."""
    own = F.when(names.is_uf(state), F.col(state))
    return rows.withColumns({state: F.coalesce(own, names.uf_of_place(city)), city: names.without_uf(city)})


def state_names(bronze: DataFrame) -> DataFrame:
    """Each state once."""
    return _latest(STATE_NAMES, _typed(STATE_NAMES, bronze))


def municipalities(bronze: DataFrame) -> DataFrame:
    """Each municipality once."""
    return _latest(MUNICIPALITIES, _seven_digits(_typed(MUNICIPALITIES, bronze)))


def population(bronze: DataFrame) -> DataFrame:
    """Each municipality and year once; the year appears only in the file's name."""
    named = bronze.withColumn("_year", F.regexp_extract("source_file", _YEAR_IN_NAME, 1))
    dated = named.withColumn("population_year", typed("_year", "int")).drop("_year")
    detail = F.lit("the file's name has no year, unlike populacao-por-municipio-2020.csv")
    undated = Rule("no_year", F.col("population_year").isNull(), detail)
    return _latest(POPULATION, _seven_digits(_typed(POPULATION, dated, ["population_year"], [undated])))


def _seven_digits(rows: DataFrame) -> DataFrame:
    """The rows with codes of seven digits; a code that cannot be completed is a warning, since no city's matches it."""
    coded = rows.withColumn("city_code", names.seven_digits(F.col("city_code"), F.col("state_code")))
    return warn(coded, ODD_CODE, ~F.col("city_code").between(FIRST_CITY_CODE, LAST_CITY_CODE))


def _typed(table: Table, bronze: DataFrame, extra: Sequence[str] = (), rules: Sequence[Rule] = ()) -> DataFrame:
    """Judged rows of a source table under their lake names; `extra` are additional bronze columns."""
    beside = [column for column in table.columns if column.optional]
    rows = judge_rows(clean(bronze, table), [*rules_of(table), *rules], beside)
    return rows.select(*typed_columns(table).values(), *extra, F.lit(TEXT).alias("raw_encoding"), *CARRIED)


def _latest(table: Table, judged: DataFrame, order: Sequence[str] = LINEAGE) -> DataFrame:
    content = [column.name for column in table.columns if column.name not in (*table.key, "snapshot_at")]
    return last_version_wins(judged, table.key, content, order=order)


def until(judged: DataFrame, column: str, business_date: date) -> DataFrame:
    """Refuse rows dated after the business date: they belong to that day's run."""
    day = F.to_date(column)
    detail = F.concat(F.lit(f"{column} is "), day.cast("string"), F.lit(f", after {business_date}"))
    return overrule(judged, "after_business_date", day > F.lit(business_date), detail)


def negative(columns: Sequence[str]) -> Column:
    """Whether any of the columns is below zero."""
    return is_accepted() & (F.least(*columns, F.lit(0)) < 0)
