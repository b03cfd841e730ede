"""What calls of Amazon EC2 need; a tag given at birth is a CreateTags of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.iam.needs.common import Call, Place, Unmapped, tags
from tests.iam.policies import Need

RULES = re.compile(r"^(Authorize|Revoke)SecurityGroup(Ingress|Egress)$")
EC2_UNBOUND = re.compile(r"^Describe(?!VpcAttribute)\w+$")


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
    elif operation in ("ImportKeyPair", "DeleteKeyPair"):
        yield Need(asked, place.arn("ec2", f"key-pair/{params['KeyName']}"), born)
        yield from _tag_at_birth(f"key-pair/{params['KeyName']}", call, place)
    else:
        raise Unmapped(call)


def _tagged(action: str, kind: str, resource: str, call: Call, place: Place) -> Need:
    owned = tags("ResourceTag", call["resource_tags"].get(resource, {}))
    return Need(action, place.arn("ec2", f"{kind}/{resource}"), owned)


def _tag_at_birth(resource: str, call: Call, place: Place) -> Iterator[Need]:
    """Tags in a creating call are CreateTags as well (EC2 User Guide, "Grant permission to tag … during creation")."""
    if call["request_tags"]:
        context = {**tags("RequestTag", call["request_tags"]), "ec2:createaction": call["operation"]}
        yield Need("ec2:CreateTags", place.arn("ec2", resource), context)
