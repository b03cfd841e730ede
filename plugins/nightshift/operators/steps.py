"""Wait for one step, and fail with its own words unless it COMPLETED."""

from __future__ import annotations

import gzip
from typing import Any

from airflow.sdk import Context
from botocore.exceptions import ClientError

from nightshift.errors import StepFailed
from nightshift.hooks import aws
from nightshift.night import Night
from nightshift.operators.base import WaitOperator

TAIL_LINES = 40
# spark-submit in client mode sends what the Python driver says on stderr, its traceback too, to its own stdout.
STREAMS = ("stdout.gz", "stderr.gz")


class WaitForStepOperator(WaitOperator):
    """One waiting task a step, so that the graph shows which layer failed."""

    def __init__(self, *, step: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.step = step

    def work(self, night: Night, context: Context) -> Any:
        cluster_id = self.output_of(context, "wait_for_cluster")["cluster_id"]
        step_id = self.output_of(context, "submit_steps")[self.step]
        self.log.info("Waiting for step %s (%s) on %s", self.step, step_id, cluster_id)
        return self.wait(night, "step_ended", {"cluster_id": cluster_id, "step_id": step_id})

    def finish(self, night: Night, answer: dict[str, Any]) -> dict[str, Any]:
        if answer["state"] == "COMPLETED":
            return {"state": answer["state"]}
        failure = answer["failure"]
        for log in STREAMS:
            self._show_tail(failure.get("LogFile", "").replace("stderr.gz", log))
        said = failure.get("Message") or failure.get("Reason") or answer["reason"] or "EMR gives no reason"
        log = f" Its stderr: {failure['LogFile']}" if failure.get("LogFile") else ""
        raise StepFailed(f"Step {self.step} is {answer['state']}: {_last_line(said)}{log}")

    def _show_tail(self, uri: str) -> None:
        """The end of one of the step's logs into the task's log, if EMR has pushed it already."""
        if not uri.startswith("s3://"):
            return
        bucket, key = uri.removeprefix("s3://").split("/", 1)
        try:
            body = aws.client(self.settings, "s3").get_object(Bucket=bucket, Key=key)["Body"].read()
        except ClientError as missing:
            self.log.warning("%s cannot be read yet (%s); EMR pushes logs every 5 minutes.", uri, missing)
            return
        lines = gzip.decompress(body).decode(errors="replace").splitlines()
        self.log.error("The last lines of %s:\n%s", uri, "\n".join(lines[-TAIL_LINES:]))


def _last_line(text: str) -> str:
    lines = [line for line in text.strip().splitlines() if line.strip()]
    return lines[-1].strip() if lines else ""
