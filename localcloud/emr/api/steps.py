"""Actions on steps: add, list, describe, cancel."""

from __future__ import annotations

from localcloud.emr import checks, lifecycle, views
from localcloud.emr.api.session import Action, Session, page
from localcloud.emr.errors import InvalidRequest
from localcloud.emr.model import Cluster, Json, Step

_CANCELLABLE_IDS = 256
_LISTED_IDS = 10


def add_job_flow_steps(session: Session, params: Json) -> Json:
    cluster = session.region.cluster(params["JobFlowId"])
    checks.new_steps(cluster, params["Steps"])
    steps = [Step(spec, session.now) for spec in params["Steps"]]
    cluster.steps += steps
    return {"StepIds": [step.id for step in steps]}


def list_steps(session: Session, params: Json) -> Json:
    """Steps newest first, or in the order of the requested ids; filtered by state, fifty a page."""
    cluster = session.region.cluster(params["ClusterId"])
    states, ids = params.get("StepStates"), params.get("StepIds")
    if states and ids:
        raise InvalidRequest("Cannot specify both StepStates and StepIds.")
    if ids and len(ids) > _LISTED_IDS:
        raise InvalidRequest(f"A maximum of {_LISTED_IDS} step ids may be specified.")
    chosen = [session.region.step(cluster.id, i) for i in ids] if ids else cluster.steps[::-1]
    items, marker = page([s for s in chosen if not states or s.state in states], params.get("Marker"))
    return {"Steps": [views.step(step) for step in items], "Marker": marker}


def describe_step(session: Session, params: Json) -> Json:
    return {"Step": views.step(session.region.step(params["ClusterId"], params["StepId"]))}


def cancel_steps(session: Session, params: Json) -> Json:
    """Cancel pending and running steps; for each the answer is SUBMITTED, or FAILED with the reason."""
    cluster = session.region.cluster(params["ClusterId"])
    ids = params.get("StepIds") or []
    if len(ids) > _CANCELLABLE_IDS:
        raise InvalidRequest(f"A maximum of {_CANCELLABLE_IDS} steps may be cancelled in one request.")
    steps = [session.region.step(cluster.id, step_id) for step_id in ids]
    return {"CancelStepsInfoList": [_cancel(session, cluster, step) for step in steps]}


def _cancel(session: Session, cluster: Cluster, step: Step) -> Json:
    try:
        effects = lifecycle.cancel_step(step, session.now)
    except ValueError:
        return {"StepId": step.id, "Status": "FAILED", "Reason": f"Cannot cancel a step that is {step.state}."}
    session.engine.apply(cluster, effects)
    return {"StepId": step.id, "Status": "SUBMITTED"}


ACTIONS: dict[str, Action] = {
    "AddJobFlowSteps": add_job_flow_steps,
    "ListSteps": list_steps,
    "DescribeStep": describe_step,
    "CancelSteps": cancel_steps,
}
