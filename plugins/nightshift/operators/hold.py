"""Hold a night for a person's approval: before it costs anything, or before its gold is published."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from airflow.providers.standard.exceptions import HITLRejectException, HITLTimeoutError
from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import Context

from nightshift.config import Settings
from nightshift.failures.errors import NotApproved
from nightshift.failures.portuguese import spoken
from nightshift.operators.base import NightOperator
from nightshift.run.run_context import RunContext
from nightshift.run.tasks import Task


class HoldOperator(NightOperator, ApprovalOperator):
    """Go on at once if nothing is over its limit; else wait for Approve or Reject in Airflow's "required actions".

    The wait is in the ledger with a lease of its own, so the reaper leaves the run alone. A rejection, or no answer in
    time, fails the task, and the night is torn down as after any failure.
    """

    def __init__(self, *, settings: Settings, **kwargs: Any) -> None:
        self._held_for = timedelta(hours=settings.hold_hours)
        waiting: dict[str, Any] = {"response_timeout": self._held_for, "fail_on_reject": True}
        super().__init__(settings=settings, subject="Approval", **waiting, **kwargs)

    @property
    def limit(self) -> timedelta:
        return self._held_for

    def reason(self, night: RunContext, context: Context) -> str:
        """Why the night is held, in a sentence; '' if it is not."""
        raise NotImplementedError(f"{type(self).__name__} must implement reason")

    def work(self, night: RunContext, context: Context) -> dict[str, Any]:
        why = self.reason(night, context)
        if not why:
            return {"held": False}
        question = f"{night.pipeline.title} {night.business_date}: may it go on?"
        self.subject, self.body = (spoken(text, self.settings.language) for text in (question, why))
        self.log.warning("%s Approve or reject it within %g hours.", why, self.settings.hold_hours)
        ApprovalOperator.execute(self, context)  # raises TaskAwaitingInput
        raise AssertionError("unreachable")

    def execute_complete(self, context: Context, event: dict[str, Any]) -> Any:
        """Called by Airflow when somebody answered, or nobody in time."""
        return self._bracketed(context, lambda _night: self._answered(context, event), resumed=True)

    def _answered(self, context: Context, event: dict[str, Any]) -> dict[str, Any]:
        who = (event.get("responded_by_user") or {}).get("name") or "nobody"
        try:
            ApprovalOperator.execute_complete(self, context, event)
        except HITLRejectException:
            raise NotApproved(f"{who} rejected the night.") from None
        except HITLTimeoutError:
            raise NotApproved(f"Nobody approved the night within {self.settings.hold_hours:g} hours.") from None
        return {"held": True, "approved_by": who}


class HoldCostOperator(HoldOperator):
    """Hold a night whose estimated price is over NIGHTSHIFT_HOLD_OVER_USD."""

    def reason(self, night: RunContext, context: Context) -> str:
        estimate, limit = float(self.output_of(context, Task.PREFLIGHT)["estimate_usd"]), self.settings.hold_over_usd
        if estimate <= limit:
            return ""
        return f"{night.run} costs about ${estimate:.2f}, over NIGHTSHIFT_HOLD_OVER_USD, ${limit:.2f}."


class HoldGoldOperator(HoldOperator):
    """Hold gold of which a table quarantined more than NIGHTSHIFT_HOLD_OVER_QUARANTINED of its rows."""

    def reason(self, night: RunContext, context: Context) -> str:
        limit = self.settings.hold_over_quarantined
        over = [f"{name} {share:.1%}" for name, share in self._shares(night, context) if share > limit]
        return f"Quarantined, over NIGHTSHIFT_HOLD_OVER_QUARANTINED, {limit:.1%}: {', '.join(over)}." if over else ""

    def _shares(self, night: RunContext, context: Context) -> Iterator[tuple[str, float]]:
        """The share of quarantined rows of each layer's tables; of a backfill, of each day's."""
        days = (self.output_of(context, Task.CLAIM_DAYS) or {}).get("days", [])
        for one_day in [night.on(date.fromisoformat(day)) for day in days] or [night]:
            for manifest in self.lake(one_day).manifests():
                for table in manifest["tables"]:
                    name = f"{manifest['business_date']} {manifest['layer']}.{table['table']}"
                    yield name, table["quarantined"] / max(table["rows_in"], 1)
