"""The figures of ../shared/data/README.md about the hospitals, which were computed without Spark."""

import shutil
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

P = "covid_hospitals"
LAST = "2022-04-24"
MARCH, APRIL = "2021-03-23", "2021-04-01"
NIGHTS = {
    MARCH: ("2021-03-20", "2021-03-21", "2021-03-22", MARCH),
    APRIL: ("2021-03-24", APRIL),
}


@pytest.fixture(scope="module")
def covid(new_lake: Callable[[], Any], shared_data: Path, as_a_cluster: Any) -> Any:
    """Everything that there is, as of the last day of the series."""
    lake = new_lake()
    with as_a_cluster():
        lake.run(P, LAST, shared_data / "covid", page=True)
    return lake


@pytest.fixture(scope="module")
def snapshots(new_lake: Callable[[], Any], shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The snapshots in two nights."""
    lake, drops = new_lake(), tmp_path_factory.mktemp("drops")
    for night, days in NIGHTS.items():
        folder = drops / night.replace("-", "/") / "occupation"
        folder.mkdir(parents=True)
        for day in days:
            [file] = (shared_data / "covid" / "occupation").glob(f"data_{day}.*")
            shutil.copy(file, folder)
        lake.run(P, night, drops)
    return lake


def by(rows: list[dict[str, Any]], *columns: str) -> dict[Any, dict[str, Any]]:
    """Rows by their key, which is a tuple if it has several columns."""
    keys = [tuple(row[c] for c in columns) for row in rows]
    assert len(set(keys)) == len(keys)
    return {key if len(columns) > 1 else key[0]: row for key, row in zip(keys, rows, strict=True)}


def test_the_country_is_the_sum_of_27_states_and_total_is_none_of_them(covid: Any) -> None:
    states = by(covid.gold(P, LAST, "cases_by_state"), "state")
    assert len(states) == 27
    assert sum(row["cases"] for row in states.values()) == 30_349_463
    assert sum(row["deaths"] for row in states.values()) == 662_891
    assert states["SP"]["cases"] == 5_363_464
    assert states["AC"]["cases"] == 124_635
    assert states["SP"]["case_fatality"] == pytest.approx(states["SP"]["deaths"] / 5_363_464)


def test_page_json_has_the_figures_of_gold(covid: Any) -> None:
    figures = covid.page(P, LAST)["figures"]
    assert (figures["totals"]["cases"], figures["totals"]["deaths"]) == (30_349_463, 662_891)
    assert figures["states"][0]["state"] == "SP" and len(figures["states"]) == 27
    beds = covid.gold(P, LAST, "bed_occupancy")
    levels = {(b["state"], b["bed_type"], b["pool"]): b["level"] for b in figures["beds"]}
    assert len(levels) == len(beds)
    assert all(
        (level == "doubtful") == ((bed["rate"] or 0) > 2) for bed, level in zip(beds, levels.values(), strict=True)
    )
    for kind, key in (("cities", "city"), ("hospitals", "hospital_id")):
        table = covid.gold(P, LAST, "bed_occupancy_by_city" if kind == "cities" else "bed_occupancy_by_hospital")
        icu = [row for row in table if (row["bed_type"], row["pool"]) == ("icu", "total")]
        trusted = sorted((row["occupied"] for row in icu if not row["doubt"]), reverse=True)
        assert len(figures[kind]) == min(40, len(icu)) > 5
        shown = [(row["state"], row[key], row["icu"]["occupied"]) for row in figures[kind]]
        assert {*shown} <= {(row["state"], row[key], row["occupied"]) for row in icu}
        assert [taken for *_, taken in shown] == trusted[:40]
    day, new, mean, *_ = figures["daily"][-1]
    week = [row[1] for row in figures["daily"][-7:]]
    assert day == LAST and mean == pytest.approx(sum(week) / 7, abs=0.06) and new == week[-1]
    cities = {row["place"] for row in covid.gold(P, LAST, "suspected_confirmed") if row["place_kind"] == "city"}
    assert figures["scope"]["cities"] == sorted(cities)[:40]


def test_the_states_most_and_least_affected_are_known(covid: Any) -> None:
    ends = by(covid.gold(P, LAST, "most_least_affected"), "place_kind", "metric", "extreme")
    assert ends["state", "cases", "most"]["place"] == "SP"
    assert ends["state", "cases", "least"]["place"] == "AC"
    assert ends["state", "cases_per_100k", "most"]["place"] == "ES"
    assert ends["state", "cases_per_100k", "least"]["place"] == "MA"
    assert ends["state", "cases", "least"]["ties"] == 1


def test_44_real_cities_tie_without_a_case_and_pseudo_cities_are_none(covid: Any) -> None:
    ends = by(covid.gold(P, LAST, "most_least_affected"), "place_kind", "metric", "extreme")
    least, most = ends["city", "cases", "least"], ends["city", "cases", "most"]
    assert (least["value"], least["ties"]) == (0.0, 44)
    assert (most["place"], most["value"], most["ties"]) == ("São Paulo/SP", 152_806.0, 1)
    assert not any("LOCALIZA" in row["place"] for row in ends.values())
    assert covid.counts(P, LAST, "gold")["cities"]["warnings"] == {"older_than_business_date": 5355}


def test_rates_are_of_the_newest_population(covid: Any) -> None:
    sp = by(covid.gold(P, LAST, "cases_by_state"), "state")["SP"]
    assert sp["population"] == 46_289_333
    assert sp["cases_per_100k"] == pytest.approx(5_363_464 / 46_289_333 * 100_000)


def test_suspects_and_deaths_are_sums_over_all_rows_with_the_negative_cell_in_them(covid: Any) -> None:
    beds = by(covid.gold(P, LAST, "suspected_confirmed"), "place_kind", "place")
    deaths = by(covid.gold(P, LAST, "deaths_by_status"), "place_kind", "place")
    country = ("country", "Brasil")
    assert beds[country]["suspected_rate"] == pytest.approx(0.742054, abs=5e-7)
    assert deaths[country]["death_rate_suspected"] == pytest.approx(0.306569, abs=5e-7)
    assert deaths[country]["death_rate_confirmed"] == pytest.approx(0.216847, abs=5e-7)
    fates = [f"{fate}_{status}" for fate in ("deaths", "discharges") for status in ("suspected", "confirmed")]
    negative = {place for place, row in deaths.items() if min(row[fate] or 0 for fate in fates) < 0}
    assert {place for place, row in deaths.items() if row["doubt"]} == negative
    assert (beds[country]["cities"], beds[country]["scope"]) == (3, "Belo Horizonte, Rio de Janeiro, São Paulo")
    assert {place for kind, place in beds if kind == "city"} == {"Belo Horizonte", "Rio de Janeiro", "São Paulo"}
    assert {place for kind, place in beds if kind == "state"} == {"MG", "RJ", "SP"}
    assert covid.counts(P, LAST, "silver")["outcomes"]["warnings"] == {"negative_figure": 1}


def test_the_older_layout_is_read_and_yields_to_the_series(covid: Any) -> None:
    counts = covid.counts(P, LAST, "silver")["states"]
    assert (counts["rows_in"], counts["accepted"], counts["reasons"]) == (21_686, 21_658, {"superseded": 28})
    rows = by(covid.rows("silver", P, "states", LAST), "series_date", "state")
    assert rows[date(2020, 6, 15), "AC"]["cases"] == 9_771


def test_beds_of_a_snapshot_are_the_sum_over_all_its_rows(snapshots: Any) -> None:
    beds = by(snapshots.gold(P, MARCH, "bed_occupancy"), "state", "bed_type", "pool")
    clinical, icu = beds["SP", "clinical", "total"], beds["SP", "icu", "total"]
    assert (clinical["occupied"], clinical["offered"]) == (20_663.0, 83_124.0)
    assert clinical["rate"] == pytest.approx(0.24858, abs=5e-6)
    assert (icu["occupied"], icu["offered"]) == (11_143.0, 11_673.0)
    assert icu["rate"] == pytest.approx(0.954596, abs=5e-7)
    assert len(beds) == 27 * 6


def test_rates_above_one_are_told_as_they_are(snapshots: Any) -> None:
    beds = by(snapshots.gold(P, APRIL, "bed_occupancy"), "state", "bed_type", "pool")
    assert beds["AP", "icu", "covid"]["rate"] == pytest.approx(29.6667, abs=5e-5)
    assert beds["AP", "icu", "other"]["rate"] == pytest.approx(11.2)


def test_what_cannot_be_is_marked_and_is_found_by_hospital_and_city(snapshots: Any) -> None:
    beds = by(snapshots.gold(P, APRIL, "bed_occupancy"), "state", "bed_type", "pool")
    assert beds["AP", "icu", "covid"]["doubt"] == "over_200_percent"
    assert beds["SP", "icu", "total"]["doubt"] is None
    for table, key in (("city", "city"), ("hospital", "hospital_id")):
        rows = by(snapshots.gold(P, APRIL, f"bed_occupancy_by_{table}"), "state", key, "bed_type", "pool")
        ap = [row for (state, _, bed, pool), row in rows.items() if (state, bed, pool) == ("AP", "icu", "covid")]
        for figure in ("occupied", "offered"):
            assert sum(row[figure] for row in ap) == beds["AP", "icu", "covid"][figure]
        assert all((row["rate"] or 0) > 2 for row in rows.values() if "over_200" in (row["doubt"] or ""))
        assert all(row["doubt"] for row in rows.values() if (row["rate"] or 0) > 2)


def test_the_series_of_a_state_has_its_new_cases_and_their_mean(covid: Any) -> None:
    rows = by(covid.gold(P, LAST, "cases_by_state_day"), "series_date", "state")
    assert len({state for _, state in rows}) == 27
    assert sum(row["cases"] for (day, _), row in rows.items() if str(day) == LAST) == 30_349_463
    sp = {day: row for (day, state), row in rows.items() if state == "SP"}
    for day, row in sp.items():
        before, week = sp.get(day - timedelta(1)), sp.get(day - timedelta(7))
        assert row["new_cases"] == (row["cases"] - before["cases"] if before else None)
        assert row["new_cases_7d_mean"] == (pytest.approx((row["cases"] - week["cases"]) / 7) if week else None)
    assert {row["doubt"] for row in rows.values()} == {None, "corrected"}


def test_one_night_of_all_snapshots_knows_the_last_as_the_night_of_the_last_does(covid: Any, snapshots: Any) -> None:
    assert covid.gold(P, LAST, "bed_occupancy") == snapshots.gold(P, APRIL, "bed_occupancy")


def test_a_third_of_the_hospitals_is_stale(snapshots: Any) -> None:
    beds = by(snapshots.gold(P, MARCH, "bed_occupancy"), "state", "bed_type", "pool")
    totals = [row for (_, *kind), row in beds.items() if kind == ["icu", "total"]]
    share = sum(row["stale_hospitals"] for row in totals) / sum(row["hospitals"] for row in totals)
    assert 0.30 < share < 0.34
    # Twelve pairs of documents are of one hospital each, as their trimmed codes say, and 18 as their zeros say.
    assert sum(row["hospitals"] for row in totals) == 3868 - 12 - 18


def test_each_notification_is_kept_once_with_its_history_over_the_nights(snapshots: Any, covid: Any) -> None:
    """The nights of four and of two snapshots leave the same history as one night that has all six."""
    ended = [row for day in NIGHTS for row in snapshots.rows("silver", P, "ended_notifications", day)]
    in_steps = history([*ended, *snapshots.rows("silver", P, "known_notifications", APRIL)])
    at_once = history([r for t in ("ended", "known") for r in covid.rows("silver", P, f"{t}_notifications", LAST)])
    assert in_steps == at_once
    assert len(in_steps) > 5 * 1000 + 3905
    assert max((last - first).days for first, last in in_steps.values()) == 12


def history(rows: list[dict[str, Any]]) -> dict[Any, Any]:
    keyed = by(rows, "hospital_id", "notified_at")
    return {key: (row["first_snapshot"], row["last_snapshot"]) for key, row in keyed.items()}
