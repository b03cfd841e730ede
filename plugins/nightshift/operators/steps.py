"""Wait for one step and fail with the step's own error unless it COMPLETED."""

from __future__ import annotations

from typing import Any

from airflow.sdk import Context

from nightshift.aws import clients
from nightshift.compute import emr_spec
from nightshift.compute.emr import EmrHook
from nightshift.compute.steplogs import StepLogs
from nightshift.failures import steplog
from nightshift.failures.causes import Cause
from nightshift.failures.errors import ClusterError, NightshiftError, StepFailed
from nightshift.operators.base import WaitOperator
from nightshift.run import links
from nightshift.run.run_context import RunContext


class WaitForStepOperator(WaitOperator):
    """One waiting task per step, so that the graph shows which layer failed. If a step is several EMR steps, the task
    waits for the last one and reports the one that failed."""

    def __init__(self, *, step: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.step = step

    def work(self, night: RunContext, context: Context) -> Any:
        cluster_id = self.output_of(context, "wait_for_cluster")["cluster_id"]
        step_id = self.output_of(context, "submit_steps")[self.step]
        self.log.info("Waiting for step %s (%s) on %s", self.step, step_id, cluster_id)
        return self.wait(night, "step_ended", {"cluster_id": cluster_id, "step_id": step_id})

    def finish(self, night: RunContext, answer: dict[str, Any]) -> Any:
        if answer["state"] == "COMPLETED":
            return {"state": answer["state"]}
        if answer["state"] == "CANCELLED" and (culprit := self._failed_before(night, answer)):
            return self.wait(night, "step_ended", culprit)  # it has ended; this waits for its logs
        raise self._failed(night, answer) if answer["state"] == "FAILED" else self._lost(night, answer)

    def _failed_before(self, night: RunContext, answer: dict[str, Any]) -> dict[str, str] | None:
        """The failed EMR step that cancelled this one, if the step is several EMR steps."""
        emr, cluster_id = EmrHook(clients.client(self.settings, "emr")), answer["cluster_id"]
        ids = [step_id for step_id in self._parts(night) if step_id != answer["step_id"]]
        failed = (i for i in ids if emr.step(cluster_id, i)["Status"]["State"] == "FAILED")
        return next(({"cluster_id": cluster_id, "step_id": step_id} for step_id in failed), None)

    def _parts(self, night: RunContext) -> dict[str, str]:
        """The EMR steps of this step, if there are several: id -> name, in order; else empty."""
        step = next(step for step in self.pipeline.steps if step.name == self.step)
        names = emr_spec.step_names(night, step)
        submitted = self.output_of(self._context, "submit_steps") if len(names) > 1 else {}
        return {submitted[name]: name for name in names if name in submitted}

    def _failed(self, night: RunContext, answer: dict[str, Any]) -> NightshiftError:
        """The error from the step's logs, else EMR's reason; of a step without logs whose cluster ended, that end."""
        logs = StepLogs(self.settings, answer["cluster_id"], answer["step_id"]).ends()
        if not logs and answer["lost"]:
            return self._lost(night, answer)
        message, cause, details = steplog.diagnose(logs, _last_line(answer["said"]))
        details["links"] = self._links(night, answer)
        name = self._parts(night).get(answer["step_id"], self.step)
        return StepFailed(f"Step {name} is FAILED: {message}", cause=cause, details=details)

    def _lost(self, night: RunContext, answer: dict[str, Any]) -> NightshiftError:
        """The error for a step without one of its own: CANCELLED, INTERRUPTED, or its cluster ended before it."""
        words = f"Step {self.step} is {answer['state']}: {answer['lost'] or answer['said'] or 'EMR gives no reason'}."
        details = {"links": self._links(night, answer)}
        if answer["lost"]:
            return ClusterError(words, details=details)
        return StepFailed(words, cause=Cause.STOPPED, details=details)

    def _links(self, night: RunContext, answer: dict[str, Any]) -> dict[str, str]:
        cluster_id, step_id = answer["cluster_id"], answer["step_id"]
        return {"cluster": links.cluster(night, cluster_id), "step_log": links.step_log(night, cluster_id, step_id)}


def _last_line(text: str) -> str:
    lines = [line for line in text.strip().splitlines() if line.strip()]
    return lines[-1].strip() if lines else ""
