"""Permissions of IAM, KMS, SNS, SSM, STS, CloudWatch Logs, CloudTrail, MWAA and EKS calls."""

from __future__ import annotations

from collections.abc import Iterator

from localcloud.iam.needs.common import Call, Place, Unmapped, tags, with_key
from localcloud.iam.policies import Need

IAM_RESOURCES = (("RoleName", "role"), ("InstanceProfileName", "instance-profile"))
IAM = {
    *("GetRole", "GetRolePolicy", "ListRolePolicies", "ListAttachedRolePolicies", "GetInstanceProfile"),
    *("GetPolicy", "GetPolicyVersion"),
}
KMS = {"DescribeKey", "GetKeyPolicy", "GetKeyRotationStatus", "ListResourceTags"}
SSM_UNBOUND = {"GetCommandInvocation", "ListCommands", "DescribeInstanceInformation"}  # no resource-level permissions
LOG_GROUPS = {"PutRetentionPolicy", "CreateLogGroup", "CreateLogStream", "DescribeLogStreams", "FilterLogEvents"}
LOG_STREAMS = {"PutLogEvents", "GetLogEvents"}
SNS = {
    *("GetTopicAttributes", "SetTopicAttributes", "ListTagsForResource", "TagResource", "UntagResource"),
    *("Subscribe", "Publish", "ListSubscriptionsByTopic"),
}


def iam(call: Call, place: Place) -> Iterator[Need]:
    operation, params = call["operation"], call["params"]
    if operation not in IAM:
        raise Unmapped(call)
    names = [f"arn:aws:iam::{place.account}:{kind}/{params[name]}" for name, kind in IAM_RESOURCES if name in params]
    resource = params.get("PolicyArn") or names[0]
    yield Need(f"iam:{operation}", resource, tags("ResourceTag", call["resource_tags"].get(resource, {})))


def cloudtrail(call: Call, _place: Place) -> Iterator[Need]:
    if call["operation"] != "LookupEvents":
        raise Unmapped(call)
    yield Need("cloudtrail:LookupEvents")  # no resource-level permissions


def kms(call: Call, place: Place) -> Iterator[Need]:
    operation, params = call["operation"], call["params"]
    if operation == "ListAliases":  # no resource-level permissions
        yield Need("kms:ListAliases")
    elif operation in KMS:
        key = params["KeyId"]
        yield Need(f"kms:{operation}", key if key.startswith("arn:") else place.arn("kms", f"key/{key}"))
    else:
        raise Unmapped(call)


def sns(call: Call, place: Place) -> Iterator[Need]:
    operation, params = call["operation"], call["params"]
    if operation == "GetSubscriptionAttributes":  # SNS has no resource type for subscriptions
        yield Need("sns:GetSubscriptionAttributes")
        return
    if operation not in SNS:
        raise Unmapped(call)
    topic = params.get("TopicArn") or params["ResourceArn"]
    yield Need(f"sns:{operation}", topic)
    if operation == "Publish":  # SNS Developer Guide, "Enabling compatibility … encrypted topics"
        yield from with_key(place, place.topic_key(topic), "sns", "GenerateDataKey", "Decrypt")


def ssm(call: Call, place: Place) -> Iterator[Need]:
    operation, name = call["operation"], call["params"].get("Name", "")
    if operation == "GetParameter" and name.startswith("/aws/service/"):
        yield Need("ssm:GetParameter", f"arn:aws:ssm:{place.region}::parameter{name}")  # AWS's own: no account id
    elif operation == "SendCommand":
        yield from _send_command(call, place)
    elif operation in SSM_UNBOUND:
        yield Need(f"ssm:{operation}")
    else:
        raise Unmapped(call)


def _send_command(call: Call, place: Place) -> Iterator[Need]:
    """Needed on the document, which is AWS's own, on each instance, and on the output bucket."""
    params = call["params"]
    yield Need("ssm:SendCommand", f"arn:aws:ssm:{place.region}::document/{params['DocumentName']}")
    for instance in params["InstanceIds"]:
        owned = tags("ResourceTag", call["resource_tags"].get(instance, {}), "ssm")
        yield Need("ssm:SendCommand", place.arn("ec2", f"instance/{instance}"), owned)
    if bucket := params.get("OutputS3BucketName"):
        yield Need("ssm:SendCommand", f"arn:aws:s3:::{bucket}")


def sts(call: Call, _place: Place) -> Iterator[Need]:
    if call["operation"] == "AssumeRole":
        named = {"sts:rolesessionname": "RoleSessionName", "sts:externalid": "ExternalId"}
        context = {key: call["params"][name] for key, name in named.items() if name in call["params"]}
        yield Need("sts:AssumeRole", call["params"]["RoleArn"], context)
    elif call["operation"] != "GetCallerIdentity":  # "No permissions are required" (STS API reference)
        raise Unmapped(call)


def logs(call: Call, place: Place) -> Iterator[Need]:
    operation, params = call["operation"], call["params"]
    if operation == "DescribeLogGroups":
        yield Need("logs:DescribeLogGroups")
    elif operation == "ListTagsForResource":
        yield Need("logs:ListTagsForResource", params["resourceArn"])
    elif operation in LOG_GROUPS:
        yield Need(f"logs:{operation}", place.arn("logs", f"log-group:{params['logGroupName']}"))
    elif operation in LOG_STREAMS:
        stream = f"log-group:{params['logGroupName']}:log-stream:{params['logStreamName']}"
        yield Need(f"logs:{operation}", place.arn("logs", stream))
    else:
        raise Unmapped(call)


def eks(call: Call, place: Place) -> Iterator[Need]:
    """What a caller of a cluster's Kubernetes API asks EKS for."""
    operation = call["operation"]
    if operation == "ListClusters":
        yield Need("eks:ListClusters")
    elif operation == "DescribeCluster":
        cluster = place.arn("eks", f"cluster/{call['params']['name']}")
        yield Need("eks:DescribeCluster", cluster, tags("ResourceTag", call["resource_tags"]))
    else:
        raise Unmapped(call)


def mwaa(call: Call, place: Place) -> Iterator[Need]:
    """A change passes the environment's role (MWAA User Guide, "Accessing an … environment")."""
    operation, name = call["operation"], call["params"].get("Name")
    if operation not in {"GetEnvironment", "UpdateEnvironment"}:
        raise Unmapped(call)
    yield Need(f"airflow:{operation}", place.arn("airflow", f"environment/{name}"))
    if operation == "UpdateEnvironment":
        passed = {"iam:passedtoservice": "airflow.amazonaws.com"}
        yield Need("iam:PassRole", f"arn:aws:iam::{place.account}:role/{name}-airflow", passed)
