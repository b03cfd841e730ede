"""Gold of covid_hospitals: figures of each place as of a business date, from its delivered series and snapshots."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from covid_hospitals.jobs.names import folded, uf_of_code
from covid_hospitals.jobs.tables import COUNTRY, COUNTRY_CODE
from medallion.lake import Product

STALE_DAYS = 14
BED_TYPES, POOLS = ("clinical", "icu"), ("covid", "other")
METRICS = ("cases", "deaths", "cases_per_100k", "deaths_per_100k", "case_fatality")
FIRST_CITY_CODE = 1_000_000  # IBGE city codes have seven digits; shorter codes are states, for rows without a city


def cases_by_state(states: DataFrame, population: DataFrame) -> Product:
    """Key state; `states` are the rows of one day, `population` those of one year."""
    people = population.groupBy("state").agg(F.sum("population").alias("population"))
    of_states = states.where(F.col("state") != COUNTRY_CODE)
    return Product(_with_rates(of_states, people, "state", ["state"]), ["state"], [F.col("state").asc()])


def _with_rates(series: DataFrame, people: DataFrame, key: str, names: Sequence[str]) -> DataFrame:
    """Cases and deaths of places, with rates where the population is known."""
    counts = series.join(F.broadcast(people), on=key, how="left")
    return counts.select(
        *names,
        "cases",
        "deaths",
        *[_per_100k(of).alias(f"{of}_per_100k") for of in ("cases", "deaths")],
        ratio(F.col("deaths"), F.col("cases")).alias("case_fatality"),
        "population",
        F.col("series_date").alias("as_of"),
    )


def _per_100k(of: str) -> Column:
    return F.coalesce(ratio(F.col(of) * 100_000, F.col("population")), F.col(f"{of}_per_100k"))


def ratio(part: Column, whole: Column) -> Column:
    """Part over whole, null where the whole is 0 or unknown."""
    return F.when(whole != 0, part.cast("double") / whole)


def newest_day(frame: DataFrame, column: str) -> tuple[DataFrame, date | None]:
    """The rows of the newest day in a column, and that day; None where there are no rows."""
    newest: date | None = frame.agg(F.max(column)).first()[0]
    return frame.where(F.col(column) == F.lit(newest)), newest


def population_of(population: DataFrame, year: int) -> DataFrame:
    """The population of the newest year up to `year`; if there is none, of the first later year."""
    years = [row["population_year"] for row in population.select("population_year").distinct().collect()]
    chosen = max((y for y in years if y <= year), default=min(years, default=None))
    return population.where(F.col("population_year") == F.lit(chosen))


def bed_occupancy(snapshot: DataFrame) -> Product:
    """Key (state, bed_type, pool); `snapshot` holds the rows of one snapshot."""
    states = snapshot.groupBy("state", "snapshot").agg(
        *[F.sum(f"{side}_{pool}_{bed}").alias(f"{side}_{pool}_{bed}") for side, pool, bed in _BEDS],
        F.countDistinct("hospital_id").alias("hospitals"),
    )
    stale = _stale_hospitals(snapshot)
    beds = F.explode(F.array(*[_beds(pool, bed) for bed in BED_TYPES for pool in (*POOLS, "total")])).alias("beds")
    rows = states.join(F.broadcast(stale), on="state", how="left").select("*", beds).select("*", "beds.*")
    columns = rows.select(
        *("state", "bed_type", "pool", "occupied", "offered"),
        ratio(F.col("occupied"), F.col("offered")).alias("rate"),
        "hospitals",
        F.coalesce("stale_hospitals", F.lit(0).cast("bigint")).alias("stale_hospitals"),
        "snapshot",
    )
    key = ["state", "bed_type", "pool"]
    return Product(columns, key, [F.col(column).asc() for column in key])


_BEDS = [(side, pool, bed) for side in ("occupied", "offered") for pool in POOLS for bed in BED_TYPES]


def _beds(pool: str, bed: str) -> Column:
    """One bed type of one pool as a struct; the total is over all pools."""
    pools = POOLS if pool == "total" else (pool,)
    sums = [reduce(Column.__add__, [F.col(f"{side}_{p}_{bed}") for p in pools]) for side in ("occupied", "offered")]
    names = ("bed_type", "pool", "occupied", "offered")
    values = (F.lit(bed), F.lit(pool), *sums)
    return F.struct(*[value.alias(name) for name, value in zip(names, values, strict=True)])


def _stale_hospitals(snapshot: DataFrame) -> DataFrame:
    """Each state's hospitals whose newest notification is old."""
    hospitals = snapshot.groupBy("state", "hospital_id", "snapshot").agg(F.max("notified_at").alias("notified_at"))
    age = F.datediff("snapshot", F.to_date("notified_at"))
    return hospitals.where(age > STALE_DAYS).groupBy("state").agg(F.count(F.lit(1)).alias("stale_hospitals"))


def suspected_confirmed(places: DataFrame) -> Product:
    """Key (place_kind, place); `places` are outcomes with the places for which each row counts."""
    suspected, confirmed = (F.sum(F.col(f"{s}_clinical") + F.col(f"{s}_icu")) for s in ("suspected", "confirmed"))
    sums = places.groupBy("place_kind", "place").agg(suspected.alias("suspected"), confirmed.alias("confirmed"))
    both = F.col("suspected") + F.col("confirmed")
    rates = [ratio(F.col(status), both).alias(f"{status}_rate") for status in ("suspected", "confirmed")]
    return _by_place(sums.select("*", *rates))


def deaths_by_status(places: DataFrame) -> Product:
    """Key (place_kind, place); `places` as in suspected_confirmed."""
    figures = [f"{fate}_{status}" for fate in ("deaths", "discharges") for status in ("suspected", "confirmed")]
    sums = places.groupBy("place_kind", "place").agg(*[F.sum(figure).alias(figure) for figure in figures])
    columns = sums.select(
        *("place_kind", "place", "deaths_suspected", "deaths_confirmed"),
        *[_death_rate(status).alias(f"death_rate_{status}") for status in ("suspected", "confirmed")],
        *("discharges_suspected", "discharges_confirmed"),
    )
    return _by_place(columns)


def _death_rate(status: str) -> Column:
    deaths, discharges = F.col(f"deaths_{status}"), F.col(f"discharges_{status}")
    return ratio(deaths, deaths + discharges)


def _by_place(frame: DataFrame) -> Product:
    key = ["place_kind", "place"]
    return Product(frame, key, [F.col(column).asc() for column in key])


def with_places(outcomes: DataFrame, state_names: DataFrame, municipalities: DataFrame) -> DataFrame:
    """Each outcome once for its city, once for its state if that is known, once for the country."""
    named = _with_state(outcomes, state_names, municipalities)
    city = F.concat_ws("/", "city", "own_state")
    kinds = {"city": city, "state": F.col("place_state"), "country": F.lit(COUNTRY)}
    places = [F.struct(F.lit(kind).alias("place_kind"), place.alias("place")) for kind, place in kinds.items()]
    each = named.withColumn("_place", F.explode(F.array(*places))).select("*", "_place.*").drop("_place")
    return each.where(F.col("place").isNotNull())


def _with_state(outcomes: DataFrame, state_names: DataFrame, municipalities: DataFrame) -> DataFrame:
    """The UF that the row itself names (`own_state`), else that of the only municipality of that name
    (`place_state`)."""
    codes = state_names.select("state_code", "state", folded(F.col("state_name")).alias("_name"))
    states = municipalities.withColumn("state", uf_of_code("state_code")).where(F.col("state").isNotNull())
    only = states.groupBy(folded(F.col("city")).alias("_city"))
    cities = only.agg(F.max("state").alias("_city_state"), F.count(F.lit(1)).alias("_namesakes"))
    named = (
        outcomes.withColumns({"_name": folded(F.col("state_name")), "_city": folded(F.col("city"))})
        .join(F.broadcast(codes.select("_name", F.col("state").alias("_named_state"))), on="_name", how="left")
        .join(F.broadcast(cities.where(F.col("_namesakes") == 1)), on="_city", how="left")
    )
    own = F.coalesce("_named_state", "state_name")
    return named.withColumns({"own_state": own, "place_state": F.coalesce(own, "_city_state")})


def most_least_affected(cases: DataFrame, cities: DataFrame, population: DataFrame) -> Product:
    """Key (place_kind, metric, extreme); `cases` is cases_by_state, `cities` the rows of one day."""
    people = population.groupBy("city_code").agg(F.max("population").alias("population"))
    real = cities.where(F.col("city_code") >= FIRST_CITY_CODE)
    places = {"state": cases.withColumnRenamed("state", "place")}
    places["city"] = _with_rates(real, people, "city_code", [F.col("city").alias("place")])
    values = reduce(DataFrame.unionByName, [_values(kind, frame) for kind, frame in places.items()])
    key = ["place_kind", "metric", "extreme"]
    return Product(_extremes(values), key, [F.col(column).asc() for column in key])


def _values(kind: str, places: DataFrame) -> DataFrame:
    """A row for each place and each metric that it has."""
    metrics = [F.struct(F.lit(m).alias("metric"), F.col(m).cast("double").alias("value")) for m in METRICS]
    rows = places.select(F.lit(kind).alias("place_kind"), "place", "as_of", F.explode(F.array(*metrics)).alias("m"))
    return rows.select("place_kind", "place", "as_of", "m.*").where(F.col("value").isNotNull())


def _extremes(values: DataFrame) -> DataFrame:
    """The highest and the lowest value of each metric, the first place that has it, and the number of places that
    do."""
    group = ["place_kind", "metric"]
    ends = values.groupBy(*group).agg(F.max("value").alias("most"), F.min("value").alias("least"))
    extreme = F.explode(F.array(*[F.struct(F.lit(e).alias("extreme"), F.col(e).alias("value")) for e in ENDS]))
    wanted = ends.select(*group, extreme.alias("e")).select(*group, "e.*")
    tied = values.join(wanted, on=[*group, "value"]).groupBy(*group, "extreme", "value")
    chosen = tied.agg(F.min("place").alias("place"), F.count(F.lit(1)).alias("ties"), F.max("as_of").alias("as_of"))
    return chosen.select(*group, "extreme", "place", "value", "ties", "as_of")


ENDS = ("most", "least")
