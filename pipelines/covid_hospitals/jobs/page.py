"""The figures of covid_hospitals' page: the states, their beds, new cases a day, and how patients left."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from functools import partial
from statistics import mean
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from covid_hospitals.jobs.tables import COUNTRY_CODE
from medallion import page
from medallion.lake import Lake
from medallion.manifest import GoldTable

SERIES_DAYS, WEEK = 90, 7
MOST_PLACES = 40
FULL, DOUBTFUL = (
    1.0,
    2.0,
)  # occupancy above which a state has more patients than beds, and above which nobody believes it
BEDS, FIGURES = ("icu", "clinical"), ("occupied", "offered", "rate", "doubt")
SUMMED = ("cases_by_state", "bed_occupancy", "suspected_confirmed", "deaths_by_status", "most_least_affected")
Row = Mapping[str, Any]


def write(lake: Lake, staged: Sequence[GoldTable], states: DataFrame) -> None:
    """Write page.json from the staged gold and silver's series of the states."""
    page.write(lake, staged, partial(_frames, lake, staged, states), figures, needed=SUMMED)


def _frames(lake: Lake, staged: Sequence[GoldTable], states: DataFrame) -> dict[str, DataFrame]:
    own = {table.table: page.own_rows(lake, table) for table in staged if table.table.startswith("bed_occupancy_by_")}
    counts = [F.max(name).alias(name) for name in ("hospitals", "stale_hospitals")]
    last = [F.max(name).alias(name) for name in ("hospital", "city", "is_stale", "notified_at")]
    since = lake.run.business_date - timedelta(days=SERIES_DAYS + WEEK)
    recent = states.where((F.col("state") != COUNTRY_CODE) & (F.col("series_date") >= F.lit(since)))
    sums = [F.sum(figure).alias(figure) for figure in ("cases", "deaths")]
    reporting = F.countDistinct("state").alias("states")
    return {
        "series": recent.groupBy("series_date").agg(*sums, reporting),
        "of_cities": _fullest(own["bed_occupancy_by_city"], ["state", "city"], counts),
        "of_hospitals": _fullest(own["bed_occupancy_by_hospital"], ["state", "hospital_id"], last),
    }


def _fullest(beds: DataFrame, place: Sequence[str], facts: Sequence[Column]) -> DataFrame:
    """The places with the most ICU beds taken, doubtful ones last; each with its beds of both types, of all pools."""
    total = [
        F.max(F.when(F.col("bed_type") == bed, F.col(name))).alias(f"{bed}_{name}") for bed in BEDS for name in FIGURES
    ]
    rows = beds.where(F.col("pool") == "total").groupBy(*place).agg(*total, *facts)
    order = [F.col("icu_doubt").isNotNull().asc(), F.col("icu_occupied").desc_nulls_last()]
    return rows.orderBy(*order, *place).limit(MOST_PLACES)


def figures(rows: Mapping[str, list[Row]]) -> dict[str, Any]:
    """All figures of the page. `rows`: the tables of gold, the cumulated `series` of the country by day, and
    the places with the most beds taken."""
    states = sorted(rows["cases_by_state"], key=lambda row: (-(row["cases"] or 0), row["state"]))
    return {
        "totals": _totals(states, rows["bed_occupancy"]),
        "states": states,
        "beds": [_bed(row) for row in rows["bed_occupancy"]],
        "full": FULL,
        "doubtful": DOUBTFUL,
        "stale": _stale(rows["bed_occupancy"]),
        "suspected": _places(rows["suspected_confirmed"]),
        "deaths": _places(rows["deaths_by_status"]),
        "cities": [_place(row) for row in sorted(rows["of_cities"], key=_by_icu)],
        "hospitals": [_place(row) for row in sorted(rows["of_hospitals"], key=_by_icu)],
        "scope": _scope(rows["suspected_confirmed"]),
        "daily": _daily(rows["series"]),
        "extremes": rows["most_least_affected"],
    }


def _totals(states: Sequence[Row], beds: Sequence[Row]) -> dict[str, Any]:
    sums: dict[str, Any] = {key: sum(row[key] or 0 for row in states) for key in ("cases", "deaths", "population")}
    sums["case_fatality"] = round(sums["deaths"] / sums["cases"], 5) if sums["cases"] else None
    sums["as_of"] = max((row["as_of"] for row in states if row["as_of"]), default=None)
    sums["snapshot"] = max((row["snapshot"] for row in beds if row["snapshot"]), default=None)
    sums["states"] = len(states)
    hospitals = {row["state"]: (row["stale_hospitals"], row["hospitals"]) for row in beds}.values()
    sums["stale_hospitals"], sums["hospitals"] = (sum(counts[n] for counts in hospitals) for n in (0, 1))
    for bed in ("clinical", "icu"):
        of = [row for row in beds if (row["bed_type"], row["pool"]) == (bed, "total")]
        occupied, offered = (sum(row[key] or 0 for row in of) for key in ("occupied", "offered"))
        sums[bed] = round(occupied / offered, 4) if offered else None
    return sums


def _bed(row: Row) -> dict[str, Any]:
    kept = ("state", "bed_type", "pool", "occupied", "offered", "rate")
    return {**{key: row[key] for key in kept}, **_rated(row["rate"])}


def _rated(rate: float | None) -> dict[str, Any]:
    level = "unknown" if rate is None else "doubtful" if rate > DOUBTFUL else "full" if rate > FULL else "usual"
    return {"rate": None if rate is None else round(rate, 4), "level": level}


def _place(row: Row) -> dict[str, Any]:
    """A city or a hospital: its facts, and {"occupied", "offered", "rate", "level"} of each bed type."""
    facts = {key: value for key, value in row.items() if not key.startswith(BEDS)}
    for bed in BEDS:
        rated = _rated(row[f"{bed}_rate"])
        doubt = {"level": "doubtful"} if row[f"{bed}_doubt"] else {}
        facts[bed] = {"occupied": row[f"{bed}_occupied"], "offered": row[f"{bed}_offered"], **rated, **doubt}
    return facts


def _by_icu(row: Row) -> tuple[Any, ...]:
    return bool(row["icu_doubt"]), -(row["icu_occupied"] or 0), row["state"], row.get("hospital_id") or row["city"]


def _stale(beds: Sequence[Row]) -> list[dict[str, Any]]:
    """Each state's hospitals, and those whose last notification is old."""
    by_state = {row["state"]: row for row in beds}
    return [
        {
            "state": state,
            "hospitals": row["hospitals"],
            "stale": row["stale_hospitals"],
            "share": round(row["stale_hospitals"] / row["hospitals"], 4) if row["hospitals"] else None,
        }
        for state, row in sorted(by_state.items(), key=lambda item: str(item[0]))
    ]


def _places(table: Sequence[Row]) -> list[Row]:
    """The country, the states and then the cities of a table, at most MOST_PLACES."""
    order = {"country": 0, "state": 1, "city": 2}
    return sorted(table, key=lambda row: (order[row["place_kind"]], row["place"]))[:MOST_PLACES]


def _scope(table: Sequence[Row]) -> dict[str, list[str]]:
    """Which places the outcomes cover: the sum over all of them is no country."""
    places = defaultdict(list)
    for row in table:
        places[row["place_kind"]].append(row["place"])
    return {"states": sorted(places["state"])[:MOST_PLACES], "cities": sorted(places["city"])[:MOST_PLACES]}


def _daily(series: Sequence[Row]) -> list[list[Any]]:
    """[day, new cases, their mean over seven days, new deaths, their mean] of each day whose day before is known, from
    as many states."""
    by_day = {date.fromisoformat(row["series_date"]): row for row in series if row["series_date"]}
    new: dict[date, tuple[Any, Any]] = {}
    for day, row in sorted(by_day.items()):
        before = by_day.get(day - timedelta(days=1))
        if before and before["states"] == row["states"]:
            new[day] = ((row["cases"] or 0) - (before["cases"] or 0), (row["deaths"] or 0) - (before["deaths"] or 0))
    return [
        [str(day), counts[0], _mean(new, day, 0), counts[1], _mean(new, day, 1)]
        for day, counts in list(new.items())[-SERIES_DAYS:]
    ]


def _mean(new: Mapping[date, tuple[Any, Any]], day: date, which: int) -> float | None:
    """The mean of a week that ends on a day; null unless all of its days are known."""
    week = [new.get(day - timedelta(days=n)) for n in range(WEEK)]
    known = [counts[which] for counts in week if counts is not None]
    return round(mean(known), 1) if len(known) == WEEK else None
