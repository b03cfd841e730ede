"""Fetch a run's input on a transient EC2 host, and end that host."""

from __future__ import annotations

from typing import Any

from airflow.sdk import Context

from nightshift.compute import ingest_spec
from nightshift.compute.host import HostHook
from nightshift.failures.causes import Cause
from nightshift.failures.errors import IngestFailed, NightshiftError
from nightshift.failures.symptoms import AWS, cause_in
from nightshift.operators.base import NightOperator, WaitOperator
from nightshift.run.run_context import RunContext
from nightshift.run.tasks import Task

TAIL_LINES = 40
AGENT_SAYS = "failed to run commands: "  # and the exit status: the agent's line, after the command's own output


class IngestOperator(WaitOperator):
    """Run the ingestion on the host and wait until it has ended. A retry adopts the command of the earlier try; the
    program continues after what is already in S3. The XCom is {"fetched": names of routes}."""

    def work(self, night: RunContext, context: Context) -> Any:
        if not night.routes:
            self.log.info("No route is selected: nothing to fetch.")
            return {"fetched": []}
        return self.wait(night, "host_online", {"instance_id": self._host.id})

    def finish(self, night: RunContext, answer: dict[str, Any]) -> Any:
        if answer["state"] == "Online":
            command_id = self._host.adopt_or_send(night, self._jobs_uri)
            self.log.info("Command %s on host %s: %s.", command_id, self._host.id, self._named(night))
            return self.wait(night, "command_ended", {"instance_id": self._host.id, "command_id": command_id})
        if answer["state"] != "Success":
            raise self._failed(night, answer)
        for line in answer["stdout"].splitlines():
            self.log.info("%s", line)
        return {"fetched": [route.name for route in night.routes]}

    def overdue(self, night: RunContext) -> NightshiftError:
        return IngestFailed(
            f"On {self._host.id}, {self._named(night)} did not end within {self.wait_minutes:g} minutes.",
            "Check the command in Systems Manager; files that are already in S3 stay. If it is only slow, raise"
            " NIGHTSHIFT_INGEST_TIMEOUT_MINUTES.",
            cause=Cause.TIMEOUT,
        )

    def _failed(self, night: RunContext, answer: dict[str, Any]) -> NightshiftError:
        if answer["state"] == "Gone":
            return IngestFailed(f"The host {self._host.id} is {answer['said']}, and {self._named(night)} did not end.")
        spoken = [line for line in answer["stderr"].splitlines() if line.strip()]
        own = [line.strip() for line in spoken if not line.startswith(AGENT_SAYS)]
        last = own[-1] if own else f"exit status {answer['code']} without output"
        details = {
            "tail": spoken[-TAIL_LINES:],
            "tail_of": "stderr",
            "links": {"step_log": night.uri("logs", f"{ingest_spec.logs_prefix(night)}/{answer['command_id']}/")},
        }
        words = f"On {self._host.id}, {self._named(night)} ended as {answer['state']}: {last}"
        return IngestFailed(words, cause=cause_in(last, AWS), details=details)

    @property
    def _host(self) -> HostHook:
        return HostHook(self.settings, self.output_of(self._context, Task.APPLY_TRANSIENT)["ingest_instance_id"])

    @property
    def _jobs_uri(self) -> str:
        return str(self.output_of(self._context, Task.PUBLISH_JOBS)["jobs_uri"])

    def _named(self, night: RunContext) -> str:
        return f"the ingestion of {' and '.join(route.name for route in night.routes)}"


class StopHostOperator(NightOperator):
    """Terminate the host as soon as the ingestion succeeded; otherwise the teardown does."""

    def work(self, night: RunContext, context: Context) -> dict[str, Any]:
        instance_id = self.output_of(context, Task.APPLY_TRANSIENT).get("ingest_instance_id")
        if not instance_id:
            return {"stopped": None}
        HostHook(self.settings, instance_id).end()
        self.log.info("Host %s is being terminated.", instance_id)
        return {"stopped": instance_id}
