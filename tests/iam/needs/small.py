"""What calls of IAM, KMS, SNS, SSM and STS need."""

from __future__ import annotations

from collections.abc import Iterator

from tests.iam.needs.common import Call, Place, Unmapped, with_key
from tests.iam.policies import Need

IAM_RESOURCES = (("RoleName", "role"), ("InstanceProfileName", "instance-profile"))
IAM = {
    *("GetRole", "GetRolePolicy", "ListRolePolicies", "ListAttachedRolePolicies", "GetInstanceProfile"),
    *("GetPolicy", "GetPolicyVersion"),
}
KMS = {"DescribeKey", "GetKeyPolicy", "GetKeyRotationStatus", "ListResourceTags"}
SNS = {
    *("GetTopicAttributes", "SetTopicAttributes", "ListTagsForResource", "TagResource", "UntagResource"),
    *("Subscribe", "Publish", "ListSubscriptionsByTopic"),
}


def iam(call: Call, place: Place) -> Iterator[Need]:
    operation, params = call["operation"], call["params"]
    if operation not in IAM:
        raise Unmapped(call)
    names = [f"arn:aws:iam::{place.account}:{kind}/{params[name]}" for name, kind in IAM_RESOURCES if name in params]
    yield Need(f"iam:{operation}", params.get("PolicyArn") or names[0])


def kms(call: Call, place: Place) -> Iterator[Need]:
    operation, params = call["operation"], call["params"]
    if operation == "ListAliases":  # knows no resource
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
    yield Need(f"sns:{operation}", params.get("TopicArn") or params["ResourceArn"])
    if operation == "Publish":  # SNS Developer Guide, "Enabling compatibility … encrypted topics"
        yield from with_key(place, place.keys.get("topic"), "sns", "GenerateDataKey", "Decrypt")


def ssm(call: Call, place: Place) -> Iterator[Need]:
    operation, name = call["operation"], call["params"].get("Name", "")
    if operation != "GetParameter" or not name.startswith("/aws/service/"):
        raise Unmapped(call)
    yield Need("ssm:GetParameter", f"arn:aws:ssm:{place.region}::parameter{name}")  # AWS's own: of no account


def sts(call: Call, _place: Place) -> Iterator[Need]:
    if call["operation"] != "GetCallerIdentity":  # "No permissions are required" (STS API reference)
        raise Unmapped(call)
    yield from ()
