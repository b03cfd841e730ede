"""Covid in hospitals: cases, deaths and hospital beds of each place, from daily snapshots and series."""

from nightshift.config import CONTRACTS
from nightshift.contracts import contract
from nightshift.contracts.pipeline import Inputs, Pipeline, Route, Step, ingest_option

SOURCES, GOLD = contract.read(CONTRACTS, "covid_hospitals")

ROUTES = (
    Route("api", "covid_api", ("api",)),
    Route(
        "population",
        "covid_tables",
        ("table", "--table", "populacao_por_municipio", "--name", "populacao-por-municipio-2020"),
        dated=False,
    ),
)

COVID_HOSPITALS = Pipeline(
    name="covid_hospitals",
    title="Covid in hospitals",
    inputs=Inputs(prefix="covid/%Y/%m/%d/", reference="covid/reference_data/"),
    steps=tuple(Step(layer, (layer,)) for layer in ("bronze", "silver", "gold")),
    gold=GOLD,
    sources=SOURCES,
    expected_minutes=12,
    options=(ingest_option(ROUTES),),
    routes=ROUTES,
)
