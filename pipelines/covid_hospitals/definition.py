"""Covid in hospitals: cases, deaths and hospital beds of each place, from daily snapshots and series."""

from nightshift.contracts import contract
from nightshift.contracts.pipeline import Inputs, Pipeline, Route, Step, ingest_option

SOURCES, GOLD = contract.beside(__file__)

ROUTES = (
    Route("api", "covid_api", ("api",)),
    Route(
        "population",
        "covid_tables",
        ("table", "--table", "populacao_por_municipio", "--name", "populacao-por-municipio-2020"),
        dated=False,
    ),
)

PIPELINE = Pipeline(
    name="covid_hospitals",
    title="Covid in hospitals",
    inputs=Inputs(prefix="covid/%Y/%m/%d/", reference="covid/reference_data/"),
    steps=tuple(Step(layer, (layer,)) for layer in ("bronze", "silver", "gold")),
    gold=GOLD,
    sources=SOURCES,
    takes="bed snapshots, cases, outcomes, population of Brazil",
    gives="cases, beds, outcomes, extremes",
    expected_minutes=12,
    options=(ingest_option(ROUTES),),
    routes=ROUTES,
)
