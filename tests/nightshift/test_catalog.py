"""The catalog says what the contract says."""

from dataclasses import replace

import pytest

from nightshift.lake.catalog import LONGEST_COMMENT, CatalogHook, shortened
from nightshift.pipelines import PIPELINES, REGISTRY


@pytest.fixture
def glue(aws):
    client = aws("glue")
    client.create_database(DatabaseInput={"Name": "acme_night_gold"})
    return client


def test_a_published_table_can_be_found_with_its_columns_and_its_partition(glue, night):
    table = night.pipeline.gold[0]
    hook = CatalogHook(glue, night)
    hook.register(table, [night.business_date])
    hook.register(table, [night.business_date])  # every task may run twice
    name = "mrhealth_sales_sales_by_branch_day"
    found = glue.get_table(DatabaseName="acme_night_gold", Name=name)["Table"]
    assert {c["Name"]: c["Type"] for c in found["StorageDescriptor"]["Columns"]} == table.types
    (partition,) = glue.get_partitions(DatabaseName="acme_night_gold", TableName=name)["Partitions"]
    assert partition["Values"] == ["2026-01-04"]
    assert partition["StorageDescriptor"]["Location"].endswith("/sales_by_branch_day/business_date=2026-01-04/")


def test_a_table_and_its_columns_carry_the_contracts_descriptions(glue, night):
    gold = night.pipeline.gold[0]
    long = "many\n words " * 60
    table = replace(gold, columns=tuple(replace(c, about=long) if c.name == "orders" else c for c in gold.columns))
    CatalogHook(glue, night).register(table, [])
    found = glue.get_table(DatabaseName="acme_night_gold", Name=f"mrhealth_sales_{table.name}")["Table"]
    assert found["Description"] == found["Parameters"]["comment"] == table.about
    comments = {column["Name"]: column["Comment"] for column in found["StorageDescriptor"]["Columns"]}
    assert comments["branch"] == table.notes["branch"] != ""
    assert len(comments["orders"].encode()) == LONGEST_COMMENT and comments["orders"].startswith("many words many")
    assert found["PartitionKeys"][0]["Comment"]


def test_the_catalog_is_in_the_settings_language(glue, night):
    portuguese = replace(night, settings=replace(night.settings, language="pt-BR"))
    gold = night.pipeline.gold[0]
    CatalogHook(glue, portuguese).register(gold, [night.business_date])
    found = glue.get_table(DatabaseName="acme_night_gold", Name=f"mrhealth_sales_{gold.name}")["Table"]
    assert found["Description"].startswith("O que cada unidade vendeu em cada dia.")
    assert found["PartitionKeys"][0]["Comment"].startswith("A data de referência")
    comments = {column["Name"]: column["Comment"] for column in found["StorageDescriptor"]["Columns"]}
    assert comments["order_date"] == "O dia dos pedidos." and comments.keys() == gold.notes.keys()


@pytest.mark.parametrize("table", [t for p in PIPELINES.values() for t in p.gold], ids=lambda table: table.name)
def test_every_column_of_gold_is_described_in_a_comment_that_fits(table):
    assert table.notes.keys() == table.types.keys()
    assert {name: note for name, note in table.notes.items() if note != shortened(note, LONGEST_COMMENT)} == {}


@pytest.mark.parametrize("text", ["é" * 200, "x" * 256, "x" * 254 + "é"])
def test_a_cut_comment_is_whole_letters_within_the_limit(text):
    assert LONGEST_COMMENT - 2 < len(shortened(text, LONGEST_COMMENT).encode()) <= LONGEST_COMMENT
    assert text.startswith(shortened(text, LONGEST_COMMENT).removesuffix("…"))


@pytest.mark.parametrize("name", PIPELINES)
def test_every_portuguese_comment_fits_too(name):
    says = REGISTRY.says(name, "pt-BR")
    notes = [says(note) for table in PIPELINES[name].gold for note in table.notes.values()]
    assert [note for note in notes if note != shortened(note, LONGEST_COMMENT)] == []
