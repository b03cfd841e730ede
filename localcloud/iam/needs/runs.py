"""Permissions of job runs: AWS Glue's jobs, EMR Serverless and EMR on EKS."""

from __future__ import annotations

from collections.abc import Iterator

from localcloud.iam.needs.common import Call, Place, Unmapped, tags
from localcloud.iam.policies import Need

# Calls on one job, and those on none.
GLUE_JOBS = {
    *("CreateJob", "UpdateJob", "GetJob", "DeleteJob"),
    *("StartJobRun", "GetJobRun", "GetJobRuns", "BatchStopJobRun"),
}
GLUE_UNBOUND = {"GetJobs", "ListJobs"}
APPLICATIONS = {
    *("GetApplication", "UpdateApplication", "DeleteApplication", "StartApplication", "StopApplication"),
    *("StartJobRun", "ListJobRuns"),
}
VIRTUAL_CLUSTERS = {"DescribeVirtualCluster", "DeleteVirtualCluster", "StartJobRun", "ListJobRuns"}
TAGS = {"TagResource", "UntagResource", "ListTagsForResource"}


def glue_jobs(call: Call, place: Place) -> Iterator[Need]:
    """Glue takes the role of a job when the job is created or changed, not when it is run."""
    operation, params = call["operation"], call["params"]
    if operation in GLUE_UNBOUND:
        yield Need(f"glue:{operation}")
    elif operation == "BatchGetJobs":
        for name in params["JobNames"]:
            yield _owned("glue:BatchGetJobs", place.arn("glue", f"job/{name}"), call)
    elif operation in GLUE_JOBS:
        job = place.arn("glue", f"job/{params.get('JobName') or params['Name']}")
        yield _owned(f"glue:{operation}", job, call)
        if operation == "CreateJob":
            yield from _tagged_at_birth("glue", job, call)
        if role := params.get("Role") or params.get("JobUpdate", {}).get("Role"):
            yield _passed(role, "glue.amazonaws.com", place)
    else:
        raise Unmapped(call)


def emr_serverless(call: Call, place: Place) -> Iterator[Need]:
    operation, params, service = call["operation"], call["params"], "emr-serverless"
    application = place.arn(service, f"/applications/{params.get('applicationId', '*')}")
    if operation == "ListApplications":
        yield Need(f"{service}:ListApplications")
    elif operation == "CreateApplication":
        yield Need(f"{service}:CreateApplication", "*", tags("RequestTag", call["request_tags"]))
        yield from _tagged_at_birth(service, application, call)
    elif operation in APPLICATIONS:
        yield _owned(f"{service}:{operation}", application, call)
        if operation == "StartJobRun":
            yield from _tagged_at_birth(service, f"{application}/jobruns/*", call)
            yield _passed(params["executionRoleArn"], "emr-serverless.amazonaws.com", place)
    elif operation in ("GetJobRun", "CancelJobRun"):
        yield _owned(f"{service}:{operation}", f"{application}/jobruns/{params['jobRunId']}", call)
    elif operation in TAGS:
        yield _owned(f"{service}:{operation}", params["resourceArn"], call)
    else:
        raise Unmapped(call)


def emr_containers(call: Call, place: Place) -> Iterator[Need]:
    """StartJobRun passes no role: a condition, emr-containers:ExecutionRoleArn, limits the roles."""
    operation, params, service = call["operation"], call["params"], "emr-containers"
    if operation == "ListVirtualClusters":
        yield Need(f"{service}:ListVirtualClusters")
    elif operation == "CreateVirtualCluster":
        yield Need(f"{service}:CreateVirtualCluster", "*", tags("RequestTag", call["request_tags"]))
        yield from _tagged_at_birth(service, place.arn(service, "/virtualclusters/*"), call)
    elif operation in VIRTUAL_CLUSTERS:
        cluster = place.arn(service, f"/virtualclusters/{params.get('virtualClusterId') or params['id']}")
        role = {f"{service}:executionrolearn": params["executionRoleArn"]} if operation == "StartJobRun" else {}
        yield _owned(f"{service}:{operation}", cluster, call, role)
        yield from _tagged_at_birth(service, f"{cluster}/jobruns/*", call) if role else ()
    elif operation in ("DescribeJobRun", "CancelJobRun"):
        run = place.arn(service, f"/virtualclusters/{params['virtualClusterId']}/jobruns/{params['id']}")
        yield _owned(f"{service}:{operation}", run, call)
    elif operation in TAGS:
        yield _owned(f"{service}:{operation}", params["resourceArn"], call)
    else:
        raise Unmapped(call)


def _owned(action: str, resource: str, call: Call, context: dict[str, str] | None = None) -> Need:
    """A need with the tags of the resource and those of the request."""
    owned = tags("ResourceTag", call["resource_tags"].get(resource, {}))
    return Need(action, resource, {**owned, **tags("RequestTag", call["request_tags"]), **(context or {})})


def _tagged_at_birth(service: str, resource: str, call: Call) -> Iterator[Need]:
    """Tags in a creating call need TagResource as well; the resource has no id yet."""
    if call["request_tags"]:
        yield Need(f"{service}:TagResource", resource, tags("RequestTag", call["request_tags"]))


def _passed(role: str, service: str, place: Place) -> Need:
    arn = role if role.startswith("arn:") else f"arn:aws:iam::{place.account}:role/{role}"
    return Need("iam:PassRole", arn, {"iam:passedtoservice": service})
