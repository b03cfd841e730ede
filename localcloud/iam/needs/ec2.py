"""Permissions of Amazon EC2 calls; tags in a creating call need CreateTags as well."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from localcloud.iam.needs.common import Call, Place, Unmapped, tags, with_key
from localcloud.iam.policies import Need

RULES = re.compile(r"^(Authorize|Revoke)SecurityGroup(Ingress|Egress)$")
EC2_UNBOUND = re.compile(r"^Describe(?!VpcAttribute|InstanceAttribute)\w+$")
EC2_INSTANCES = {"RunInstances", "DescribeInstanceAttribute", "ModifyInstanceAttribute", "TerminateInstances"}
INSTANCE = re.compile(r"^InstanceId(\.\d+)?$")
TAG_OF_LAUNCH = re.compile(r"^TagSpecification\.(\d+)\.Tag\.(\d+)\.Key$")
GROUP_OF_LAUNCH = re.compile(r"^(NetworkInterface\.\d+\.)?SecurityGroupId\.\d+$")
SUBNET_OF_LAUNCH = re.compile(r"^(NetworkInterface\.\d+\.)?SubnetId$")
PROFILE_OF_LAUNCH = re.compile(r"^IamInstanceProfile\.(Name|Arn)$")
KEY_OF_LAUNCH = re.compile(r"^BlockDeviceMapping\.\d+\.Ebs\.KmsKeyId$")


def ec2(call: Call, place: Place) -> Iterator[Need]:
    operation, params = call["operation"], call["params"]
    asked, born = f"ec2:{operation}", tags("RequestTag", call["request_tags"])
    if operation == "DescribeVpcAttribute":
        yield _tagged(asked, "vpc", params["VpcId"], call, place)
    elif EC2_UNBOUND.match(operation):
        yield Need(asked)
    elif operation == "CreateSecurityGroup":
        yield Need(asked, place.arn("ec2", "security-group/*"), born)
        yield _tagged(asked, "vpc", params["VpcId"], call, place)
        yield from _tag_at_birth("security-group/*", call, place)
    elif operation == "DeleteSecurityGroup" or RULES.match(operation):
        yield _tagged(asked, "security-group", params["GroupId"], call, place)
        if born:
            yield Need(asked, place.arn("ec2", "security-group-rule/*"), born)
        yield from _tag_at_birth("security-group-rule/*", call, place)
    elif operation in EC2_INSTANCES:
        yield from _instances(call, place)
    elif operation in ("ImportKeyPair", "DeleteKeyPair"):
        yield Need(asked, place.arn("ec2", f"key-pair/{params['KeyName']}"), born)
        yield from _tag_at_birth(f"key-pair/{params['KeyName']}", call, place)
    else:
        raise Unmapped(call)


def _instances(call: Call, place: Place) -> Iterator[Need]:
    if call["operation"] == "RunInstances":
        yield from _run_instances(call, place)
    for instance in _named(call["params"], INSTANCE):
        yield _tagged(f"ec2:{call['operation']}", "instance", instance, call, place)


def _run_instances(call: Call, place: Place) -> Iterator[Need]:
    """A launch needs permissions on all that it creates and uses; it also passes a role, tags, and encrypts."""
    asked, params = "ec2:RunInstances", call["params"]
    for kind in ("instance", "volume", "network-interface"):
        born = tags("RequestTag", _tags_of_launch(params, kind))
        yield Need(asked, place.arn("ec2", f"{kind}/*"), born)
        if born:
            yield Need("ec2:CreateTags", place.arn("ec2", f"{kind}/*"), {**born, "ec2:createaction": "RunInstances"})
    # A call does not say who owns an image: those in AWS's public parameters are Amazon's.
    yield Need(asked, f"arn:aws:ec2:{place.region}::image/{params['ImageId']}", {"ec2:owner": "amazon"})
    yield from (_tagged(asked, "subnet", subnet, call, place) for subnet in _named(params, SUBNET_OF_LAUNCH))
    yield from (_tagged(asked, "security-group", group, call, place) for group in _named(params, GROUP_OF_LAUNCH))
    for profile in _named(params, PROFILE_OF_LAUNCH):
        yield Need("iam:PassRole", place.role_of(profile), {"iam:passedtoservice": "ec2.amazonaws.com"})
    for key in _named(params, KEY_OF_LAUNCH):
        yield from _encrypt_a_disk(key, place)


def _encrypt_a_disk(key: str, place: Place) -> Iterator[Need]:
    """Permissions of users from the Amazon EBS User Guide, "Requirements for Amazon EBS encryption"."""
    uses = ("DescribeKey", "Decrypt", "GenerateDataKeyWithoutPlaintext", "ReEncryptFrom", "ReEncryptTo")
    yield from with_key(place, key, "ec2", *uses)
    yield Need("kms:CreateGrant", key, {"kms:grantisforawsresource": "true"})


def _tags_of_launch(params: Mapping[str, str], kind: str) -> dict[str, str]:
    """The tags that a launch request sets on one kind of resource."""
    keys = [name for name in params if (found := TAG_OF_LAUNCH.match(name)) and _kind(params, found[1]) == kind]
    return {params[name]: params[f"{name.removesuffix('Key')}Value"] for name in keys}


def _kind(params: Mapping[str, str], number: str) -> str:
    return params[f"TagSpecification.{number}.ResourceType"]


def _named(params: Mapping[str, str], pattern: re.Pattern[str]) -> list[str]:
    return [value for name, value in params.items() if pattern.match(name)]


def _tagged(action: str, kind: str, resource: str, call: Call, place: Place) -> Need:
    owned = tags("ResourceTag", call["resource_tags"].get(resource, {}))
    return Need(action, place.arn("ec2", f"{kind}/{resource}"), owned)


def _tag_at_birth(resource: str, call: Call, place: Place) -> Iterator[Need]:
    """Tags in a creating call need CreateTags as well (EC2 User Guide, "Grant permission to tag … during creation")."""
    if call["request_tags"]:
        context = {**tags("RequestTag", call["request_tags"]), "ec2:createaction": call["operation"]}
        yield Need("ec2:CreateTags", place.arn("ec2", resource), context)
