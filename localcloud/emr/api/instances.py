"""Actions on nodes: instances, instance groups, instance fleets, bootstrap actions."""

from __future__ import annotations

from localcloud.emr import nodes, views
from localcloud.emr.api.session import Action, Session
from localcloud.emr.errors import Invalid, InvalidRequest
from localcloud.emr.model import CLOSING, READY, Cluster, Json, Pool

_EXCLUSIVE = (
    "Instance fleets and instance groups are mutually exclusive. The EMR cluster specified in the request uses "
    "instance {used}. The {action} request only supports clusters that use instance {wanted}."
)


def list_instances(session: Session, params: Json) -> Json:
    """The nodes of a cluster, filtered by pool, role or state."""
    cluster = session.region.cluster(params["ClusterId"])
    roles = params.get("InstanceGroupTypes") or ([r] if (r := params.get("InstanceFleetType")) else None)
    pool = params.get("InstanceGroupId") or params.get("InstanceFleetId")
    states = params.get("InstanceStates")
    chosen = [
        node
        for node in cluster.nodes
        if (not pool or node.pool_id == pool)
        and (not roles or node.role in roles)
        and (not states or node.state in states)
    ]
    return {"Instances": [views.node(node, cluster) for node in chosen]}


def list_instance_groups(session: Session, params: Json) -> Json:
    cluster = _using_groups(session, params["ClusterId"], "ListInstanceGroups")
    return {"InstanceGroups": [views.group(pool, cluster) for pool in cluster.pools]}


def list_instance_fleets(session: Session, params: Json) -> Json:
    cluster = _using_fleets(session, params["ClusterId"], "ListInstanceFleets")
    return {"InstanceFleets": [views.fleet(pool, cluster) for pool in cluster.pools]}


def add_instance_groups(session: Session, params: Json) -> Json:
    cluster = _using_groups(session, params["JobFlowId"], "AddInstanceGroups")
    added = [Pool(spec["InstanceRole"], spec, False, session.now) for spec in params["InstanceGroups"]]
    _add(session, cluster, added)
    ids = [pool.id for pool in added]
    return {"JobFlowId": cluster.id, "ClusterArn": cluster.arn, "InstanceGroupIds": ids}


def add_instance_fleet(session: Session, params: Json) -> Json:
    cluster = _using_fleets(session, params["ClusterId"], "AddInstanceFleet")
    spec = params["InstanceFleet"]
    added = Pool(spec["InstanceFleetType"], spec, True, session.now)
    _add(session, cluster, [added])
    return {"ClusterId": cluster.id, "ClusterArn": cluster.arn, "InstanceFleetId": added.id}


def modify_instance_groups(session: Session, params: Json) -> Json:
    """Resize groups or change their configurations. Without ClusterId, the cluster is found by the group's id."""
    for change in params.get("InstanceGroups") or []:
        cluster, pool = _pool(session, params.get("ClusterId"), change["InstanceGroupId"])
        for name in ("InstanceCount", "Configurations", "ShrinkPolicy"):
            if name in change:
                pool.spec[name] = change[name]
        _resize(session, cluster, pool)
    return {}


def modify_instance_fleet(session: Session, params: Json) -> Json:
    change = params["InstanceFleet"]
    cluster, pool = _pool(session, params["ClusterId"], change["InstanceFleetId"])
    changed = {name: value for name, value in change.items() if name != "InstanceFleetId"}
    pool.spec.update(changed)
    _resize(session, cluster, pool)
    return {}


def list_bootstrap_actions(session: Session, params: Json) -> Json:
    cluster = session.region.cluster(params["ClusterId"])
    actions = [
        {
            "Name": action["Name"],
            "ScriptPath": action["ScriptBootstrapAction"]["Path"],
            "Args": action["ScriptBootstrapAction"].get("Args", []),
        }
        for action in cluster.spec.get("BootstrapActions") or []
    ]
    return {"BootstrapActions": actions}


def _add(session: Session, cluster: Cluster, pools: list[Pool]) -> None:
    if cluster.state in CLOSING:
        raise Invalid("A job flow that is shutting down, terminating, or finished may not be modified.")
    cluster.pools += pools
    for pool in pools:
        _resize(session, cluster, pool)


def _resize(session: Session, cluster: Cluster, pool: Pool) -> None:
    """Resize a pool at once; before the cluster's launch, only record the size."""
    # A cluster that has not been launched gets all its nodes at launch.
    if not cluster.launched or cluster.state in CLOSING:
        return
    try:
        nodes.launch(cluster, pool, session.now)
    except nodes.LaunchRefused as refused:
        raise Invalid(str(refused)) from refused
    if cluster.state in READY:
        pool.state = "RUNNING"
        for node in cluster.live_nodes():
            node.state, node.ready_at = "RUNNING", node.ready_at or session.now


def _pool(session: Session, cluster_id: str | None, pool_id: str) -> tuple[Cluster, Pool]:
    clusters = [session.region.cluster(cluster_id)] if cluster_id else list(session.region.clusters.values())
    for cluster in clusters:
        for pool in cluster.pools:
            if pool.id == pool_id:
                return cluster, pool
    raise InvalidRequest(f"Instance {'fleet' if pool_id.startswith('if') else 'group'} id '{pool_id}' is not valid.")


def _using_groups(session: Session, cluster_id: str, action: str) -> Cluster:
    cluster = session.region.cluster(cluster_id)
    if cluster.uses_fleets:
        raise InvalidRequest(_EXCLUSIVE.format(used="fleets", wanted="groups", action=action))
    return cluster


def _using_fleets(session: Session, cluster_id: str, action: str) -> Cluster:
    cluster = session.region.cluster(cluster_id)
    if not cluster.uses_fleets:
        raise InvalidRequest(_EXCLUSIVE.format(used="groups", wanted="fleets", action=action))
    return cluster


ACTIONS: dict[str, Action] = {
    "ListInstances": list_instances,
    "ListInstanceGroups": list_instance_groups,
    "ListInstanceFleets": list_instance_fleets,
    "AddInstanceGroups": add_instance_groups,
    "AddInstanceFleet": add_instance_fleet,
    "ModifyInstanceGroups": modify_instance_groups,
    "ModifyInstanceFleet": modify_instance_fleet,
    "ListBootstrapActions": list_bootstrap_actions,
}
