"""Actions on a cluster's tags, which are copied to its instances."""

from __future__ import annotations

from localcloud.emr import nodes
from localcloud.emr.api.session import Action, Session
from localcloud.emr.model import Json


def add_tags(session: Session, params: Json) -> Json:
    cluster = session.region.cluster(params["ResourceId"])
    added = {tag["Key"]: tag.get("Value", "") for tag in params["Tags"]}
    cluster.tags.update(added)
    nodes.tag(cluster, added, [])
    return {}


def remove_tags(session: Session, params: Json) -> Json:
    cluster = session.region.cluster(params["ResourceId"])
    for key in params["TagKeys"]:
        cluster.tags.pop(key, None)
    nodes.tag(cluster, {}, params["TagKeys"])
    return {}


ACTIONS: dict[str, Action] = {"AddTags": add_tags, "RemoveTags": remove_tags}
