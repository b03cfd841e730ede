"""Whole nights of covid_hospitals on generated drops with known truth, and on hand-made ones."""

import gzip
import json
import shutil
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pyspark.sql import functions as F

from covid_hospitals.jobs.gold import cases_by_state_day
from covid_hospitals.jobs.history import KNOWN, known_before
from covid_hospitals.jobs.silver import SCHEMAS
from datagen import Epidemic, generate_covid
from medallion.errors import NoInputError
from medallion.lake import Lake

P, DAY = "covid_hospitals", "2025-12-29"
D1, D2, D3 = "2021-03-20", "2021-03-21", "2021-03-22"
OCCUPANCY = (
    "cnes,estadoSigla,dataNotificacaoOcupacao,ofertaHospCli,ofertaHospUti,ofertaSRAGCli,ofertaSRAGUti,"
    "ocupHospCli,ocupHospUti,ocupSRAGCli,ocupSRAGUti\n"
)
STATES = "date,state,totalCases,deaths\n"


@pytest.fixture(scope="module")
def nights(new_lake: Callable[[], Any], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Two generated days with everything wrong that can be, through every layer; with the generator's truth."""
    data = tmp_path_factory.mktemp("covid") / "data"
    truth = generate_covid(data, data.with_name("truth.json"), Epidemic())
    lake = new_lake()
    for day in truth:
        lake.run(P, day.isoformat(), data)
    return lake, truth, json.loads(data.with_name("truth.json").read_text())["business_dates"]


@pytest.mark.parametrize("day", [D1, D2])
@pytest.mark.parametrize("layer", ["bronze", "silver"])
def test_every_row_ends_where_the_generator_says(nights: Any, day: str, layer: str) -> None:
    lake, _, told = nights
    counts = lake.counts(P, day, layer)
    for table, expected in told[day][layer].items():
        assert {key: counts[table][key] for key in expected} == expected, table


@pytest.mark.parametrize("day", [D1, D2])
@pytest.mark.parametrize(
    "table",
    [
        *("cases_by_state", "bed_occupancy", "bed_occupancy_by_city", "bed_occupancy_by_hospital"),
        *("suspected_confirmed", "deaths_by_status"),
    ],
)
def test_gold_is_what_the_generator_made_up(nights: Any, day: str, table: str) -> None:
    lake, _, told = nights
    expected = told[day]["gold"][table]
    key = [column for column in expected[0] if isinstance(expected[0][column], str)]
    found = {tuple(row[k] for k in key): row for row in lake.gold(P, day, table)}
    assert len(found) == len(expected)
    for row in expected:
        ours = found[tuple(row[k] for k in key)]
        assert {column: ours[column] for column in row} == row


@pytest.mark.parametrize("day", [D1, D2])
def test_the_ends_of_the_cases_are_the_generators_with_their_ties(nights: Any, day: str) -> None:
    lake, _, told = nights
    found = [row for row in lake.gold(P, day, "most_least_affected") if row["metric"] == "cases"]
    expected = sorted(told[day]["gold"]["most_least_affected"], key=lambda row: (row["place_kind"], row["extreme"]))
    assert [{c: row[c] for c in expected[0]} for row in found] == expected
    assert {row["ties"] for row in expected if row["extreme"] == "least" and row["place_kind"] == "city"} == {8}


def test_new_cases_are_the_difference_of_the_days_and_their_mean_that_of_a_week(nights: Any) -> None:
    """The sources' own newCases (3) and newDeaths (-1) of every day are not believed."""
    lake, truth, _ = nights
    series = truth[date.fromisoformat(D2)].series
    rows = {(row["series_date"], row["state"]): row for row in lake.gold(P, D2, "cases_by_state_day")}
    assert rows.keys() == {key for key in series if key[1] != "TOTAL"}
    for (day, state), row in rows.items():
        for of in ("cases", "deaths"):
            assert row[of] == series[day, state][of]
            for ago, name in ((1, f"new_{of}"), (7, f"new_{of}_7d_mean")):
                earlier = series.get((day - timedelta(ago), state))
                assert row[name] == (None if earlier is None else (row[of] - earlier[of]) / ago)
    assert {row["new_cases_7d_mean"] is None for row in rows.values()} == {True, False}


def test_states_carry_their_name_region_and_ibge_code(nights: Any) -> None:
    lake = nights[0]
    for table in ("cases_by_state", "cases_by_state_day", "bed_occupancy", "bed_occupancy_by_city"):
        named = {tuple(r[c] for c in ("state", "state_name", "region", "state_code")) for r in lake.gold(P, D2, table)}
        assert named == {
            ("AC", "Acre", "Norte", 12),
            ("MG", "Minas Gerais", "Sudeste", 31),
            ("PE", "Pernambuco", "Nordeste", 26),
            ("SP", "São Paulo", "Sudeste", 35),
        }
    cities = {(r["city"], r["city_code"]) for r in lake.gold(P, D2, "bed_occupancy_by_city")}
    assert ("Vila SP 1", 3500011) in cities and ("(not stated)", None) in cities


def test_over_two_nights_each_notification_stands_in_one_place_with_its_span(nights: Any) -> None:
    lake, truth, _ = nights
    first, second = (truth[date.fromisoformat(day)].notifications for day in (D1, D2))
    ended = lake.rows("silver", P, "ended_notifications", D2)
    known = lake.rows("silver", P, "known_notifications", D2)
    assert {key(row) for row in ended} == first - second and len(ended) == len(first - second) > 0
    assert {key(row) for row in known} == second and len(known) == len(second)
    spans = {key(row): (str(row["first_snapshot"]), str(row["last_snapshot"])) for row in [*ended, *known]}
    assert {spans[k] for k in first & second} == {(D1, D2)} and first & second
    assert {spans[k] for k in first - second} == {(D1, D1)}
    assert {spans[k] for k in second - first} == {(D2, D2)}


def key(row: dict[str, Any]) -> tuple[str, date]:
    return row["hospital_id"], row["notified_at"].date()


def test_a_night_run_again_leaves_what_it_left_before(nights: Any, tmp_path: Path) -> None:
    lake, _, _ = nights
    tables = ("occupancy", "known_notifications", "ended_notifications")
    before = {t: sorted(map(key, lake.rows("silver", P, t, D2))) for t in tables}
    lake.run(P, D2, tmp_path, layers="silver")
    assert {t: sorted(map(key, lake.rows("silver", P, t, D2))) for t in tables} == before


def test_a_night_reads_of_the_past_only_what_stood_the_night_before(nights: Any, lake: Any, drop: Any) -> None:
    """A third night, on a lake from which all else is gone."""
    first, truth, _ = nights
    shutil.copytree(first.root, lake.root)
    root = lake.root / "silver" / P
    for table in ("occupancy", "ended_notifications"):  # were they needed, their absence would show
        for day in (D1, D2):
            shutil.rmtree(root / table / f"business_date={day}")
    shutil.rmtree(root / "known_notifications" / f"business_date={D1}")
    both = truth[date.fromisoformat(D1)].notifications & truth[date.fromisoformat(D2)].notifications
    known = next(row for row in lake.rows("silver", P, "known_notifications", D2) if key(row) in both)
    told = f"{known['hospital_id']},SP,{known['notified_at']:%Y-%m-%dT%H:%M:%S.000Z},1,1,1,1,1,1,1,1\n"
    lake.run(P, D3, drop({f"occupation/data_{D3}.csv": OCCUPANCY + told}), layers="bronze,silver")
    rows = {key(row): row for row in lake.rows("silver", P, "known_notifications", D3)}
    row = rows[key(known)]
    assert (str(row["first_snapshot"]), str(row["last_snapshot"])) == (D1, D3)


@pytest.fixture(scope="module")
def odd(new_lake: Callable[[], Any], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A day of files under odd names, packed, or not to be read, through every layer; some kinds did not come."""
    states = f"{STATES}2025-12-28,SP,10,0\n2025-12-28,TOTAL,10,0\n"
    files = {
        # known by their header
        "a/upload-7.bin": gzip.compress(b"\xef\xbb\xbf" + states.encode()),
        "b/x.csv": (OCCUPANCY.replace(",", ";") + "2000001;sp;2025-12-01T03:00:00.000Z;2;;;;1;;;\n").encode(),
        "c/y.csv": "codigo_uf,uf,nome\n35,SP,São Paulo\n".encode("utf-16"),
        "d/s.csv.gz": f"{STATES}2025-12-28,AC,1,0\n".encode(),  # text, whatever its name
        # refused whole
        "p.csv": "codigo_uf:uf:nome\n".encode("utf-16"),
        f"data_{DAY}.csv.gz": gzip.compress(OCCUPANCY.encode() * 99)[:-9],
        f"data_{DAY}.csv.zip": b"PK\x03\x04 and so on",
        "cases-brazil-cities.csv": gzip.compress(b"\n" * 20_000_000),
        "cases-brazil-cities-2.csv": b"date," + b"x" * 3000,
        "cases-brazil-cities-3.csv": b"date\n" * 4_000_000,
        "municipios.xlsx": b"PK\x03\x04 [Content_Types].xml",
        "photo": b"\x89PNG\r\n\x1a\n",
    }
    source, lake = tmp_path_factory.mktemp("odd"), new_lake()
    for name, content in files.items():
        (source / name).parent.mkdir(exist_ok=True)
        (source / name).write_bytes(content)
    return lake, lake.run(P, DAY, source, words=["--longest-line=2000", f"--most-bytes={17_000_000}"])


def test_a_file_is_known_by_its_header_whatever_its_name_packing_and_mark(odd: Any) -> None:
    lake, counts = odd
    # No name and no ts_run tells of which day that snapshot is, so it is in quarantine, with its table known.
    assert counts["silver"]["occupancy"]["reasons"] == {"no_snapshot_date": 1}
    assert (counts["silver"]["states"]["accepted"], counts["silver"]["state_names"]["accepted"]) == (3, 1)
    ac, sp = lake.gold(P, DAY, "cases_by_state")
    assert [(row["cases"], str(row["as_of"])) for row in (ac, sp)] == [(1, "2025-12-28"), (10, "2025-12-28")]
    assert counts["gold"]["states"]["warnings"] == {"older_than_business_date": 3}


def test_a_file_that_cannot_be_read_is_refused_whole_and_stops_nobody(odd: Any) -> None:
    counts = odd[1]["bronze"]
    assert {t: c["reasons"] for t, c in counts.items() if c["reasons"]} == {
        "occupancy": {"bad_gzip": 1, "zip_file": 1},
        "cities": {"too_large": 2, "long_line": 1},
        "municipalities": {"office_file": 1},
        "other_files": {"unknown_file": 1, "not_text": 1},
    }
    assert (counts["states"]["accepted"], counts["state_names"]["accepted"]) == (3, 1)
    assert (counts["cities"]["lost"], counts["other_files"]["lost"]) == (3, 0)


def test_a_kind_that_did_not_come_gives_an_empty_table_and_a_warning(odd: Any, spelt: Any) -> None:
    kinds = {"occupancy", "states", "cities", "outcomes", "state_names", "municipalities", "population"}
    for night, came in ((odd, {"states", "state_names"}), (spelt, {"occupancy", "cities", "outcomes", "population"})):
        counts = night[1]["gold"]
        empty = {table for table, count in counts.items() if count["warnings"] == {"not_delivered": 1}}
        assert empty == kinds - came
    assert spelt[0].gold(P, DAY, "cases_by_state") == []
    assert odd[0].gold(P, DAY, "bed_occupancy") == odd[0].gold(P, DAY, "deaths_by_status") == []
    _, sp = odd[0].gold(P, DAY, "cases_by_state")
    assert (sp["case_fatality"], sp["population"], sp["cases_per_100k"]) == (0.0, None, None)


def test_reference_tables_alone_are_no_input(lake: Any, drop: Any, a_day: str) -> None:
    with pytest.raises(NoInputError, match="no file has the columns of any of occupancy, states, cities, outcomes"):
        lake.run(P, a_day, drop({"estados.csv": "codigo_uf,uf,nome\n35,SP,São Paulo\n"}))


@pytest.fixture(scope="module")
def places(new_lake: Callable[[], Any], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A day of three cities and two hospitals, through every layer; of one also the snapshots before and after it."""
    header = "dataNotificacao,municipio,estado,ocupacaoSuspeitoCli,ocupacaoSuspeitoUti,ocupacaoConfirmadoCli,"
    header += "ocupacaoConfirmadoUti,saidaSuspeitaObitos,saidaSuspeitaAltas,saidaConfirmadaObitos,saidaConfirmadaAltas"
    cities = ("Bom Jesus,,1", "Natal,,2", "Bom Jesus,Piauí,4")
    other = "2000002,SP,2025-12-01T03:00:00.000Z,1,1,1,1,{},1,1,1\n"
    rows = "".join(f"\n{DAY},{city},0,0,0,0,0,0,0" for city in cities)
    files = {
        f"data_{DAY}.csv": f"{OCCUPANCY}2000001,ac,{DAY}T03:00:00.000Z,,0,,2,5,1,,7\n",
        **{f"data_2025-12-{day}.2.csv": OCCUPANCY + other.format(n) for day, n in ((28, 5), (29, 6), (30, 7))},
        "s.csv": STATES + "".join(f"2025-12-{day},SP,{day},1\n" for day in (28, 29, 30)),
        "l.csv": header + rows,
        "estados.csv": "codigo_uf,uf,nome\n22,PI,Piauí\n24,RN,Rio Grande do Norte\n43,RS,Rio Grande do Sul\n",
        "municipios.csv": "codigo_ibge,nome,codigo_uf\n2201903,Bom Jesus,22\n4302303,Bom Jesus,43\n2408102,Natal,24\n",
    }
    source, lake = tmp_path_factory.mktemp("places"), new_lake()
    for name, text in files.items():
        (source / name).write_text(text, encoding="utf-8")
    lake.run(P, DAY, source)
    return lake


def beds_of(lake: Any, state: str, figure: Callable[[Any], Any]) -> dict[tuple[str, str], Any]:
    """A figure of a state's beds, by their type and pool."""
    rows = (row for row in lake.gold(P, DAY, "bed_occupancy") if row["state"] == state)
    return {(row["bed_type"], row["pool"]): figure(row) for row in rows}


def test_rates_are_null_where_nothing_is_offered_and_above_one_where_more_is_taken(places: Any) -> None:
    assert beds_of(places, "AC", lambda row: (row["occupied"], row["rate"])) == {
        ("clinical", "covid"): (0.0, None),
        ("clinical", "other"): (5.0, None),
        ("clinical", "total"): (5.0, None),
        ("icu", "covid"): (7.0, 3.5),
        ("icu", "other"): (1.0, None),
        ("icu", "total"): (8.0, 4.0),
    }


def test_a_doubtful_figure_is_marked_and_says_why(places: Any) -> None:
    assert beds_of(places, "AC", lambda row: row["doubt"]) == {
        ("clinical", "covid"): None,
        ("clinical", "other"): "none_offered",
        ("clinical", "total"): "none_offered",
        ("icu", "covid"): "over_200_percent",
        ("icu", "other"): "none_offered",
        ("icu", "total"): "over_200_percent",
    }


def test_a_corrected_day_is_doubtful_and_a_missing_one_gives_no_difference(spark: Any) -> None:
    days = ["2021-03-01", "2021-03-02", "2021-03-04", "2021-03-08", "2021-03-09"]
    rows = [(date.fromisoformat(d), "SP", n, 0) for d, n in zip(days, (10, 13, 12, 70, 69), strict=True)]
    series = spark.createDataFrame(rows, "series_date date, state string, cases bigint, deaths bigint")
    got = [
        (r.new_cases, r.new_cases_7d_mean, r.doubt)
        for r in cases_by_state_day(series).frame.orderBy("series_date").collect()
    ]
    assert got == [
        (None, None, None),
        (3, None, None),
        (None, None, None),
        (None, 60 / 7, None),
        (-1, 8.0, "corrected"),
    ]


def test_as_of_an_earlier_date_later_snapshots_and_days_do_not_exist(places: Any) -> None:
    counts = places.counts(P, DAY, "silver")
    # The same notification says 5 in the first snapshot and 6 in the second: the newer word stands.
    assert counts["occupancy"]["reasons"] == {"after_business_date": 1, "superseded": 1}
    assert counts["states"]["reasons"] == {"after_business_date": 1}
    assert places.gold(P, DAY, "cases_by_state")[0]["cases"] == 29
    assert beds_of(places, "SP", lambda row: row["occupied"])["clinical", "other"] == 6.0


def test_a_city_goes_to_a_state_only_if_it_can_be_told_which(places: Any) -> None:
    found = {(r["place_kind"], r["place"]): r["suspected"] for r in places.gold(P, DAY, "suspected_confirmed")}
    assert found == {
        ("city", "Bom Jesus"): 1.0,
        ("city", "Bom Jesus/PI"): 4.0,
        ("city", "Natal"): 2.0,
        ("country", "Brasil"): 7.0,
        ("state", "PI"): 4.0,
        ("state", "RN"): 2.0,
    }


def test_a_place_says_of_what_it_is_the_sum(places: Any) -> None:
    for table in ("suspected_confirmed", "deaths_by_status"):
        found = {r["place"]: (r["cities"], r["scope"]) for r in places.gold(P, DAY, table)}
        assert found["Brasil"] == (3, "Bom Jesus, Bom Jesus/PI, Natal")
        assert found["RN"] == found["Natal"] == (1, "Natal")


@pytest.fixture(scope="module")
def spelt(new_lake: Callable[[], Any], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A day of places that every source calls otherwise, with codes as spreadsheets and DATASUS write them."""
    header = "dataNotificacao,municipio,estado,ocupacaoSuspeitoCli,ocupacaoSuspeitoUti,ocupacaoConfirmadoCli,"
    header += "ocupacaoConfirmadoUti,saidaSuspeitaObitos,saidaSuspeitaAltas,saidaConfirmadaObitos,saidaConfirmadaAltas"
    told = (
        *((f"{DAY}T03:00:00.000Z", "São Paulo", "São Paulo", 1), (f"{DAY}T04:00:00Z", "SAO PAULO", "SAO PAULO", 2)),
        *((f"{DAY}T05:00:00Z", "Sao Paulo", "sp", 4), (f"{DAY}T06:00:00Z", "sao  paulo", "Sao  Paulo", 8)),
        *((f"{DAY}T06:00:00Z", "Sao-Paulo", "35", 8), (f"{DAY}T07:00:00Z", "Vila Nova", "Pará", 16)),
        *((f"{DAY}T08:00:00Z", "VILA NOVA", "PARA", 32), (f"{DAY}T09:00:00Z", "Vila Nova", "PA", 64)),
        *(("2025-12-30T02:59:59Z", "Natal", "", 128), ("2025-12-30T03:00:00Z", "Natal", "", 256)),
        ("2025-12-30", "Natal", "", 512),
        *((f"{DAY}T10:00:00Z", "Sao Paulo (SP)", "Estado de São Paulo", 1024),),
        *((f"{DAY}T11:00:00Z", "SÃO PAULO - sp", "", 2048), (f"{DAY}T12:00:00Z", "Palmas", "Atlantis", 4096)),
        (f"{DAY}T13:00:00Z", "Itabuna/BA", "PA", 8192),
    )
    cities = (
        *(("SP", "Campinas/SP", "350950", 900), ("SP", "CAMPINAS", "3509502.0", 901), ("sp", "Bora/SP", "350720", 10)),
        *(("Rio de Janeiro", "NITEROI/RJ", "330330.0", 500), ("SP", "CASO SEM LOCALIZAÇÃO DEFINIDA/SP", "35", 7)),
        *(
            ("PI", "Bom Princípio do Piauí/PI", "220191", 5),
            ("SP", "Nowhere/SP", "35095", 1),
            ("SP", "Else/SP", "3599999", 2),
        ),
        # A former name, and names with another city's code, one of them in another state.
        *(("SP", "Embu das Artes", "3515004", 20), ("SP", "EMBU", "351500", 21), ("SP", "Campinas", "3507209", 3)),
        ("RJ", "Niterói", "3515004", 30),
        ("TOTAL", "TOTAL", "0", 1400),
    )
    people = (
        "SP,35,09502,Campinas,1000\nSP,35,3507209,Borá,100\nRJ,33,3303302,Niterói,1000\nSP,35,355030,São Paulo,1000\n"
    )
    people += "SP,,501,Adamantina,1\nSP,35,15004,Embu das Artes,1000\n"
    files = {
        "l.csv": header + "".join(f"\n{day},{city},{state},{n},0,0,0,0,0,0,0" for day, city, state, n in told) + "\n",
        "cases-brazil-cities.csv": "date,state,city,ibgeID,totalCases,deaths\n"
        + "".join(f"{DAY},{state},{city},{code},{cases},0\n" for state, city, code, cases in cities),
        "populacao-por-municipio-2020.csv": f"state,state_ibge_code,city_ibge_code,city,estimated_population\n{people}",
        "beds.csv": f"ts_run,{OCCUPANCY}2025-12-30T02:30:00Z,2000001,Sao Paulo,2025-12-15T02:59:59Z,1,1,1,1,1,1,1,1\n"
        "2025-12-30T03:30:00Z,2000002,SP,2025-12-29T03:00:00Z,1,1,1,1,1,1,1,1\n"
        "2025-12-30 00:30:00,2000003,SP,2025-12-29T03:00:00Z,1,1,1,1,1,1,1,1\n"
        # One hospital: with its zeros, without, and as a spreadsheet's number.
        "2025-12-30T02:30:00Z,0012345,AC,2025-12-28T03:00:00Z,1,1,1,1,1,1,1,1\n"
        "2025-12-30T02:30:00Z,12345,AC,2025-12-28T03:00:00Z,1,1,1,1,1,1,1,1\n"
        "2025-12-30T02:30:00Z,12345.0,AC,2025-12-27T03:00:00Z,2,2,2,2,2,2,2,2\n",
    }
    source, lake = tmp_path_factory.mktemp("spelt"), new_lake()
    for name, text in files.items():
        (source / name).write_text(text, encoding="utf-8")
    return lake, lake.run(P, DAY, source)


def test_one_city_is_one_however_each_source_spells_it_and_called_as_the_reference_does(spelt: Any) -> None:
    lake, counts = spelt
    found = {(r["place_kind"], r["place"]): r["suspected"] for r in lake.gold(P, DAY, "suspected_confirmed")}
    # Natal's is of the 29th in São Paulo until 03:00 UTC; no state is named, and no table knows it. Atlantis is none.
    assert found == {
        ("city", "Itabuna/PA"): 8192.0,
        ("city", "Natal"): 128.0,
        ("city", "Palmas"): 4096.0,
        ("city", "São Paulo/SP"): 3087.0,
        ("city", "Vila Nova/PA"): 112.0,
        ("country", "Brasil"): 15615.0,
        ("state", "PA"): 8304.0,
        ("state", "SP"): 3087.0,
    }
    assert counts["silver"]["outcomes"]["warnings"] == {"unknown_state": 2}
    # The same city and moment twice, under two spellings, is told once.
    assert (counts["silver"]["outcomes"]["duplicates"], counts["silver"]["outcomes"]["reasons"]) == (
        *(1, {"after_business_date": 2}),
    )


def test_codes_of_six_digits_and_with_a_decimal_part_are_the_citys_and_odd_ones_are_told(spelt: Any) -> None:
    lake, counts = spelt
    ends = {
        (r["metric"], r["extreme"]): r for r in lake.gold(P, DAY, "most_least_affected") if r["place_kind"] == "city"
    }
    assert (ends["cases", "most"]["place"], ends["cases", "most"]["value"]) == ("Campinas/SP", 901)
    assert (ends["cases_per_100k", "most"]["place"], ends["cases_per_100k", "most"]["value"]) == ("Campinas/SP", 90_100)
    rows = sorted((r["city"], r["city_code"], r["cases"]) for r in lake.rows("silver", P, "cities", DAY))
    assert rows == [
        ("Bom Princípio do Piauí/PI", 2201919, 5),
        ("Borá/SP", 3507209, 10),
        ("CASO SEM LOCALIZAÇÃO DEFINIDA/SP", 35, 7),
        ("Campinas/SP", 3507209, 3),
        ("Campinas/SP", 3509502, 901),
        ("Else/SP", 3599999, 2),
        ("Embu das Artes/SP", 3515004, 21),
        ("Niterói/RJ", 3303302, 500),
        ("Niterói/RJ", 3515004, 30),
        ("Nowhere/SP", 35095, 1),
        ("TOTAL", 0, 1400),
    ]
    assert counts["silver"]["cities"]["warnings"] == {"unknown_city_code": 3, "code_of_another_city": 2}
    # Of two rows of one file that contradict each other one is lost.
    assert (counts["silver"]["cities"]["reasons"], counts["silver"]["cities"]["lost"]) == ({"clashing_key": 2}, 2)
    assert counts["silver"]["population"]["warnings"] == {"unknown_city_code": 1}


def test_a_snapshot_is_of_the_day_on_which_it_was_taken_where_the_business_is(spelt: Any) -> None:
    lake, counts = spelt
    [row] = [row for row in lake.rows("silver", P, "occupancy", DAY) if row["state"] == "SP"]
    assert (row["hospital_id"], row["state"], str(row["snapshot"])) == ("2000001", "SP", DAY)
    assert counts["silver"]["occupancy"]["reasons"] == {"after_business_date": 2}
    # Notified on the 14th in São Paulo, fifteen days before.
    stale = {(row["state"], row["stale_hospitals"]) for row in lake.gold(P, DAY, "bed_occupancy")}
    assert stale == {("SP", 1), ("AC", 0)}


def test_a_hospital_is_one_with_and_without_its_leading_zeros(spelt: Any) -> None:
    lake, counts = spelt
    beds = lake.gold(P, DAY, "bed_occupancy_by_hospital")
    assert {row["hospital_id"] for row in beds if row["state"] == "AC"} == {"0012345"}
    assert {row["hospitals"] for row in lake.gold(P, DAY, "bed_occupancy") if row["state"] == "AC"} == {1}
    assert counts["silver"]["occupancy"]["duplicates"] == 1
    assert not counts["silver"]["occupancy"].get("warnings")


def test_what_a_lake_knew_of_a_hospital_without_its_zeros_is_that_hospitals(spelt: Any) -> None:
    lake, _ = spelt
    known = f"{lake.root}/silver/{P}/{KNOWN}/business_date="
    rows = lake.spark.read.schema(SCHEMAS["occupancy"]).parquet(f"{known}{DAY}").where("state = 'AC'")
    rows.withColumn("hospital_id", F.lit("12345")).write.parquet(f"{known}2025-12-30")
    run = SimpleNamespace(
        spark=lake.spark, lake=str(lake.root), pipeline=P, business_date=date.fromisoformat("2025-12-31")
    )
    assert {row["hospital_id"] for row in known_before(Lake(run)).collect()} == {"0012345"}


def test_a_refused_file_is_read_again_in_a_replay_once_its_contract_knows_it(lake: Any, drop: Any, a_day: str) -> None:
    files = {"cases-brazil-states.csv": f"date,state,totalCases\n{a_day},SP,1\n", "s.csv": f"{STATES}{a_day},AC,1,1\n"}
    counts = lake.run(P, a_day, drop(files), layers="bronze")["bronze"]["states"]
    assert counts["reasons"] == {"missing_column": 2}
    again = lake.run(P, a_day, drop({}), layers="bronze", replay=True)["bronze"]["states"]
    assert (again["accepted"], again["reasons"]) == (1, {"missing_column": 2})
