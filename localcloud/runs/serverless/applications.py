"""Actions on applications and tags."""

from __future__ import annotations

import re

from localcloud.runs.errors import ApiError
from localcloud.runs.model import Json, new_id
from localcloud.runs.serverless.model import RESTING, Application
from localcloud.runs.serverless.words import SERVICE, invalid, missing
from localcloud.runs.session import Action, Session, page

_TYPES = {"spark": "Spark", "hive": "Hive"}
_RELEASE = re.compile(r"emr-\d+\.\d+\.\d+(-[a-z0-9]+)?")
_PAGE = 50
_UNCHANGEABLE = ("applicationId", "clientToken")


def create_application(session: Session, params: Json) -> Json:
    """Create an application; the same token again answers with the same one."""
    _check(params)
    known = (app for app in session.places(Application) if not app.gone)
    app = next((app for app in known if app.spec["clientToken"] == params["clientToken"]), None)
    if app is None:
        app_id = new_id(16)
        spec = {name: value for name, value in params.items() if name != "tags"}
        tags = dict(params.get("tags") or {})
        app = Application(session.arn(SERVICE, f"/applications/{app_id}"), app_id, spec, session.now, tags)
        session.store.places[app.arn] = app
    return {"applicationId": app.id, "arn": app.arn, "name": app.spec.get("name")}


def get_application(session: Session, params: Json) -> Json:
    return {"application": shown(find(session, params["applicationId"]))}


def list_applications(session: Session, params: Json) -> Json:
    states = params.get("states")
    chosen = [app for app in session.places(Application) if not states or app.state in states]
    wrong = invalid("nextToken is not valid.")
    items, token = page(chosen, params.get("nextToken"), params.get("maxResults") or _PAGE, wrong)
    return {"applications": [{**shown(app), "id": app.id} for app in items], "nextToken": token}


def update_application(session: Session, params: Json) -> Json:
    """Change an application, which "has to be in a stopped or created state" (API reference)."""
    app = _resting(session, params["applicationId"], "updated")
    _check({**app.spec, **params})
    app.spec.update({name: value for name, value in params.items() if name not in _UNCHANGEABLE})
    app.updated_at = session.now
    return {"application": shown(app)}


def start_application(session: Session, params: Json) -> Json:
    app = find(session, params["applicationId"])
    if app.state not in ("STARTING", "STARTED"):
        _resting(session, app.id, "started").to("STARTING", session.now)
    return {}


def stop_application(session: Session, params: Json) -> Json:
    """Stop an application: "All scheduled and running jobs must be completed or cancelled before" (API reference)."""
    app = find(session, params["applicationId"])
    if any(run.ended_at is None for run in session.store.of(app)):
        raise invalid(f"Application {app.id} has job runs that have not ended: cancel them before it is stopped.")
    if app.state in ("STARTING", "STARTED"):
        app.to("STOPPING", session.now)
    elif app.state not in (*RESTING, "STOPPING"):
        raise _wrong_state(app, "stopped", ("STARTED",))
    return {}


def delete_application(session: Session, params: Json) -> Json:
    """Delete an application, which "has to be in a stopped or created state" (API reference)."""
    app = _resting(session, params["applicationId"], "deleted")
    app.deleted, app.since = True, session.now
    return {}


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


def find(session: Session, app_id: str) -> Application:
    """The application with an id. Raises ResourceNotFoundException."""
    found = session.store.places.get(session.arn(SERVICE, f"/applications/{app_id}"))
    if not isinstance(found, Application):
        raise missing(f"Application {app_id} does not exist.")
    return found


def shown(app: Application) -> Json:
    """An application as GetApplication answers it."""
    return {
        **app.spec,
        "type": _TYPES[app.spec["type"].lower()],
        "applicationId": app.id,
        "arn": app.arn,
        "state": app.state,
        "stateDetails": "",
        "createdAt": app.created_at,
        "updatedAt": app.updated_at,
        "tags": app.tags,
    }


def _check(params: Json) -> None:
    if params["type"].lower() not in _TYPES:
        raise invalid(f"Application type {params['type']} is not one of SPARK, HIVE.")
    if not _RELEASE.fullmatch(params["releaseLabel"]):
        raise invalid(f"Release label {params['releaseLabel']} is not valid.")


def _resting(session: Session, app_id: str, done: str) -> Application:
    app = find(session, app_id)
    if app.state not in RESTING or app.deleted:
        raise _wrong_state(app, done, RESTING)
    return app


def _wrong_state(app: Application, done: str, states: tuple[str, ...]) -> ApiError:
    return invalid(f"Application {app.id} is {app.state}: to be {done} it must be {' or '.join(states)}.")


def _tags(session: Session, params: Json) -> dict[str, str]:
    return session.tagged(params["resourceArn"], missing(f"Resource {params['resourceArn']} does not exist."))


ACTIONS: dict[str, Action] = {
    "CreateApplication": create_application,
    "GetApplication": get_application,
    "ListApplications": list_applications,
    "UpdateApplication": update_application,
    "StartApplication": start_application,
    "StopApplication": stop_application,
    "DeleteApplication": delete_application,
    "ListTagsForResource": list_tags,
    "TagResource": tag_resource,
    "UntagResource": untag_resource,
}
