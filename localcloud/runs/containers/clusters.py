"""Actions on virtual clusters and tags."""

from __future__ import annotations

from moto.eks.models import eks_backends

from localcloud.runs.containers.model import VirtualCluster
from localcloud.runs.containers.words import SERVICE, invalid, missing
from localcloud.runs.model import Json, new_id
from localcloud.runs.session import Action, Session, in_time, page

_PAGE = 50


def create_virtual_cluster(session: Session, params: Json) -> Json:
    """Register a namespace of an EKS cluster; the same token again answers with the same virtual cluster."""
    alive = [cluster for cluster in session.places(VirtualCluster) if cluster.state != "TERMINATED"]
    found = next((cluster for cluster in alive if cluster.spec["clientToken"] == params["clientToken"]), None)
    if found is None:
        cluster_id = new_id(25)
        spec = {name: value for name, value in params.items() if name != "tags"}
        arn = session.arn(SERVICE, f"/virtualclusters/{cluster_id}")
        found = VirtualCluster(arn, cluster_id, spec, session.now, dict(params.get("tags") or {}))
        _check(session, found, alive)
        session.store.places[arn] = found
    return {"id": found.id, "name": found.spec["name"], "arn": found.arn}


def describe_virtual_cluster(session: Session, params: Json) -> Json:
    return {"virtualCluster": shown(find(session, params["id"]))}


def list_virtual_clusters(session: Session, params: Json) -> Json:
    states, provider = params.get("states"), params.get("containerProviderId")
    chosen = [
        cluster
        for cluster in session.places(VirtualCluster)
        if (not states or cluster.state in states)
        and provider in (None, cluster.spec["containerProvider"]["id"])
        and in_time(cluster.created_at, params.get("createdAfter"), params.get("createdBefore"))
    ]
    wrong = invalid("nextToken is not valid.")
    items, token = page(chosen, params.get("nextToken"), params.get("maxResults") or _PAGE, wrong)
    return {"virtualClusters": [shown(cluster) for cluster in items], "nextToken": token}


def delete_virtual_cluster(session: Session, params: Json) -> Json:
    """Begin to delete a virtual cluster: its runs are cancelled."""
    cluster = find(session, params["id"])
    if cluster.state == "RUNNING":
        cluster.state, cluster.ending_at = "TERMINATING", session.now
        for run in session.store.of(cluster):
            session.engine.cancel(run)
    return {"id": cluster.id}


def list_tags(session: Session, params: Json) -> Json:
    return {"tags": _tags(session, params)}


def tag_resource(session: Session, params: Json) -> Json:
    _tags(session, params).update(params["tags"])
    return {}


def untag_resource(session: Session, params: Json) -> Json:
    tags = _tags(session, params)
    for key in params["tagKeys"]:
        tags.pop(key, None)
    return {}


def find(session: Session, cluster_id: str) -> VirtualCluster:
    """The virtual cluster with an id. Raises ResourceNotFoundException."""
    found = session.store.places.get(session.arn(SERVICE, f"/virtualclusters/{cluster_id}"))
    if not isinstance(found, VirtualCluster):
        raise missing(f"Virtual cluster {cluster_id} doesn't exist.")
    return found


def shown(cluster: VirtualCluster) -> Json:
    """A virtual cluster as DescribeVirtualCluster answers it."""
    return {
        **cluster.spec,
        "id": cluster.id,
        "arn": cluster.arn,
        "state": cluster.state,
        "createdAt": cluster.created_at,
        "tags": cluster.tags,
    }


def _check(session: Session, new: VirtualCluster, alive: list[VirtualCluster]) -> None:
    eks = new.spec["containerProvider"]["id"]
    if eks not in eks_backends[session.account][session.region].clusters:
        raise invalid(f"EKS cluster {eks} does not exist in this account and region.")
    for other in alive:
        if (other.spec["containerProvider"]["id"], other.namespace) == (eks, new.namespace):
            raise invalid("A virtual cluster already exists in the given namespace")


def _tags(session: Session, params: Json) -> dict[str, str]:
    return session.tagged(params["resourceArn"], missing(f"Resource {params['resourceArn']} doesn't exist."))


ACTIONS: dict[str, Action] = {
    "CreateVirtualCluster": create_virtual_cluster,
    "DescribeVirtualCluster": describe_virtual_cluster,
    "ListVirtualClusters": list_virtual_clusters,
    "DeleteVirtualCluster": delete_virtual_cluster,
    "ListTagsForResource": list_tags,
    "TagResource": tag_resource,
    "UntagResource": untag_resource,
}
