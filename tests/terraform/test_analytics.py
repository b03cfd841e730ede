"""The analytics' stack on localcloud, beside a foundation: what Athena and Glue then have, and that it goes again."""

import base64
import json

import pytest
from botocore.exceptions import ClientError

from nightshift.infrastructure import drift
from nightshift.report import views

pytestmark = pytest.mark.terraform

NAME, GOLD = "acme-night", "acme_night_gold"


@pytest.fixture(scope="module")
def analytics(cloud, stack, foundation):
    variables = {"name": NAME, "region": "us-east-1", "max_retries": 3, "scan_limit_bytes": 20_000_000}
    variables["language"] = "pt-BR"
    made = stack("stacks/analytics", cloud.env)
    made.open("analytics.tfstate", f"{NAME}-state")
    yield made, variables, made.apply(**variables)
    made.destroy(**variables)
    with pytest.raises(ClientError):
        cloud.client("athena").get_work_group(WorkGroup=NAME)
    assert cloud.client("glue").get_tables(DatabaseName=GOLD)["TableList"] == []
    assert cloud.client("athena").list_named_queries(WorkGroup=NAME)["NamedQueryIds"] == []


def test_a_second_plan_changes_nothing(analytics):
    made, variables, _ = analytics
    assert not made.has_changes(**variables)


def test_queries_are_bounded_and_their_results_encrypted_with_the_key_of_the_data(cloud, analytics, foundation):
    group = cloud.client("athena").get_work_group(WorkGroup=NAME)["WorkGroup"]["Configuration"]
    assert group["EnforceWorkGroupConfiguration"] and group["BytesScannedCutoffPerQuery"] == 20_000_000
    assert group["ResultConfiguration"] == {
        "OutputLocation": f"s3://{NAME}-lake/athena/",
        "EncryptionConfiguration": {"EncryptionOption": "SSE_KMS", "KmsKey": foundation[2]["kms_key_arn"]},
    }


def test_glue_has_every_view_as_athena_stores_one(cloud, analytics):
    tables = {t["Name"]: t for t in cloud.client("glue").get_tables(DatabaseName=GOLD)["TableList"]}
    products = json.loads(views.text("pt-BR"))
    expected = {f"{p}_{name}": view for p, of in products.items() for name, view in of["views"].items()}
    assert tables.keys() == expected.keys() == set(analytics[2]["views"])
    for name, view in expected.items():
        text = tables[name]["ViewOriginalText"].removeprefix("/* Presto View: ").removesuffix(" */")
        stored = json.loads(base64.b64decode(text))
        assert (stored["originalSql"], stored["schema"], stored["catalog"]) == (view["sql"], GOLD, "awsdatacatalog")
        assert tables[name]["Description"] == tables[name]["Parameters"]["comment"] == view["about"]
        assert [c["name"] for c in stored["columns"]] == [c["name"] for c in view["columns"]]
        columns = tables[name]["StorageDescriptor"]["Columns"]
        assert [(c["Name"], c["Type"], c["Comment"]) for c in columns] == [
            (c["name"], c["type"], c["about"]) for c in view["columns"]
        ]


def test_what_somebody_changed_by_hand_is_drift_of_this_stack_beside_the_foundation(cloud, analytics, settings):
    """Its limit of bytes is not the default: with which variables it was applied, drift does not know."""
    glue, name = cloud.client("glue"), "mrhealth_sales_product_total"
    table = glue.get_table(DatabaseName=GOLD, Name=name)["Table"]
    kept = {key: table[key] for key in ("Name", "Description", "TableType", "Parameters", "StorageDescriptor")}
    kept |= {key: table[key] for key in ("ViewOriginalText", "ViewExpandedText")}
    glue.update_table(DatabaseName=GOLD, TableInput={**kept, "Description": "Mine"})
    seen = drift.compare(settings)
    glue.update_table(DatabaseName=GOLD, TableInput=kept)
    assert {"analytics", "foundation"} <= {*seen.stacks}
    assert seen.unseen == {}
    address = f'module.athena.aws_glue_catalog_table.view["{name}"]'
    assert [(d.stack, d.address, d.attribute, d.after) for d in seen.differences] == [
        ("analytics", address, "description", '"Mine"')
    ]


def test_a_saved_query_runs_in_the_workgroup_on_gold(cloud, analytics):
    saved = analytics[2]["queries"]
    query = cloud.client("athena").get_named_query(NamedQueryId=saved["mrhealth_sales_branch_ranking"])["NamedQuery"]
    assert (query["WorkGroup"], query["Database"]) == (NAME, GOLD)
    assert query["QueryString"].startswith("SELECT newest.unit_id")
