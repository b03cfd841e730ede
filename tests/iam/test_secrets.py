"""No secret is left in what a night with a way in leaves: logs, Airflow's database, states, records, messages."""

import gzip
import json

import pytest

from tests.iam.conftest import NAME

pytestmark = [pytest.mark.spark, pytest.mark.terraform]

SWEPT = "/certificates.zip"


def found(needles, places):
    """Where any of the needles is, by name."""
    return sorted({name for name, body in places for needle in needles if needle in body})


@pytest.fixture(scope="module")
def secrets(played):
    """Every line of every private key that was in use while the night ran, and AWS's secret key."""
    lines = [line for key in played.private_keys for line in key.splitlines() if line and "-----" not in line]
    assert len(played.private_keys) == 2, "one way in and one certificate"
    assert len(lines) > 40
    return [line.encode() for line in lines] + [played.env["AWS_SECRET_ACCESS_KEY"].encode()]


@pytest.fixture(scope="module")
def versions(played):
    """(name, body) of every version of every object, also of those that were deleted or replaced."""
    s3 = played.client("s3")
    kept = []
    for bucket in (bucket["Name"] for bucket in s3.list_buckets()["Buckets"]):
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
            for version in page.get("Versions", []):
                where = {"Bucket": bucket, "Key": version["Key"], "VersionId": version["VersionId"]}
                body = s3.get_object(**where)["Body"].read()
                kept.append((f"{bucket}/{version['Key']}", gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body))
    return kept


def files(*roots):
    """(name, body) of every file at or below the roots."""
    each = (path for root in roots for path in (sorted(root.rglob("*")) if root.is_dir() else [root]))
    return [(str(path), path.read_bytes()) for path in each if path.is_file()]


def test_the_search_finds_a_key_where_there_is_one(secrets, versions):
    assert set(found(secrets, [v for v in versions if v[0].endswith(SWEPT)])), (
        "the cluster's certificate was there once"
    )


def test_no_version_of_a_state_a_record_or_a_log_in_s3_holds_one(secrets, versions):
    names = {name for name, _ in versions}
    assert any(name.startswith(f"{NAME}-state/transient/") for name in names)
    assert any(name.startswith(f"{NAME}-lake/runs/") for name in names)
    assert any(name.startswith(f"{NAME}-logs/") for name in names)
    assert found(secrets, [v for v in versions if not v[0].endswith(SWEPT)]) == []


def test_neither_airflows_logs_nor_its_database_hold_one(played, secrets):
    left = files(played.airflow_home, played.log)
    assert any(name.endswith("airflow.db") for name, _ in left)
    assert found([b"security_configuration"], left), "XCom is in there, so a secret would be found"
    assert found(secrets, left) == []


def test_neither_the_cloud_nor_any_call_but_the_one_that_keeps_it_was_told_one(played, secrets):
    told = [(call["operation"], json.dumps(call).encode()) for call in played.calls]
    assert {"Publish", "AddJobFlowSteps", "RunJobFlow"} <= {name for name, _ in told}
    assert found(secrets, [*told, *files(played.server_log)]) == []


def test_the_certificate_and_the_secret_are_gone_with_the_run(played):
    staged = played.client("s3").list_objects_v2(Bucket=f"{NAME}-lake", Prefix="staging/").get("Contents", [])
    assert staged == []
    assert played.client("secretsmanager").list_secrets(IncludePlannedDeletion=True)["SecretList"] == []
