"""Actions on job definitions and their tags."""

from __future__ import annotations

from localcloud.runs.errors import ApiError
from localcloud.runs.glue.model import Job
from localcloud.runs.glue.words import DPUS, capacity, invalid, timeout_minutes, version
from localcloud.runs.model import Json
from localcloud.runs.session import Action, Session, page

_PAGE = 100
_CLASSES = ("FLEX", "STANDARD")
_LEAST_WORKERS = 2  # a driver and an executor


def create_job(session: Session, params: Json) -> Json:
    """Create a job; the same request again is answered in the same way."""
    _check(params)
    arn = session.arn("glue", f"job/{params['Name']}")
    spec = {name: value for name, value in params.items() if name != "Tags"}
    known = session.store.places.get(arn)
    if isinstance(known, Job) and known.spec != spec:
        text = f"Job with name {params['Name']} already submitted with different configuration"
        raise ApiError("IdempotentParameterMismatchException", text)
    if known is None:
        tags = dict(params.get("Tags") or {})
        session.store.places[arn] = Job(arn, spec, session.now, session.now, tags)
    return {"Name": params["Name"]}


def update_job(session: Session, params: Json) -> Json:
    """Replace a job's definition: "The previous job definition is completely overwritten" (API reference)."""
    job = find(session, params["JobName"])
    spec = {**params["JobUpdate"], "Name": job.name}
    _check(spec)
    job.spec, job.changed_at = spec, session.now
    return {"JobName": job.name}


def get_job(session: Session, params: Json) -> Json:
    return {"Job": shown(find(session, params["JobName"]))}


def get_jobs(session: Session, params: Json) -> Json:
    items, token = page(*_paged(session.places(Job), params))
    return {"Jobs": [shown(job) for job in items], "NextToken": token}


def list_jobs(session: Session, params: Json) -> Json:
    """The names of the jobs that have all of the given tags."""
    wanted = (params.get("Tags") or {}).items()
    chosen = [job for job in session.places(Job) if wanted <= job.tags.items()]
    items, token = page(*_paged(chosen, params))
    return {"JobNames": [job.name for job in items], "NextToken": token}


def batch_get_jobs(session: Session, params: Json) -> Json:
    known = {job.name: job for job in session.places(Job)}
    names = params["JobNames"]
    found = [shown(known[name]) for name in names if name in known]
    return {"Jobs": found, "JobsNotFound": [name for name in names if name not in known]}


def delete_job(session: Session, params: Json) -> Json:
    """Delete a job and its runs; "If the job definition is not found, no exception is thrown" (API reference)."""
    arn = session.arn("glue", f"job/{params['JobName']}")
    if job := session.store.places.pop(arn, None):
        for run in session.store.of(job):
            session.engine.cancel(run)
    return {"JobName": params["JobName"]}


def get_tags(session: Session, params: Json) -> Json:
    return {"Tags": _tags(session, params)}


def tag_resource(session: Session, params: Json) -> Json:
    _tags(session, params).update(params["TagsToAdd"])
    return {}


def untag_resource(session: Session, params: Json) -> Json:
    tags = _tags(session, params)
    for key in params["TagsToRemove"]:
        tags.pop(key, None)
    return {}


def find(session: Session, name: str) -> Job:
    """The job with a name. Raises EntityNotFoundException."""
    found = session.store.places.get(session.arn("glue", f"job/{name}"))
    if not isinstance(found, Job):
        raise ApiError("EntityNotFoundException", f"Job with name: {name} not found.")
    return found


def shown(job: Job) -> Json:
    """A job as GetJob answers it, with Glue's defaults."""
    spec, dpus = job.spec, capacity(job.spec, {})
    return {
        "JobMode": "SCRIPT",
        "MaxRetries": 0,
        "ExecutionProperty": {"MaxConcurrentRuns": job.most_runs},
        **spec,
        "Timeout": timeout_minutes(spec),
        "GlueVersion": version(spec),
        "MaxCapacity": dpus,
        "AllocatedCapacity": int(dpus),
        "CreatedOn": job.created_at,
        "LastModifiedOn": job.changed_at,
    }


def check_workers(spec: Json) -> None:
    """Raise InvalidInputException for a capacity that Glue refuses. spec: of a job or of a run."""
    kind, count = spec.get("WorkerType"), spec.get("NumberOfWorkers")
    if spec.get("MaxCapacity") and (kind or count):
        raise invalid("Please do not set Max Capacity if using Worker Type and Number of Workers.")
    if bool(kind) != bool(count):
        raise invalid("Please set both Worker Type and Number of Workers.")
    if kind and kind not in DPUS:
        raise invalid(f"Worker type {kind} is not one of {', '.join(DPUS)}.")
    if count and count < _LEAST_WORKERS:
        raise invalid(f"Number of workers must be at least {_LEAST_WORKERS}.")
    if spec.get("ExecutionClass", "STANDARD") not in _CLASSES:
        raise invalid(f"ExecutionClass {spec['ExecutionClass']} is not one of {', '.join(_CLASSES)}.")


def _check(spec: Json) -> None:
    check_workers(spec)
    if not (spec.get("Command") or {}).get("Name"):
        raise invalid("Command name should not be null or empty.")
    if not spec.get("Role"):
        raise invalid("Role should not be null or empty.")


def _tags(session: Session, params: Json) -> dict[str, str]:
    missing = ApiError("EntityNotFoundException", f"Job {params['ResourceArn'].rpartition('/')[2]} not found.")
    return session.tagged(params["ResourceArn"], missing)


def _paged(jobs: list[Job], params: Json) -> tuple[list[Job], str | None, int, ApiError]:
    return jobs, params.get("NextToken"), params.get("MaxResults") or _PAGE, invalid("NextToken is not valid.")


ACTIONS: dict[str, Action] = {
    "CreateJob": create_job,
    "UpdateJob": update_job,
    "GetJob": get_job,
    "GetJobs": get_jobs,
    "ListJobs": list_jobs,
    "BatchGetJobs": batch_get_jobs,
    "DeleteJob": delete_job,
    "GetTags": get_tags,
    "TagResource": tag_resource,
    "UntagResource": untag_resource,
}
