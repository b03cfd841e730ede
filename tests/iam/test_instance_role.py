"""Least privilege of a cluster's nodes: what steps read and write is allowed, code and input cannot be changed.

localcloud mirrors S3 around a step instead of asking for each object, so what a step wrote is what lies in the buckets
and no recorded call put there; what it read is what its command line names.
"""

import pytest

from tests.iam import grants
from tests.iam.conftest import NAME
from tests.iam.needs import needs
from tests.iam.policies import Need
from tests.iam.reasons import NODES

pytestmark = [pytest.mark.spark, pytest.mark.terraform]


@pytest.fixture(scope="module")
def granted(played):
    return grants.of_role(played.client("iam"), played.foundation["emr_instance_profile_arn"].rsplit("/", 1)[1])


def call(operation, bucket, key):
    """A call as a node's S3 client would make it."""
    return {"service": "s3", "operation": operation, "status": 200, "params": {"Bucket": bucket, "Key": key}}


@pytest.fixture(scope="module")
def written(played):
    """(bucket, key) of what is there, deleted or not, and was put by no recorded call."""
    puts = ("PutObject", "CopyObject")
    recorded = {(c["params"]["Bucket"], c["params"]["Key"]) for c in played.calls if c["operation"] in puts}
    s3 = played.client("s3")
    listed = {
        (bucket, version["Key"])
        for bucket in (f"{NAME}-{kind}" for kind in ("raw", "lake", "artifacts", "logs"))
        for version in s3.list_object_versions(Bucket=bucket).get("Versions", [])
    }
    return listed - recorded


@pytest.fixture(scope="module")
def read(played):
    """(bucket, key) of what the steps' command lines name: code, input, and the layers that they build on."""
    arguments = {
        argument.removeprefix("s3://")
        for recorded in played.calls
        if recorded["operation"] == "AddJobFlowSteps"
        for step in recorded["params"]["Steps"]
        for argument in step["HadoopJarStep"]["Args"]
        if argument.startswith("s3://")
    }
    named = {
        tuple(f"{a}/part".split("/", 1)) if not a.endswith((".py", ".zip")) else tuple(a.split("/", 1))
        for a in arguments
    }
    return named | {(f"{NAME}-lake", "staging/wordcount/run/certificates.zip")}


@pytest.fixture(scope="module")
def asked(played, place, written, read):
    every = {need for where in written for need in needs(call("PutObject", *where), place)}
    every |= {need for where in read for need in needs(call("GetObject", *where), place)}
    every |= {Need("s3:ListBucket", f"arn:aws:s3:::{bucket}", call="s3:ListObjectsV2") for bucket, _ in read}
    # Spark's committers and a re-run's overwrite delete what they wrote.
    lake = [where for where in written if where[0] == f"{NAME}-lake"]
    return every | {need for where in lake for need in needs(call("DeleteObject", *where), place)}


def test_steps_wrote_layers_manifests_and_logs(written):
    assert {bucket for bucket, _ in written} == {f"{NAME}-lake", f"{NAME}-logs"}
    prefixes = {key.split("/", 1)[0] for bucket, key in written if bucket == f"{NAME}-lake"}
    assert {"bronze", "silver", "staging", "runs"} <= prefixes


def test_whatever_a_step_does_is_allowed(asked, granted):
    assert grants.refused(asked, granted) == []


def test_what_no_step_does_is_not_allowed_unless_a_reason_is_written_down(asked, granted):
    assert grants.in_vain(asked, granted, NODES) == []
    assert grants.outdated(asked, granted, NODES) == []


def test_a_step_can_change_neither_its_input_nor_its_code_nor_a_state(place, granted):
    tried = [
        needs(call(operation, f"{NAME}-{kind}", "a"), place)[0]
        for operation in ("PutObject", "DeleteObject")
        for kind in ("raw", "artifacts", "state")
    ]
    assert len(grants.refused(tried, granted)) == len(tried)
