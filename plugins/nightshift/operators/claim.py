"""Claim the business date, so that two runs of one date never publish at once."""

from __future__ import annotations

from typing import Any

from airflow.sdk import Context

from nightshift.failures.errors import NightshiftError
from nightshift.operators.base import WaitOperator
from nightshift.run.run_context import RunContext
from nightshift.state import partition_locks


class ClaimDateOperator(WaitOperator):
    """Wait while another live run holds the date; take it over from a dead one. It is a setup: clearing a step claims
    the date again."""

    def work(self, night: RunContext, context: Context) -> Any:
        self.log.info("Claiming %s; held by %s.", night.claim_key, partition_locks.of(night).holder() or "nobody")
        return self.wait(night, "date_claimed", {"marker": night.identity})

    def finish(self, night: RunContext, answer: dict[str, Any]) -> dict[str, Any]:
        partition_locks.note_takeover(night, self.task_id, answer)
        return answer

    def overdue(self, night: RunContext) -> NightshiftError:
        holder = partition_locks.of(night).holder()
        return partition_locks.DateHeld(
            f"{night.business_date} of {night.pipeline.name} was held by {holder} for {self.wait_minutes:g} minutes.",
            f"Let that run end (or end it: ./nightshift reap --run {holder}, on an AWS account with --aws), then clear"
            " this task with downstream.",
        )
