"""A pipeline's contract in the Open Data Contract Standard: bronze and silver of its sources, and its gold.

Source: schema/odcs-json-schema-v3.1.0.json of bitol-io/open-data-contract-standard.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from nightshift.config import DAILY, Settings
from nightshift.contracts.pipeline import Pipeline
from nightshift_contract.model import Column, Table

VERSION = "v3.1.0"
LOGICAL = {
    "int": "integer",
    "bigint": "integer",
    "double": "number",
    "float": "number",
    "decimal": "number",
    "array": "array",
    "struct": "object",
    "map": "object",
}  # of the other types the standard's name is Spark's
PERSONAL = "confidential"
DAY = {
    "name": "business_date",
    "description": "The night's business date: a complete partition each.",
    "logicalType": "date",
    "physicalType": "date",
    "required": True,
    "partitioned": True,
    "partitionKeyPosition": 1,
}
Body = dict[str, Any]


def text(pipeline: Pipeline, settings: Settings) -> str:
    """The contract as a YAML document."""
    document: str = yaml.safe_dump(
        document_of(pipeline, settings), sort_keys=False, allow_unicode=True, width=120, default_flow_style=False
    )
    return document


def document_of(pipeline: Pipeline, settings: Settings) -> Body:
    """The contract as the standard's fields. Its version is the digest of all that decides what gold is."""
    return {
        "apiVersion": VERSION,
        "kind": "DataContract",
        "id": f"{settings.name}.{pipeline.product}",
        "name": pipeline.title,
        "version": pipeline.contract.digest,
        "status": "active",
        "dataProduct": pipeline.product,
        "description": {"purpose": pipeline.gives, "usage": f"Made every night from {pipeline.takes}."},
        "servers": list(_servers(pipeline, settings)),
        "schema": [
            *(_bronze(pipeline, table) for table in pipeline.sources),
            *(_silver(pipeline, table) for table in pipeline.sources),
            *(_gold(pipeline, table) for table in pipeline.gold),
        ],
        "slaProperties": list(_promises(pipeline, settings)),
        "customProperties": [{"property": "contractFile", "value": pipeline.contract_file}],
    }


def _servers(pipeline: Pipeline, settings: Settings) -> Iterator[Body]:
    """Where its input arrives, and where its tables are."""
    environment = {"environment": settings.environment} if settings.environment else {}
    if pipeline.inputs.prefix:
        where = f"s3://{settings.bucket('raw')}/{pipeline.inputs.shown}"
        raw = {"server": "raw", "type": "s3", "description": "The files of a business date.", "location": where}
        yield raw | environment
    where = f"s3://{settings.bucket('lake')}/"
    lake = {"server": "lake", "type": "s3", "description": "Bronze, silver and gold.", "location": where}
    yield lake | {"format": "parquet"} | environment


def _bronze(pipeline: Pipeline, table: Table) -> Body:
    """A source table as it arrived: every value is text, under the source's own name."""
    properties = [
        {"name": c.source, **_described(c), "logicalType": "string", "physicalType": "string", "required": False}
        for c in table.columns
    ]
    return _object("bronze", pipeline, table) | {"properties": properties}


def _silver(pipeline: Pipeline, table: Table) -> Body:
    """A source table with the contract's types, of the rows that kept its rules."""
    properties = [
        {
            "name": column.name,
            **_described(column),
            **_typed(column),
            "required": column.required,
            **_key(table, column),
            **({"logicalTypeOptions": bounds} if (bounds := _bounds(column)) else {}),
            **({"quality": [_listed(column)]} if column.one_of else {}),
            "transformSourceObjects": [f"bronze_{table.name}"],
            "customProperties": [{"property": "sourceNames", "value": [*column.names]}],
        }
        for column in table.columns
    ]
    rules = [{"property": f"{event}Columns", "value": rule} for event, rule in table.drift.items()]
    return _object("silver", pipeline, table) | {"properties": properties, "customProperties": rules}


def _gold(pipeline: Pipeline, table: Table) -> Body:
    """A product, with what the audit demands of each partition before it is published."""
    properties = [
        {
            "name": column.name,
            **_described(column),
            **_typed(column),
            "required": column.name in table.key,
            **_key(table, column),
            **({"quality": [_never_null(column)]} if column.name in table.key else {}),
        }
        for column in table.columns
    ]
    named = {"physicalName": f"{pipeline.product}_{table.name}"}  # in the catalog
    return _object("gold", pipeline, table) | named | {"properties": [*properties, DAY], "quality": list(_audit(table))}


def _object(layer: str, pipeline: Pipeline, table: Table) -> Body:
    return {
        "name": f"{layer}_{table.name}",
        "description": table.about,
        "logicalType": "object",
        "physicalType": "table",
        "physicalName": f"{layer}/{pipeline.product}/{table.name}",
        "tags": [layer],
    }


def _described(column: Column) -> Body:
    about = {"description": column.about} if column.about else {}
    return about | ({"classification": PERSONAL, "tags": ["personal"]} if column.personal else {})


def _typed(column: Column) -> Body:
    name = column.type.partition("(")[0].partition("<")[0]
    return {"logicalType": LOGICAL.get(name, name), "physicalType": column.type}


def _key(table: Table, column: Column) -> Body:
    if column.name not in table.key:
        return {}
    return {"primaryKey": True, "primaryKeyPosition": table.key.index(column.name) + 1}


def _bounds(column: Column) -> Body:
    """The least and the greatest value of a whole number, as its digits and its sign allow."""
    if column.type not in ("int", "bigint") or column.code:
        return {}
    most = 10**column.digits - 1
    return {"minimum": -most if column.signed else 0, "maximum": most}


def _listed(column: Column) -> Body:
    words = f"A row with any other value is quarantined as {column.reason}."
    rule = {"name": f"{column.name}_one_of", "type": "library", "metric": "invalidValues", "mustBe": 0}
    return rule | {"description": words, "dimension": "conformity", "arguments": {"validValues": [*column.one_of]}}


def _never_null(column: Column) -> Body:
    rule = {"name": f"{column.name}_not_null", "type": "library", "metric": "nullValues", "mustBe": 0}
    return rule | {"dimension": "completeness", "severity": "error"}


def _audit(table: Table) -> Iterator[Body]:
    words = "Of each business date; with fewer nothing is published."
    least = {"name": "min_rows", "type": "library", "metric": "rowCount", "mustBeGreaterOrEqualTo": table.min_rows}
    yield least | {"description": words, "unit": "rows", "dimension": "completeness", "severity": "error"}
    unique = {"name": "unique_key", "type": "library", "metric": "duplicateValues", "mustBe": 0, "unit": "rows"}
    columns = {"arguments": {"properties": ["business_date", *table.key]}}
    yield unique | columns | {"dimension": "uniqueness", "severity": "error"}


def _promises(pipeline: Pipeline, settings: Settings) -> Iterator[Body]:
    """How often a night runs, and how old the newest partition of each gold table may be."""
    if settings.when:
        often = {"value": 1, "unit": "d"} if DAILY.match(settings.when) else {"value": settings.when}
        words = f"In the zone {settings.timezone}."
        yield {"property": "frequency", **often, "description": words, "scheduler": "cron", "schedule": settings.when}
    if settings.gold_by:
        words = f"A night that is not over by then, in the zone {settings.timezone}, is reported as late."
        yield {"property": "timeOfAvailability", "value": settings.gold_by, "description": words}
    for table in pipeline.gold:
        latency = {"property": "latency", "value": table.fresh_hours, "unit": "h", "element": f"gold_{table.name}"}
        yield latency | {"description": "The most that the newest partition may be old; the reaper checks it."}
