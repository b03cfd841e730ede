"""Claim the business date, so that two runs of one date never publish at once."""

from __future__ import annotations

from typing import Any

from airflow.sdk import Context

from nightshift.errors import NightshiftError
from nightshift.hooks import claims
from nightshift.night import Night
from nightshift.operators.base import WaitOperator


class ClaimDateOperator(WaitOperator):
    """Wait while another live run holds the date; take it over from a dead one. It is a setup: clearing a step claims
    the date again."""

    def work(self, night: Night, context: Context) -> Any:
        self.log.info("Claiming %s; held by %s.", night.claim_key, claims.of(night).holder() or "nobody")
        return self.wait(night, "date_claimed", {"marker": night.identity})

    def finish(self, night: Night, answer: dict[str, Any]) -> dict[str, Any]:
        claims.note_takeover(night, self.task_id, answer)
        return answer

    def overdue(self, night: Night) -> NightshiftError:
        holder = claims.of(night).holder()
        return claims.DateHeld(
            f"{night.business_date} of {night.pipeline.name} was held by {holder} for {self.wait_minutes:g} minutes.",
            f"Let that run end (or end it: ./nightshift reap --run {holder}), then clear this task with downstream.",
        )
