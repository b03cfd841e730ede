"""What a cluster's nodes asked of S3, found out without a record of it.

localcloud mirrors S3 around a step instead of asking for each object: what a step wrote is what lies in the buckets and
no recorded call put there; what it read is what its command line names.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from localcloud.iam.needs import Place, needs
from localcloud.iam.policies import Need

Where = tuple[str, str]
PUTS = ("PutObject", "CopyObject")


def call(operation: str, bucket: str, key: str) -> dict[str, Any]:
    """A call as a node's S3 client would make it."""
    return {"service": "s3", "operation": operation, "status": 200, "params": {"Bucket": bucket, "Key": key}}


def written(calls: list[dict[str, Any]], there: Collection[Where]) -> set[Where]:
    """(bucket, key) of what is in `there`, deleted or not, and was put by no recorded call."""
    recorded = {(c["params"]["Bucket"], c["params"]["Key"]) for c in calls if c["operation"] in PUTS}
    return set(there) - recorded


def read(calls: list[dict[str, Any]]) -> set[Where]:
    """(bucket, key) of what the steps' command lines name: code, input, and the layers that they build on."""
    steps = [step for c in calls if c["operation"] == "AddJobFlowSteps" for step in c["params"]["Steps"]]
    named = {a.removeprefix("s3://") for step in steps for a in step["HadoopJarStep"]["Args"] if a.startswith("s3://")}
    files = {a if a.endswith((".py", ".zip")) else f"{a}/part" for a in named}
    return {(bucket, key) for bucket, key in (file.split("/", 1) for file in files)}


def asked(place: Place, wrote: set[Where], reads: set[Where], lake: str) -> set[Need]:
    """The authorizations that the nodes needed. Committers and re-runs delete what they wrote in the lake."""
    every = {need for where in wrote for need in needs(call("PutObject", *where), place)}
    every |= {need for where in reads for need in needs(call("GetObject", *where), place)}
    every |= {Need("s3:ListBucket", f"arn:aws:s3:::{bucket}", call="s3:ListObjectsV2") for bucket, _ in reads}
    return every | {n for where in wrote if where[0] == lake for n in needs(call("DeleteObject", *where), place)}
