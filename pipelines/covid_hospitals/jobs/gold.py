"""Gold of covid_hospitals: figures of each place as of a business date, from its delivered series and snapshots."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from covid_hospitals.jobs.names import described, folded, uf_of_code
from covid_hospitals.jobs.tables import COUNTRY, COUNTRY_CODE
from medallion.lake import Product

STALE_DAYS = 14
DOUBTFUL_RATE = 2  # above it, beds in use were more likely counted wrongly than really taken
WEEK = 7
MOST_NAMED = 5  # cities in a scope; of more, their number only
NOT_STATED = "(not stated)"
BED_TYPES, POOLS = ("clinical", "icu"), ("covid", "other")
METRICS = ("cases", "deaths", "cases_per_100k", "deaths_per_100k", "case_fatality")
FIRST_CITY_CODE = 1_000_000  # IBGE city codes have seven digits; shorter codes are states, for rows without a city


def cases_by_state(states: DataFrame, population: DataFrame) -> Product:
    """Key state; `states` are the rows of one day, `population` those of one year."""
    people = population.groupBy("state").agg(F.sum("population").alias("population"))
    of_states = states.where(F.col("state") != COUNTRY_CODE)
    rates = described(_with_rates(of_states, people, "state", ["state"]))
    return Product(rates, ["state"], [F.col("state").asc()])


def cases_by_state_day(states: DataFrame) -> Product:
    """Key (series_date, state); `states` are all rows of the series."""
    series = states.where(F.col("state") != COUNTRY_CODE)
    day = F.datediff("series_date", F.lit("1970-01-01"))
    # By the day, not lag(): a day that was not delivered must give null, not an older day's figures.
    before, week = (Window.partitionBy("state").orderBy(day).rangeBetween(-ago, -ago) for ago in (1, WEEK))
    new = {f"new_{of}": F.col(of) - F.max(of).over(before) for of in ("cases", "deaths")}
    means = {f"new_{of}_7d_mean": (F.col(of) - F.max(of).over(week)) / WEEK for of in ("cases", "deaths")}
    doubt = F.when(F.least(F.col("new_cases"), F.col("new_deaths")) < 0, "corrected")
    rows = series.withColumns({**new, **means}).withColumn("doubt", doubt)
    columns = described(rows.select("series_date", "state", "cases", "deaths", *new, *means, "doubt"))
    key = ["series_date", "state"]
    return Product(columns, key, [F.col(column).asc() for column in key])


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


def of_day(frame: DataFrame, column: str, day: date | None) -> DataFrame:
    """The rows of one day in a column; none for None."""
    return frame.where(F.col(column) == F.lit(day))


def population_of(population: DataFrame, year: int) -> DataFrame:
    """The population of the newest year up to `year`; if there is none, of the first later year."""
    years = [row["population_year"] for row in population.select("population_year").distinct().collect()]
    chosen = max((y for y in years if y <= year), default=min(years, default=None))
    return population.where(F.col("population_year") == F.lit(chosen))


def hospitals(snapshot: DataFrame, municipalities: DataFrame) -> DataFrame:
    """One row a hospital of one snapshot, over its documents: its beds, and name, city and freshness by its newest
    notification."""
    newest = [F.max_by(name, "notified_at").alias(name) for name in ("hospital", "city", "notified_on")]
    beds = [F.sum(name).alias(name) for name in _NAMES]
    whole = snapshot.groupBy("state", "hospital_id", "snapshot")
    sums = whole.agg(*newest, F.max("notified_at").alias("notified_at"), *beds)
    on = F.coalesce("notified_on", F.to_date("notified_at"))  # silver from before it had the day has the moment only
    rows = sums.withColumn("is_stale", F.datediff("snapshot", on) > STALE_DAYS).drop("notified_on")
    return _with_cities(rows, municipalities)


def bed_occupancy(hospitals: DataFrame) -> Product:
    """Key (state, bed_type, pool)."""
    return _of_places(hospitals, ["state"])


def bed_occupancy_by_city(hospitals: DataFrame) -> Product:
    """Key (state, city, bed_type, pool)."""
    return _of_places(hospitals, ["state", "city"], F.max("city_code").alias("city_code"))


def bed_occupancy_by_hospital(hospitals: DataFrame) -> Product:
    """Key (state, hospital_id, bed_type, pool)."""
    first, then = ("state", "hospital_id", "hospital", "city"), ("notified_at", "is_stale", "snapshot", "doubt")
    columns = _by_beds(hospitals).select(*first, *_FIGURES, *then, "city_code")
    return _beds_by(_last(described(columns), "city_code"), "state", "hospital_id")


def _of_places(hospitals: DataFrame, place: Sequence[str], *more: Column) -> Product:
    """The beds of places, with their number of hospitals."""
    counts = {"hospitals": F.count(F.lit(1)), "stale_hospitals": F.sum(F.col("is_stale").cast("bigint"))}
    figures = [*[F.sum(name).alias(name) for name in _NAMES], *[of.alias(name) for name, of in counts.items()]]
    rows = _by_beds(hospitals.groupBy(*place, "snapshot").agg(*figures, *more))
    extra = ["city_code"] if more else []
    columns = described(rows.select(*place, *_FIGURES, *counts, "snapshot", "doubt", *extra))
    return _beds_by(_last(columns, *extra), *place)


def _by_beds(sums: DataFrame) -> DataFrame:
    """A row for each bed type and pool of each place, with `rate` and `doubt`."""
    each = F.explode(F.array(*[_beds(pool, bed) for bed in BED_TYPES for pool in (*POOLS, "total")])).alias("beds")
    rows = sums.select("*", each).select("*", "beds.*")
    return rows.withColumn("rate", ratio(F.col("occupied"), F.col("offered"))).withColumn("doubt", _doubt())


def _with_cities(rows: DataFrame, municipalities: DataFrame) -> DataFrame:
    """Rows with each city's name and `city_code` by IBGE's table, where it has the name in that state; of other cities
    one spelling each."""
    known = municipalities.withColumn("state", uf_of_code("state_code")).where(F.col("state").isNotNull())
    places = known.groupBy("state", folded(F.col("city")).alias("_fold"))
    named = places.agg(F.min("city").alias("_official"), F.min("city_code").alias("city_code"))
    spelt = F.coalesce(F.trim("city"), F.lit(NOT_STATED))
    keyed = rows.withColumns({"city": spelt, "_fold": folded(spelt)})
    joined = keyed.join(F.broadcast(named), on=["state", "_fold"], how="left")
    first = F.min("city").over(Window.partitionBy("state", "_fold"))
    return joined.withColumn("city", F.coalesce("_official", first)).drop("_fold", "_official")


def _beds_by(columns: DataFrame, *place: str) -> Product:
    key = [*place, "bed_type", "pool"]
    return Product(columns, key, [F.col(column).asc() for column in key])


def _last(rows: DataFrame, *last: str) -> DataFrame:
    return rows.select(*[name for name in rows.columns if name not in last], *last)


def _doubt() -> Column:
    """Why a figure of beds is doubtful; null if it is not."""
    doubts = {
        "over_200_percent": F.col("rate") > DOUBTFUL_RATE,
        "none_offered": (F.col("offered") == 0) & (F.col("occupied") > 0),
        "negative_beds": F.least("occupied", "offered") < 0,
    }
    words = F.concat_ws(", ", *[F.when(holds, name) for name, holds in doubts.items()])
    return F.when(words != "", words)


_FIGURES = ["bed_type", "pool", "occupied", "offered", "rate"]
_BEDS = [(side, pool, bed) for side in ("occupied", "offered") for pool in POOLS for bed in BED_TYPES]
_NAMES = [f"{side}_{pool}_{bed}" for side, pool, bed in _BEDS]


def _beds(pool: str, bed: str) -> Column:
    """One bed type of one pool as a struct; the total is over all pools."""
    pools = POOLS if pool == "total" else (pool,)
    sums = [reduce(Column.__add__, [F.col(f"{side}_{p}_{bed}") for p in pools]) for side in ("occupied", "offered")]
    names = ("bed_type", "pool", "occupied", "offered")
    values = (F.lit(bed), F.lit(pool), *sums)
    return F.struct(*[value.alias(name) for name, value in zip(names, values, strict=True)])


def suspected_confirmed(places: DataFrame) -> Product:
    """Key (place_kind, place); `places` are outcomes with the places for which each row counts."""
    suspected, confirmed = (F.sum(F.col(f"{s}_clinical") + F.col(f"{s}_icu")) for s in ("suspected", "confirmed"))
    sums = places.groupBy("place_kind", "place").agg(
        suspected.alias("suspected"), confirmed.alias("confirmed"), *_scope()
    )
    both = F.col("suspected") + F.col("confirmed")
    rates = [ratio(F.col(status), both).alias(f"{status}_rate") for status in ("suspected", "confirmed")]
    return _by_place(sums.select("place_kind", "place", "suspected", "confirmed", *rates, *_SCOPE))


def deaths_by_status(places: DataFrame) -> Product:
    """Key (place_kind, place); `places` as in suspected_confirmed."""
    figures = [f"{fate}_{status}" for fate in ("deaths", "discharges") for status in ("suspected", "confirmed")]
    sums = places.groupBy("place_kind", "place").agg(*[F.sum(figure).alias(figure) for figure in figures], *_scope())
    columns = sums.select(
        *("place_kind", "place", "deaths_suspected", "deaths_confirmed"),
        *[_death_rate(status).alias(f"death_rate_{status}") for status in ("suspected", "confirmed")],
        *("discharges_suspected", "discharges_confirmed"),
        *_SCOPE,
        _doubt_of_deaths(*figures).alias("doubt"),
    )
    return _by_place(columns)


_SCOPE = ["scope", "cities"]


def _scope() -> list[Column]:
    """Of which cities a row is the sum: `Brasil` is three capitals where only they deliver."""
    city = F.concat_ws("/", "city", "own_state")
    count, names = F.countDistinct(city), F.concat_ws(", ", F.sort_array(F.collect_set(city)))
    words = F.when(count > MOST_NAMED, F.concat(count.cast("string"), F.lit(" cities"))).otherwise(names)
    return [words.alias("scope"), count.alias("cities")]


def _death_rate(status: str) -> Column:
    deaths, discharges = F.col(f"deaths_{status}"), F.col(f"discharges_{status}")
    return ratio(deaths, deaths + discharges)


def _doubt_of_deaths(*figures: str) -> Column:
    """negative_counts where more deaths or discharges were taken back than reported; else null."""
    return F.when(F.least(*figures) < 0, "negative_counts")


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
