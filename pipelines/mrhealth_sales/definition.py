"""MrHealth sales: what ~50 restaurants sold yesterday, by branch and by product."""

from nightshift.contracts import contract
from nightshift.contracts.pipeline import Inputs, Option, Pipeline, Step

SOURCES, GOLD = contract.beside(__file__)

PIPELINE = Pipeline(
    name="mrhealth_sales",
    title="MrHealth sales",
    inputs=Inputs(prefix="mrhealth/csv_sales/%Y/%m/%d/", reference="mrhealth/reference_data/", file_prefix="tabela_"),
    steps=tuple(Step(layer, (layer,)) for layer in ("bronze", "silver", "gold")),
    gold=GOLD,
    sources=SOURCES,
    takes="nightly deliveries of ~50 restaurants, head-office reference data",
    gives="sales by branch and product, alerts, a week's forecast",
    expected_minutes=15,
    restates=True,
    options=(
        Option(
            "reference",
            "Head office's tables",
            "Where PRODUTO, UNIDADE, ESTADO and PAIS are read: files in the raw bucket, or head office's database.",
            default="files",
            choices=("files", "database"),
        ),
    ),
    database="head_office",
    database_if=("reference", "database"),
)
