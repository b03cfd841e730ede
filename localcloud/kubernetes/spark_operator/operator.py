"""The operator's loop: submit new applications, follow their pods, run them again, remove the expired."""

from __future__ import annotations

import logging
import threading
import uuid

from localcloud.kubernetes.errors import ApiError, Json
from localcloud.kubernetes.events import Events
from localcloud.kubernetes.garbage import Deletion
from localcloud.kubernetes.kinds import CONFIG_MAP, CRD, POD, SERVICE
from localcloud.kubernetes.resources import MERGE_PATCH, OWN_STATUS, Patch, Resources
from localcloud.kubernetes.selectors import labels
from localcloud.kubernetes.spark_operator import application as state
from localcloud.kubernetes.spark_operator import driver
from localcloud.kubernetes.spark_operator.definition import DEFINITION, SPARK_APPLICATION
from localcloud.kubernetes.times import Clock, stamp

log = logging.getLogger(__name__)
_LOOK_SECONDS = 0.5  # times to live and retries fall due without a change
_STOP_SECONDS = 3.0


class Operator:
    """Runs the SparkApplications of all namespaces."""

    def __init__(self, resources: Resources, api: str, clock: Clock) -> None:
        """api: the URL of the API, for drivers."""
        self._resources, self._api, self._clock = resources, api, clock
        self._events = Events(resources, clock, "spark-operator")
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="spark-operator", daemon=True)

    def start(self) -> None:
        """Define the custom resource, and begin."""
        self._resources.create(CRD, "", DEFINITION)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        with self._resources.store.changed:
            self._resources.store.changed.notify_all()
        self._thread.join(_STOP_SECONDS)

    def _run(self) -> None:
        changed, seen = self._resources.store.changed, 0
        while not self._stopping.is_set():
            with changed:
                if self._resources.store.version == seen:
                    changed.wait(_LOOK_SECONDS)
                seen = self._resources.store.version
            for app in self._resources.list(SPARK_APPLICATION)[0]:
                self._reconcile(app)

    def _reconcile(self, app: Json) -> None:
        if "deletionTimestamp" in app["metadata"]:
            return
        try:
            self._step(app)
        except ApiError as error:
            # It is gone, or changed meanwhile: the next look decides anew.
            log.info("spark application %s: %s", app["metadata"]["name"], error)
        except Exception as error:
            log.exception("spark application %s could not be followed", app["metadata"]["name"])
            self._write(app, state.with_state(app.get("status") or {}, state.FAILED, f"localcloud: {error!r}"))

    def _step(self, app: Json) -> None:
        status, spec, now = app.get("status") or {}, app["spec"], self._clock()
        match state.state_of(status):
            case state.NEW:
                self._submit(app, status)
            case state.SUBMITTED | state.RUNNING | state.UNKNOWN:
                self._follow(app, status)
            case state.SUCCEEDING | state.FAILING | state.SUBMISSION_FAILED as current:
                if not state.retries(spec, status):
                    self._end(app, status, current)
                elif state.retry_due(spec, status, now):
                    self._remove_driver(app)
                    self._write(app, state.with_state(status, state.PENDING_RERUN))
            case state.PENDING_RERUN if self._driver(app) is None:
                self._submit(app, status)
            case state.COMPLETED | state.FAILED:
                self._after_end(app, status)

    def _submit(self, app: Json, status: Json) -> None:
        submission = driver.Submission(app, self._api, str(uuid.uuid4()), f"spark-{uuid.uuid4().hex}")
        made = {
            **status,
            "submissionID": submission.id,
            "driverInfo": {"podName": submission.pod_name},
            "lastSubmissionAttemptTime": stamp(self._clock()),
            "submissionAttempts": status.get("submissionAttempts", 0) + 1,
            "terminationTime": None,
            "executorState": None,
        }
        try:
            self._create(submission)
        except (ApiError, ValueError) as problem:
            self._events.warning(app, "SparkApplicationSubmissionFailed", f"failed to submit: {problem}")
            self._write(app, state.with_state(made, state.SUBMISSION_FAILED, str(problem)))
            return
        made["executionAttempts"] = status.get("executionAttempts", 0) + 1
        text = f"SparkApplication {submission.name} was submitted successfully"
        self._events.normal(app, "SparkApplicationSubmitted", text)
        self._write(app, state.with_state(made, state.SUBMITTED))

    def _create(self, submission: driver.Submission) -> None:
        """Create the driver's pod, and what it owns. The pod first: it waits for its configuration."""
        namespace = submission.app["metadata"]["namespace"]
        pod = self._resources.create(POD, namespace, driver.pod(submission))
        self._resources.create(CONFIG_MAP, namespace, driver.config_map(submission, pod))
        self._resources.create(SERVICE, namespace, driver.service(submission, pod))

    def _follow(self, app: Json, status: Json) -> None:
        made = state.observed(status, self._driver(app), self._executors(app), self._clock())
        if made == status:
            return
        self._write(app, made, only_if_unchanged=True)
        before, after = state.state_of(status), state.state_of(made)
        if before != after and after == state.RUNNING:
            self._events.normal(app, "SparkDriverRunning", f"Driver {made['driverInfo']['podName']} is running")

    def _end(self, app: Json, status: Json, current: str) -> None:
        """The end of an application that does not run again."""
        failed = current != state.SUCCEEDING
        message = (status.get("applicationState") or {}).get("errorMessage", "")
        made = state.with_state(status, state.FAILED if failed else state.COMPLETED, message)
        if not made.get("terminationTime"):
            made["terminationTime"] = stamp(self._clock())
        self._write(app, made)
        name = app["metadata"]["name"]
        if failed:
            self._events.warning(app, "SparkApplicationFailed", f"SparkApplication {name} failed: {message}")
        else:
            self._events.normal(app, "SparkApplicationCompleted", f"SparkApplication {name} completed")

    def _after_end(self, app: Json, status: Json) -> None:
        """Remove an application whose time is over; until then, note how its executors ended."""
        metadata = app["metadata"]
        if state.expired(app["spec"], status, self._clock()):
            options = Deletion(preconditions={"uid": metadata["uid"]})
            self._resources.delete(SPARK_APPLICATION, metadata["namespace"], metadata["name"], options)
            return
        seen = {pod["metadata"]["name"]: state.pod_state(pod) for pod in self._executors(app)}
        known = status.get("executorState") or {}
        after = {**state.after_driver(known, seen), **seen}
        if after != known:
            self._write(app, {**status, "executorState": after})

    def _driver(self, app: Json) -> Json | None:
        """The driver's pod of this application; None when there is none."""
        name = ((app.get("status") or {}).get("driverInfo") or {}).get("podName", "")
        found = self._resources.find(POD, app["metadata"]["namespace"], name)
        uid = app["metadata"]["uid"]
        owners = (found or {"metadata": {}})["metadata"].get("ownerReferences") or []
        return found if any(one["uid"] == uid for one in owners) else None

    def _executors(self, app: Json) -> list[Json]:
        submission = (app.get("status") or {}).get("submissionID", "")
        wanted = f"spark-role=executor,sparkoperator.k8s.io/submission-id={submission}"
        return self._resources.list(POD, app["metadata"]["namespace"], labels(wanted))[0]

    def _remove_driver(self, app: Json) -> None:
        if found := self._driver(app):
            metadata = found["metadata"]
            self._resources.delete(POD, metadata["namespace"], metadata["name"], Deletion(0))

    def _write(self, app: Json, status: Json, *, only_if_unchanged: bool = False) -> None:
        """Write the status. Raises ApiError if the application is another one, or (`only_if_unchanged`) was written to
        since it was read."""
        names = ("uid", "resourceVersion") if only_if_unchanged else ("uid",)
        body = {"metadata": {name: app["metadata"][name] for name in names}, "status": status}
        metadata = app["metadata"]
        self._resources.patch(
            *(SPARK_APPLICATION, metadata["namespace"], metadata["name"]),
            Patch(MERGE_PATCH, body),
            OWN_STATUS,
        )
