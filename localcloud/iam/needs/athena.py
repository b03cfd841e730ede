"""Permissions of Athena calls, as far as stacks/analytics makes and reads a workgroup and its saved queries.

Source: Service Authorization Reference, "Actions, resources, and condition keys for Amazon Athena": its only resource
types are workgroups, data catalogs and capacity reservations, so that a saved query counts as its workgroup.
"""

from __future__ import annotations

from collections.abc import Iterator

from localcloud.iam.needs.common import Call, Place, Unmapped, tags
from localcloud.iam.policies import Need

GROUPS = {"CreateWorkGroup", "GetWorkGroup", "UpdateWorkGroup", "DeleteWorkGroup"}
QUERIES = {"CreateNamedQuery", "GetNamedQuery", "UpdateNamedQuery", "DeleteNamedQuery"}
TAGS = {"ListTagsForResource", "TagResource", "UntagResource"}
DEFAULT = "primary"  # the workgroup of a call that names none


def athena(call: Call, place: Place) -> Iterator[Need]:
    operation, params = call["operation"], call["params"]
    if operation in GROUPS:
        group = place.arn("athena", f"workgroup/{params.get('Name') or params['WorkGroup']}")
    elif operation in TAGS:
        group = params["ResourceARN"]
    elif operation in QUERIES:
        named = params.get("WorkGroup") or place.workgroup_of(params.get("NamedQueryId", ""))
        group = place.arn("athena", f"workgroup/{named or DEFAULT}")
    else:
        raise Unmapped(call)
    owned = tags("ResourceTag", call["resource_tags"].get(group, {}))
    yield Need(f"athena:{operation}", group, {**owned, **tags("RequestTag", call["request_tags"])})
    if call["request_tags"] and operation == "CreateWorkGroup":
        yield Need("athena:TagResource", group, tags("RequestTag", call["request_tags"]))
