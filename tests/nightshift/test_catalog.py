"""The catalog says what the contract says."""

import pytest

from nightshift.lake.catalog import CatalogHook


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
    assert {c["Name"]: c["Type"] for c in found["StorageDescriptor"]["Columns"]} == table.columns
    (partition,) = glue.get_partitions(DatabaseName="acme_night_gold", TableName=name)["Partitions"]
    assert partition["Values"] == ["2026-01-04"]
    assert partition["StorageDescriptor"]["Location"].endswith("/sales_by_branch_day/business_date=2026-01-04/")
