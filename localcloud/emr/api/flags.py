"""Actions that switch one property of several clusters."""

from __future__ import annotations

from localcloud.emr.api.session import Action, Session
from localcloud.emr.model import Cluster, Json


def set_termination_protection(session: Session, params: Json) -> Json:
    for cluster in _clusters(session, params):
        cluster.protected = bool(params["TerminationProtected"])
    return {}


def set_keep_alive(session: Session, params: Json) -> Json:
    for cluster in _clusters(session, params):
        cluster.keep_alive = bool(params["KeepJobFlowAliveWhenNoSteps"])
    return {}


def set_unhealthy_node_replacement(session: Session, params: Json) -> Json:
    for cluster in _clusters(session, params):
        cluster.instances["UnhealthyNodeReplacement"] = bool(params["UnhealthyNodeReplacement"])
    return {}


def set_visible_to_all_users(session: Session, params: Json) -> Json:
    for cluster in _clusters(session, params):
        cluster.spec["VisibleToAllUsers"] = bool(params["VisibleToAllUsers"])
    return {}


def _clusters(session: Session, params: Json) -> list[Cluster]:
    return [session.region.cluster(cluster_id) for cluster_id in params["JobFlowIds"]]


ACTIONS: dict[str, Action] = {
    "SetTerminationProtection": set_termination_protection,
    "SetKeepJobFlowAliveWhenNoSteps": set_keep_alive,
    "SetUnhealthyNodeReplacement": set_unhealthy_node_replacement,
    "SetVisibleToAllUsers": set_visible_to_all_users,
}
