"""OpenLineage of a night: its sources, its gold tables with their columns, and which column comes from which.

Airflow's OpenLineage provider, where it is installed and configured, calls the operators' hooks; nothing here is
imported before. The facets are those of the provider's compatibility module. Source: airflow.providers.openlineage,
extractors/base.py.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from nightshift.config import Settings
from nightshift.contracts.pipeline import Pipeline
from nightshift.pipelines import REGISTRY
from nightshift_contract.model import Table

LINE = {"texts": ["value"]}  # a pipeline without contracts of its sources reads lines
Columns = Mapping[str, Mapping[str, list[str]]]


def columns(product: str) -> Columns:
    """{table: {column: ["source.column", …]}} of a product, from lineage.toml in its package; {} without one."""
    file = REGISTRY.packages[product].folder / "lineage.toml"
    return tomllib.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}


def of_run(settings: Settings, pipeline: Pipeline, rows: Mapping[str, int]) -> Any:
    """What OpenLineage's extractor takes: inputs and outputs. `rows` are the published rows of each table."""
    sources = {name: _source(settings, pipeline, name) for name in _names(pipeline)}
    comes_from, lake = columns(pipeline.product), f"s3://{settings.bucket('lake')}"
    outputs = []
    for table in pipeline.gold:
        lineage = {
            column: [_input(sources, name) for name in names]
            for column, names in comes_from.get(table.name, {}).items()
        }
        outputs.append(_gold(lake, f"gold/{pipeline.product}", table, lineage, rows.get(table.name, 0)))
    return SimpleNamespace(inputs=[*sources.values()], outputs=outputs, run_facets={}, job_facets={})


def _names(pipeline: Pipeline) -> list[str]:
    return [source.name for source in pipeline.sources] or [*LINE]


def _source(settings: Settings, pipeline: Pipeline, name: str) -> Any:
    """A source as a dataset: the folder of its deliveries without their dates, or a table of a database."""
    from airflow.providers.common.compat.openlineage import facet  # noqa: PLC0415 - only where it is configured

    source = next((each for each in pipeline.sources if each.name == name), None)
    prefix = pipeline.inputs.reference if source and source.database and pipeline.inputs.reference else ""
    folder = re.split(r"/?%", prefix or pipeline.inputs.prefix)[0].strip("/")
    namespace = f"s3://{settings.bucket('raw')}"
    if pipeline.after:
        product, _, name = pipeline.after.partition(".")
        namespace, folder = f"s3://{settings.bucket('lake')}", f"gold/{product}"
    elif not pipeline.reads_files:
        namespace, folder = f"secretsmanager://{settings.name}", f"sources/{pipeline.database}"
    fields = [facet.SchemaDatasetFacetFields(*column) for column in _columns_of(source)]
    return facet.Dataset(namespace, f"{folder}/{name}", facets={"schema": facet.SchemaDatasetFacet(fields=fields)})


def _columns_of(source: Table | None) -> list[tuple[str, str, str]]:
    if source is None:
        return [("value", "string", "A line.")]
    return [(column.name, column.type, column.about) for column in source.columns]


def _gold(namespace: str, folder: str, table: Table, lineage: Mapping[str, list[Any]], rows: int) -> Any:
    """A gold table as a dataset with its schema, the origin of its columns and its published rows."""
    from airflow.providers.common.compat.openlineage import facet  # noqa: PLC0415 - only where it is configured

    fields = [facet.SchemaDatasetFacetFields(c.name, c.type, c.about or None) for c in table.columns]
    facets = {
        "schema": facet.SchemaDatasetFacet(fields=fields),
        "columnLineage": facet.ColumnLineageDatasetFacet(
            fields={column: facet.Fields(inputs) for column, inputs in lineage.items()}
        ),
        "documentation": facet.DocumentationDatasetFacet(description=table.about),
    }
    counted = {"outputStatistics": facet.OutputStatisticsOutputDatasetFacet(rowCount=rows)}
    return facet.OutputDataset(namespace, f"{folder}/{table.name}", facets=facets, outputFacets=counted)


def _input(sources: Mapping[str, Any], name: str) -> Any:
    from airflow.providers.common.compat.openlineage import facet  # noqa: PLC0415 - only where it is configured

    source, _, field = name.partition(".")
    return facet.InputField(sources[source].namespace, sources[source].name, field)
