"""The drops of a made-up epidemic, day by day: bed snapshots, cumulative series, outcomes, population."""

from __future__ import annotations

import csv
import gzip
import io
import math
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from itertools import accumulate
from pathlib import Path

from datagen.covid_places import CITIES_A_STATE, UFS, City, Notification, cities, notification
from datagen.covid_truth import CovidTruth
from datagen.truth import DUPLICATE, SOUND, Fate, write_truth


def _columns(*parts: str) -> list[str]:
    return [column for part in parts for column in part.split()]


OCCUPANCY = _columns(
    "_index _type _id _score estado estadoSigla municipio cnes nomeCnes dataNotificacaoOcupacao ofertaRespiradores",
    "ofertaHospCli ofertaHospUti ofertaSRAGCli ofertaSRAGUti ocupHospCli ocupHospUti ocupSRAGCli ocupSRAGUti",
    "altas obitos ocupacaoInformada algumaOcupacaoInformada ts_run",
)
SERIES = _columns(
    "epi_week date country state city newDeaths deaths newCases totalCases deathsMS totalCasesMS suspects"
)
OLDER = _columns(
    "country state totalCases totalCasesMS notConfirmedByMS deaths deathsMS URL date newCases newDeaths",
)
CITIES = _columns("country state city ibgeID cod_RegiaoDeSaude name_RegiaoDeSaude deaths totalCases _source date")
OUTCOMES = _columns(
    "dataNotificacao municipio ocupacaoSuspeitoCli ocupacaoSuspeitoUti ocupacaoConfirmadoCli ocupacaoConfirmadoUti",
    "saidaSuspeitaObitos saidaSuspeitaAltas saidaConfirmadaObitos saidaConfirmadaAltas",
)
_COLUMN_OF = {
    ("covid", "clinical"): "SRAGCli",
    ("covid", "icu"): "SRAGUti",
    ("other", "clinical"): "HospCli",
    ("other", "icu"): "HospUti",
}
NOWHERE = "CASO SEM LOCALIZAÇÃO DEFINIDA"
SERIES_DAYS, OUTCOME_DAYS = 9, 3
EPIDEMIC_DAYS, WAVE_DAYS, DEATHS_LATER = 1000, 90, 14
REPORTED = (0.7, 1.15, 1.25, 1.2, 1.15, 0.9, 0.65)  # Monday to Sunday, of what happened
Cells = dict[str, object]


@dataclass(frozen=True)
class Epidemic:
    """How much to generate, and whether anything is wrong with it. The same seed and shape give the same bytes.

    Args:
        hospitals: of each snapshot; thirty or more show every oddity.
        first_day, days: the business dates, each with a drop that is whole by itself.
        faults: whether rows are broken, files torn or strange.
    """

    seed: int = 1
    hospitals: int = 40
    first_day: date = date(2021, 3, 20)
    days: int = 2
    faults: bool = True

    def dates(self) -> list[date]:
        """The business dates in order."""
        return [self.first_day + timedelta(days=n) for n in range(self.days)]


def generate_covid(out: Path, truth_file: Path, shape: Epidemic) -> dict[date, CovidTruth]:
    """Write `out`/YYYY/MM/DD/{occupation,states,cities,leito_ocupacao,ref} and the truth about them.

    Returns the truth by business date. Raises ValueError when the truth would lie among the data, or the shape
    is not positive.
    """
    if truth_file.resolve().is_relative_to(out.resolve()):
        raise ValueError(f"writing the truth to {truth_file}: that lies within the data at {out}; name another place")
    if min(shape.hospitals, shape.days) < 1:
        raise ValueError(f"generating {shape}: hospitals and days must be 1 or more")
    truths = {day: CovidTruth() for day in shape.dates()}
    for day, truth in truths.items():
        _write_day(out / f"{day:%Y/%m/%d}", shape, day, truth)
    write_truth(truth_file, shape.seed, truths)
    return truths


def _write_day(folder: Path, shape: Epidemic, day: date, truth: CovidTruth) -> None:
    parts = {
        f"occupation/data_{day}.csv.gz": (OCCUPANCY, _occupancy(shape, day, truth)),
        "states/cases-brazil-states.csv.gz": (SERIES, _states(shape, day, truth)),
        f"states/cases-brazil-total_{day - timedelta(days=1)}.csv": (OLDER, _older(shape, day, truth)),
        f"cities/cases-brazil-cities_{day}.csv.gz": (CITIES, _cities(shape, day, truth)),
        "leito_ocupacao/leito_ocupacao.csv": (OUTCOMES, _outcomes(shape, day, truth)),
    }
    for path, (header, rows) in [*parts.items(), *_reference(shape, day, truth).items()]:
        _write(folder / path, header, rows)
    if shape.faults:
        (folder / "LEIA-ME.txt").write_text("Olá, seguem os dados.\n", encoding="utf-8")
        truth.row("other_files", Fate("bronze", "unknown_file"))
        (folder / "occupation" / f"data_{day}_again.csv.gz").write_bytes(gzip.compress(b"torn", mtime=0)[:-6])
        truth.row("occupancy", Fate("bronze", "bad_gzip"))


def _write(path: Path, header: Sequence[str], rows: Iterable[Cells]) -> None:
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(header)
    lines.writerows([row.get(column, "") for column in header if column in row or "_short" not in row] for row in rows)
    content = text.getvalue().encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    # Without a time in it the packed file is the same for the same seed.
    path.write_bytes(gzip.compress(content, mtime=0) if path.suffix == ".gz" else b"\xef\xbb\xbf" + content)


def _occupancy(shape: Epidemic, day: date, truth: CovidTruth) -> Iterator[Cells]:
    notifications = [notification(shape.seed, number, day) for number in range(shape.hospitals)]
    for one in notifications:
        truth.row("occupancy", SOUND)
        truth.hospital(one, day)
        yield _hospital_row(one, day)
    if shape.faults:
        for row, fate in _broken_hospitals(_hospital_row(notifications[0], day)):
            truth.row("occupancy", fate)
            yield row


def _hospital_row(notified: Notification, day: date) -> Cells:
    beds: Cells = {f"oferta{_COLUMN_OF[bed]}": _cell(value) for bed, value in notified.offered.items()}
    beds |= {f"ocup{_COLUMN_OF[bed]}": _cell(value) for bed, value in notified.occupied.items()}
    named = {"_index": "leito_ocupacao", "_id": notified.code, "cnes": notified.code, "estadoSigla": notified.uf}
    if notified.city:  # every other document has its name in capitals
        city = notified.city.name
        named["municipio"] = city.upper() if int(notified.code) % 2 else city
    moments = {
        "dataNotificacaoOcupacao": f"{notified.notified_at}T12:00:00.000Z",
        "ts_run": f"{day}T16:00:00.000000+00:00",
    }
    return {**named, "nomeCnes": f"HOSPITAL, {notified.code.strip()}", "altas": "0", "obitos": "0.0", **moments, **beds}


def _cell(value: float | None) -> str:
    return "" if value is None else str(value)


def _broken_hospitals(sound: Cells) -> Iterator[tuple[Cells, Fate]]:
    yield sound, DUPLICATE
    yield {**sound, "cnes": "9000001", "estadoSigla": "XX"}, Fate("silver", "unknown_state")
    yield {**sound, "cnes": "9000002", "ocupHospCli": "doze"}, Fate("silver", "bad_number")
    yield {**sound, "cnes": ""}, Fate("silver", "missing_value")
    yield {**sound, "cnes": "9000003", "dataNotificacaoOcupacao": "31/02/2021"}, Fate("silver", "bad_date")
    yield {"cnes": "9000004", "estadoSigla": "SP", "_short": True}, Fate("bronze", "wrong_column_count")


def _total(shape: Epidemic, uf: str, day: date) -> dict[str, int]:
    """The cumulative cases and deaths of a state; the days before it had fewer."""
    epidemic, days = divmod(day.toordinal(), EPIDEMIC_DAYS)
    return {of: totals[days] for of, totals in _totals(shape.seed, uf, epidemic).items()}


@cache
def _totals(seed: int, uf: str, epidemic: int) -> dict[str, list[int]]:
    """The cumulative figures of each day of one epidemic: waves, and weekends on which little is reported. Deaths are
    a share of the cases, whose wave they follow."""
    rng = random.Random(f"{seed} {uf}")
    size, lethality, phase = rng.randrange(50, 400), rng.uniform(0.01, 0.03), rng.uniform(0, WAVE_DAYS / 6)
    cases, deaths = [], []
    for day in range(EPIDEMIC_DAYS):
        weekday = date.fromordinal(epidemic * EPIDEMIC_DAYS + day).weekday()
        reported = size * REPORTED[weekday] * rng.uniform(0.9, 1.1)
        cases.append(round(reported * _wave(day - phase)) + 1)
        deaths.append(round(reported * _wave(day - phase - DEATHS_LATER) * lethality))
    return {"cases": list(accumulate(cases)), "deaths": list(accumulate(deaths))}


def _wave(day: float) -> float:
    """The height of the waves on a day, 1 on average."""
    return 1 + 0.8 * math.sin(2 * math.pi * day / WAVE_DAYS)


def _states(shape: Epidemic, day: date, truth: CovidTruth) -> Iterator[Cells]:
    for ago in reversed(range(SERIES_DAYS)):
        series_day = day - timedelta(days=ago)
        totals = {uf: _total(shape, uf, series_day) for uf, _, _ in UFS}
        totals["TOTAL"] = {of: sum(t[of] for t in totals.values()) for of in ("cases", "deaths")}
        for uf, total in totals.items():
            truth.row("states", SOUND)
            truth.series[series_day, uf] = total
            yield _state_row(uf, series_day, total)
    truth.cases = {uf: _total(shape, uf, day) for uf, _, _ in UFS}
    if shape.faults:
        truth.row("states", Fate("silver", "after_business_date"))
        yield _state_row("SP", day + timedelta(days=1), {"cases": 9, "deaths": 9})


def _state_row(uf: str, day: date, total: dict[str, int]) -> Cells:
    named = {"date": day, "state": uf, "country": "Brazil", "city": "TOTAL", "newDeaths": -1, "newCases": 3}
    return {**named, "totalCases": total["cases"], "deaths": total["deaths"]}


def _older(shape: Epidemic, day: date, truth: CovidTruth) -> Iterator[Cells]:
    """A publication of the day before, in the older layout: the series has corrected it since."""
    for uf, _, _ in UFS:
        total = _total(shape, uf, day - timedelta(days=1))
        truth.row("states", Fate("silver", "superseded"))
        yield _state_row(uf, day - timedelta(days=1), {**total, "cases": total["cases"] - 7})


def _cities(shape: Epidemic, day: date, truth: CovidTruth) -> Iterator[Cells]:
    for city in cities(shape.seed):
        count = 0 if city.quiet else city.people // 1000 + day.toordinal() % 1000
        truth.row("cities", SOUND)
        truth.cities[f"{city.name}/{city.uf}"] = count
        yield _city_row(f"{city.name}/{city.uf}", city.uf, city.code, count, day)
    for uf, number, _ in UFS:
        truth.row("cities", SOUND)
        yield _city_row(f"{NOWHERE}/{uf}", uf, number, 10**8, day)


def _city_row(name: str, uf: str, code: int, count: int, day: date) -> Cells:
    return {"date": day, "state": uf, "city": name, "ibgeID": code, "totalCases": count, "deaths": count // 50}


def _outcomes(shape: Epidemic, day: date, truth: CovidTruth) -> Iterator[Cells]:
    first_cities = [city for city in cities(shape.seed) if city.code % 100 == 11]
    for ago in reversed(range(OUTCOME_DAYS)):
        for city in first_cities:
            truth.row("outcomes", SOUND)
            yield _outcome(shape, city, day - timedelta(days=ago), truth)
    if shape.faults:
        truth.row("outcomes", Fate("silver", "missing_value"))
        yield {"dataNotificacao": day}


def _outcome(shape: Epidemic, city: City, day: date, truth: CovidTruth) -> Cells:
    rng = random.Random(f"{shape.seed} {city.code} {day}")
    figures = {column: rng.randrange(0, 90) for column in OUTCOMES[2:]}
    if shape.faults and city.uf == "AC":
        figures["saidaSuspeitaObitos"] = -1
    for place in (city.name, city.uf, "Brasil"):
        truth.places[place].update(
            suspected=figures["ocupacaoSuspeitoCli"] + figures["ocupacaoSuspeitoUti"],
            confirmed=figures["ocupacaoConfirmadoCli"] + figures["ocupacaoConfirmadoUti"],
            deaths_suspected=figures["saidaSuspeitaObitos"],
            deaths_confirmed=figures["saidaConfirmadaObitos"],
        )
    return {"dataNotificacao": day, "municipio": city.name, **figures}


def _reference(shape: Epidemic, day: date, truth: CovidTruth) -> dict[str, tuple[list[str], list[Cells]]]:
    """IBGE's tables; population of the two years before."""
    towns, numbers = cities(shape.seed), {uf: number for uf, number, _ in UFS}
    states: list[Cells] = [{"codigo_uf": number, "uf": uf, "nome": name} for uf, number, name in UFS]
    places: list[Cells] = [{"codigo_ibge": c.code, "nome": c.name, "codigo_uf": numbers[c.uf]} for c in towns]
    people = ["state", "state_ibge_code", "city_ibge_code", "city", "estimated_population"]
    parts = {
        "ref/estados.csv": (["codigo_uf", "uf", "nome"], states),
        "ref/municipios.csv": (["codigo_ibge", "nome", "codigo_uf"], places),
    }
    for year in (day.year - 2, day.year - 1):
        rows: list[Cells] = [
            dict(zip(people, (c.uf, numbers[c.uf], c.code, c.name, c.people + year), strict=True)) for c in towns
        ]
        parts[f"ref/populacao-por-municipio-{year}.csv"] = (people, rows)
    fates = {"state_names": len(UFS), "municipalities": len(towns), "population": 2 * len(UFS) * CITIES_A_STATE}
    for table, rows_in in fates.items():
        for _ in range(rows_in):
            truth.row(table, SOUND)
    return parts
