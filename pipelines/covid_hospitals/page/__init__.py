"""Covid in hospitals: the map of the states, charts of new cases and deaths. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nightshift.pages import charts, formats
from nightshift.pages.formats import Both

BEDS: dict[str, Both] = {"clinical": ("Clínico", "Clinical"), "icu": ("UTI", "ICU")}
POOLS: dict[str, Both] = {"covid": ("Covid", "Covid"), "other": ("outros", "other"), "total": ("todos", "all")}
# The states of Brazil as tiles: column and row of a map of equal squares.
TILES = {
    "RR": (3, 1), "AP": (5, 1),
    "AM": (2, 2), "PA": (4, 2), "MA": (5, 2), "CE": (6, 2), "RN": (7, 2),
    "AC": (1, 3), "RO": (2, 3), "MT": (3, 3), "TO": (4, 3), "PI": (5, 3), "PE": (6, 3), "PB": (7, 3),
    "MS": (3, 4), "GO": (4, 4), "DF": (5, 4), "BA": (6, 4), "AL": (7, 4),
    "SP": (4, 5), "MG": (5, 5), "ES": (6, 5), "SE": (7, 5),
    "PR": (4, 6), "RJ": (5, 6),
    "SC": (4, 7), "RS": (3, 7),
}  # fmt: skip
STATES = {
    "AC": "Acre", "AL": "Alagoas", "AM": "Amazonas", "AP": "Amapá", "BA": "Bahia", "CE": "Ceará",
    "DF": "Distrito Federal", "ES": "Espírito Santo", "GO": "Goiás", "MA": "Maranhão", "MG": "Minas Gerais",
    "MS": "Mato Grosso do Sul", "MT": "Mato Grosso", "PA": "Pará", "PB": "Paraíba", "PE": "Pernambuco",
    "PI": "Piauí", "PR": "Paraná", "RJ": "Rio de Janeiro", "RN": "Rio Grande do Norte", "RO": "Rondônia",
    "RR": "Roraima", "RS": "Rio Grande do Sul", "SC": "Santa Catarina", "SE": "Sergipe", "SP": "São Paulo",
    "TO": "Tocantins",
}  # fmt: skip
METRICS = {
    "cases_per_100k": ("Casos por 100 mil", "Cases per 100,000"),
    "deaths_per_100k": ("Óbitos por 100 mil", "Deaths per 100,000"),
    "case_fatality": ("Letalidade", "Case fatality"),
    "cases": ("Casos", "Cases"),
    "deaths": ("Óbitos", "Deaths"),
}
SHARES = ("case_fatality",)  # of gold's columns
METRIC_KINDS = {"case_fatality": "share", "cases": "int", "deaths": "int"}
FEW_DAYS = 14  # so few that each day gets a dot
COLUMNS = tuple((bed, pool) for bed in BEDS for pool in POOLS)


def view(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Charts, tiles and largest values; the figures themselves are the job's."""
    by_state = {row["state"]: row for row in figures["states"]}
    daily = figures["daily"]
    return {
        "tiles": [(uf, *place, by_state.get(uf)) for uf, place in TILES.items()],
        "most_rate": _most(row["cases_per_100k"] for row in figures["states"]),
        "most_deaths_rate": _most(row["deaths_per_100k"] for row in figures["states"]),
        "most_cases": _most(row["cases"] for row in figures["states"]),
        "names": STATES,
        "columns": COLUMNS,
        "occupancy": _occupancy(figures["beds"]),
        "stale": {row["state"]: row for row in figures["stale"]},
        "new_cases": _daily(daily, 1, ("Casos novos", "New cases")),
        "new_deaths": _daily(daily, 3, ("Óbitos novos", "New deaths"), wide=True),
        "metrics": METRICS,
        "metric_kinds": METRIC_KINDS,
        "beds": BEDS,
        "pools": POOLS,
    }


def _daily(daily: Sequence[Sequence[Any]], at: int, name: tuple[str, str], wide: bool = False) -> str:
    if len(daily) < 2:
        return ""
    labels = formats.days([row[0] for row in daily])
    mean = ("Média de 7 dias", "7-day mean")
    series = [(name, [row[at] for row in daily]), (mean, [row[at + 1] for row in daily])]
    axes = charts.Axes(("Dia", "Day"), (f"{name[0]} por dia", f"{name[1]} a day"))
    return charts.lines(labels, series, "int", axes, dots=len(daily) <= FEW_DAYS, wide=wide)


def _occupancy(beds: Sequence[Mapping[str, Any]]) -> list[tuple[str, list[Mapping[str, Any] | None]]]:
    """A row a state, with its cells in the order of COLUMNS."""
    cells = {(row["state"], row["bed_type"], row["pool"]): row for row in beds}
    states = sorted({row["state"] for row in beds}, key=str)
    return [(state, [cells.get((state, *column)) for column in COLUMNS]) for state in states]


def _most(values: Any) -> float:
    return max((value for value in values if value is not None), default=0)
