"""Covid in hospitals: cases, deaths and hospital beds of each place, as every day's snapshots and series tell them."""

from nightshift import contract
from nightshift.config import CONTRACTS
from nightshift.pipeline import Inputs, Pipeline, Step

SOURCES, GOLD = contract.read(CONTRACTS, "covid_hospitals")

COVID_HOSPITALS = Pipeline(
    name="covid_hospitals",
    title="Covid in hospitals",
    inputs=Inputs(prefix="covid/%Y/%m/%d/", reference="covid/reference_data/"),
    steps=tuple(Step(layer, (layer,)) for layer in ("bronze", "silver", "gold")),
    gold=GOLD,
    sources=SOURCES,
    expected_minutes=12,
)
