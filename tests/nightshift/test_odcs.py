"""A contract in the Open Data Contract Standard, field by field, and the command that prints it."""

from dataclasses import replace

import pytest
import yaml

from embedded import cli
from nightshift.config import Settings
from nightshift.contracts.pipeline import Inputs, Pipeline, Step
from nightshift.pipelines import PIPELINES
from nightshift.report import odcs
from nightshift_contract.reading import parsed

SETTINGS = Settings(name="acme", gold_by="06:00", environment="dev")
CONTRACT = parsed("""
[sources.sales]
about = "What was sold."
files = "venda"
key = ["sale_id"]
drift = { added = "ignore", dropped = "refuse", retyped = "quarantine" }
columns.sale_id = { from = ["id", "cod"], type = "bigint", digits = 4, required = true }
columns.buyer = { type = "string", personal = true, about = "Who." }
columns.channel = { type = "string", one_of = ["web", "shop"], reason = "unknown_channel" }
columns.change = { type = "int", signed = true, digits = 2 }

[gold.totals]
about = "How much."
key = ["day"]
min_rows = 3
fresh_hours = 30
columns.day = { type = "date", about = "The day." }
columns.total = { type = "decimal(28,2)" }
""")
SHOP = Pipeline(
    "shop", "Shop", Inputs("shop/%Y/%m/%d/"), (Step("all", ("bronze", "silver", "gold")),),
    tuple(CONTRACT.gold.values()), tuple(CONTRACT.sources.values()), takes="files", gives="totals",
)  # fmt: skip
ELEMENT = {"name", "description", "logicalType", "physicalType", "physicalName", "tags", "customProperties", "quality"}
FIELDS = {  # of the standard's JSON Schema v3.1.0, which allows no other; those that we could use
    "schema": ELEMENT | {"properties", "dataGranularityDescription", "relationships", "businessName"},
    "properties": ELEMENT
    | {"primaryKey", "primaryKeyPosition", "required", "unique", "partitioned", "partitionKeyPosition"}
    | {"classification", "logicalTypeOptions", "transformSourceObjects", "examples"},
    "logicalTypeOptions": {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "format"},
    "quality": {"name", "description", "type", "metric", "arguments", "unit", "dimension", "severity", "mustBe"}
    | {"mustBeGreaterOrEqualTo"},
    "servers": {"server", "type", "description", "environment", "location", "format", "endpointUrl", "delimiter"},
    "slaProperties": {"property", "value", "unit", "element", "driver", "description", "scheduler", "schedule"},
    "customProperties": {"property", "value", "description"},
    "description": {"usage", "purpose", "limitations", "customProperties"},
}
TOP = {"apiVersion", "kind", "id", "name", "version", "status", "dataProduct", "description", "servers", "schema"}
TOP |= {"slaProperties", "customProperties"}
LOGICAL = {"string", "date", "timestamp", "time", "number", "integer", "object", "array", "boolean"}


@pytest.fixture(scope="module")
def shop():
    return yaml.safe_load(odcs.text(SHOP, SETTINGS))


def of(document, name):
    [found] = [one for one in document["schema"] if one["name"] == name]
    return found | {"properties": {one["name"]: one for one in found["properties"]}}


def test_the_document_says_what_it_is(shop):
    assert {word: shop[word] for word in ("apiVersion", "kind", "id", "name", "status", "dataProduct")} == {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": "acme.shop",
        "name": "Shop",
        "status": "active",
        "dataProduct": "shop",
    }
    assert shop["version"] == CONTRACT.digest
    assert [(one["server"], one["type"], one["location"], one["environment"]) for one in shop["servers"]] == [
        ("raw", "s3", "s3://acme-raw/shop/YYYY/MM/DD/", "dev"),
        ("lake", "s3", "s3://acme-lake/", "dev"),
    ]
    assert [one["name"] for one in shop["schema"]] == ["bronze_sales", "silver_sales", "gold_totals"]


def test_bronze_is_text_under_the_sources_own_names(shop):
    bronze = of(shop, "bronze_sales")
    assert (bronze["physicalName"], bronze["tags"]) == ("bronze/shop/sales", ["bronze"])
    assert [*bronze["properties"]] == ["id", "buyer", "channel", "change"]
    assert {(one["logicalType"], one["physicalType"], one["required"]) for one in bronze["properties"].values()} == {
        ("string", "string", False)
    }
    assert bronze["properties"]["buyer"]["classification"] == "confidential"


def test_silver_has_the_contracts_types_bounds_and_rules(shop):
    silver = of(shop, "silver_sales")
    assert silver["customProperties"] == [
        {"property": "addedColumns", "value": "ignore"},
        {"property": "droppedColumns", "value": "refuse"},
        {"property": "retypedColumns", "value": "quarantine"},
    ]
    assert silver["properties"]["sale_id"] == {
        "name": "sale_id",
        "logicalType": "integer",
        "physicalType": "bigint",
        "required": True,
        "primaryKey": True,
        "primaryKeyPosition": 1,
        "logicalTypeOptions": {"minimum": 0, "maximum": 9999},
        "transformSourceObjects": ["bronze_sales"],
        "customProperties": [{"property": "sourceNames", "value": ["id", "cod"]}],
    }
    buyer, channel, change = (silver["properties"][name] for name in ("buyer", "channel", "change"))
    assert (buyer["classification"], buyer["tags"], buyer["description"]) == ("confidential", ["personal"], "Who.")
    [rule] = channel["quality"]
    assert (rule["metric"], rule["mustBe"], rule["arguments"]) == ("invalidValues", 0, {"validValues": ["web", "shop"]})
    assert "unknown_channel" in rule["description"]
    assert change["logicalTypeOptions"] == {"minimum": -99, "maximum": 99}


def test_gold_has_its_key_its_partition_and_what_the_audit_demands(shop):
    gold = of(shop, "gold_totals")
    assert gold["physicalName"] == "shop_totals"
    day, total, date = gold["properties"].values()
    assert (day["primaryKey"], day["required"], day["quality"][0]["metric"]) == (True, True, "nullValues")
    assert (total["logicalType"], total["physicalType"], total["required"]) == ("number", "decimal(28,2)", False)
    assert (date["name"], date["partitioned"], date["partitionKeyPosition"]) == ("business_date", True, 1)
    rows, unique = gold["quality"]
    assert (rows["metric"], rows["mustBeGreaterOrEqualTo"]) == ("rowCount", 3)
    assert (unique["metric"], unique["mustBe"]) == ("duplicateValues", 0)
    assert unique["arguments"] == {"properties": ["business_date", "day"]}


def test_the_promises_are_those_of_settings_and_contract(shop):
    told = {one["property"]: one for one in shop["slaProperties"]}
    assert (told["frequency"]["value"], told["frequency"]["unit"]) == (1, "d")
    assert (told["frequency"]["scheduler"], told["frequency"]["schedule"]) == ("cron", "0 0 * * *")
    assert told["timeOfAvailability"]["value"] == "06:00"
    latency = told["latency"]
    assert (latency["value"], latency["unit"], latency["element"]) == (30, "h", "gold_totals")
    none = odcs.document_of(SHOP, replace(SETTINGS, schedule="none", gold_by=""))["slaProperties"]
    assert [one["property"] for one in none] == ["latency"]


@pytest.mark.parametrize("name", PIPELINES)
def test_no_field_is_unknown_to_the_standard(name):
    document = yaml.safe_load(odcs.text(PIPELINES[name], SETTINGS))
    assert document.keys() <= TOP
    names = [one["name"] for one in document["schema"]]
    assert len({*names}) == len(names) and all(name.startswith(("bronze_", "silver_", "gold_")) for name in names)
    assert {p["logicalType"] for one in document["schema"] for p in one["properties"]} <= LOGICAL
    pending = [(word, document[word]) for word in FIELDS if word in document]
    while pending:
        word, value = pending.pop()
        for one in value if isinstance(value, list) else [value]:
            assert one.keys() <= FIELDS[word], (word, one)
            pending += [(inner, one[inner]) for inner in FIELDS if isinstance(one.get(inner), list | dict)]


def test_the_command_prints_it_and_an_unknown_name_says_which_there_are(capsys):
    assert cli.main(["contract", "export", "wordcount", "--format", "odcs"]) == 0
    assert yaml.safe_load(capsys.readouterr().out)["dataProduct"] == "wordcount"
    assert cli.main(["contract", "export", "word_count"]) == 2
    said = capsys.readouterr().err
    assert all(name in said for name in PIPELINES) and "Did you mean wordcount?" in said


def test_the_command_checks_a_file_as_a_night_does(capsys, tmp_path):
    file = tmp_path / "contract.toml"
    file.write_text("[golden.t]\n")
    assert cli.main(["contract", "check", str(file)]) == 2
    assert "unknown section 'golden'" in capsys.readouterr().err
