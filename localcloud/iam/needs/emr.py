"""Permissions of Amazon EMR calls; RunJobFlow passes roles and tags what it creates."""

from __future__ import annotations

from collections.abc import Iterator

from localcloud.iam.needs.common import Call, Place, Unmapped, tags
from localcloud.iam.policies import Need

# None of these has resource-level permissions.
EMR_UNBOUND = {
    *("ListClusters", "ListSecurityConfigurations", "CreateSecurityConfiguration"),
    *("DescribeSecurityConfiguration", "DeleteSecurityConfiguration"),
}
EMR_ON_CLUSTERS = {
    *("AddJobFlowSteps", "CancelSteps", "DescribeCluster", "DescribeStep", "ListBootstrapActions"),
    *("ListInstanceFleets", "ListInstanceGroups", "ListInstances", "ListSteps", "SetTerminationProtection"),
    *("TerminateJobFlows",),
}
EMR_PREFIX = "elasticmapreduce"


def emr(call: Call, place: Place) -> Iterator[Need]:
    operation, params = call["operation"], call["params"]
    if operation == "RunJobFlow":
        yield from _run_job_flow(call, place)
    elif operation in EMR_UNBOUND:
        yield Need(f"{EMR_PREFIX}:{operation}")
    elif operation in EMR_ON_CLUSTERS:
        for cluster in params.get("JobFlowIds") or [params.get("ClusterId") or params["JobFlowId"]]:
            owned = tags("ResourceTag", call["resource_tags"].get(cluster, {}), EMR_PREFIX)
            yield Need(f"{EMR_PREFIX}:{operation}", place.arn(EMR_PREFIX, f"cluster/{cluster}"), owned)
    else:
        raise Unmapped(call)


def _run_job_flow(call: Call, place: Place) -> Iterator[Need]:
    """AddTags is needed on cluster/*: the cluster has no id yet (aws-cdk pull 24856 quotes the refusal)."""
    params, given = call["params"], tags("RequestTag", call["request_tags"], EMR_PREFIX)
    yield Need(f"{EMR_PREFIX}:RunJobFlow", "*", given)
    yield Need(f"{EMR_PREFIX}:AddTags", place.arn(EMR_PREFIX, "cluster/*"), given)
    if "AutoTerminationPolicy" in params:
        yield Need(f"{EMR_PREFIX}:PutAutoTerminationPolicy", place.arn(EMR_PREFIX, "cluster/*"), given)
    service = params["ServiceRole"]
    emr = service if service.startswith("arn:") else f"arn:aws:iam::{place.account}:role/{service}"
    yield Need("iam:PassRole", emr, {"iam:passedtoservice": "elasticmapreduce.amazonaws.com"})
    yield Need("iam:PassRole", place.role_of(params["JobFlowRole"]), {"iam:passedtoservice": "ec2.amazonaws.com"})
