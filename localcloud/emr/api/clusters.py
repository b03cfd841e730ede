"""Actions on whole clusters: run, describe, list, modify, terminate."""

from __future__ import annotations

from localcloud.emr import checks, lifecycle, views
from localcloud.emr.api.session import Action, Session, page
from localcloud.emr.errors import Invalid
from localcloud.emr.model import CLOSING, Cluster, Json, Step
from localcloud.emr.pools import pools_of


def run_job_flow(session: Session, params: Json) -> Json:
    """Start a cluster. An invalid request is refused with EMR's messages; other errors come later, as in EMR."""
    checks.run_job_flow(params, session.region)
    instances = params["Instances"]
    cluster = Cluster(
        account=session.region.account,
        region=session.region.name,
        spec=params,
        created_at=session.now,
        steps=[Step(spec, session.now) for spec in params.get("Steps") or []],
        pools=pools_of(instances, session.now),
        tags={tag["Key"]: tag.get("Value", "") for tag in params.get("Tags") or []},
        keep_alive=bool(instances.get("KeepJobFlowAliveWhenNoSteps")),
        protected=bool(instances.get("TerminationProtected")),
        step_concurrency=int(params.get("StepConcurrencyLevel") or 1),
        idle_timeout_seconds=(params.get("AutoTerminationPolicy") or {}).get("IdleTimeout"),
    )
    session.region.clusters[cluster.id] = cluster
    return {"JobFlowId": cluster.id, "ClusterArn": cluster.arn}


def describe_cluster(session: Session, params: Json) -> Json:
    return {"Cluster": views.cluster(session.region.cluster(params["ClusterId"]), session.now)}


def list_clusters(session: Session, params: Json) -> Json:
    """Clusters filtered by state and creation time, fifty a page, sorted by id: the API model says "in unsorted
    order"."""
    chosen = [c for c in session.region.clusters.values() if _is_listed(c, params)]
    chosen.sort(key=lambda cluster: cluster.id)
    items, marker = page(chosen, params.get("Marker"))
    return {"Clusters": [views.cluster_summary(c, session.now) for c in items], "Marker": marker}


def _is_listed(cluster: Cluster, params: Json) -> bool:
    created = cluster.created_at.timestamp()
    states = params.get("ClusterStates")
    return (
        (not states or cluster.state in states)
        and created >= params.get("CreatedAfter", 0)
        and created <= params.get("CreatedBefore", float("inf"))
    )


def modify_cluster(session: Session, params: Json) -> Json:
    cluster = session.region.cluster(params["ClusterId"])
    if cluster.state in CLOSING:
        raise Invalid("A job flow that is shutting down, terminating, or finished may not be modified.")
    level = params.get("StepConcurrencyLevel")
    if level is not None:
        checks.step_concurrency(level)
        cluster.step_concurrency = level
    return {"StepConcurrencyLevel": cluster.step_concurrency, "ExtendedSupport": params.get("ExtendedSupport")}


def terminate_job_flows(session: Session, params: Json) -> Json:
    """Terminate clusters; a protected one refuses the whole call. A cluster that has already ended is no error."""
    clusters = [session.region.cluster(cluster_id) for cluster_id in params["JobFlowIds"]]
    if len(clusters) > 10:
        raise Invalid("Number of job flow ids exceeds the maximum of 10.")
    # Checked for all clusters first, so that no call is half done.
    if any(cluster.protected and cluster.state not in CLOSING for cluster in clusters):
        raise Invalid("Could not shut down one or more job flows since they are termination protected.")
    for cluster in clusters:
        session.engine.apply(cluster, lifecycle.terminate(cluster, lifecycle.USER_REQUEST, session.now))
    return {}


ACTIONS: dict[str, Action] = {
    "RunJobFlow": run_job_flow,
    "DescribeCluster": describe_cluster,
    "ListClusters": list_clusters,
    "ModifyCluster": modify_cluster,
    "TerminateJobFlows": terminate_job_flows,
}
