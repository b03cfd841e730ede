"""The tasks of a run: their ids, what they are for and where the graph shows them."""

from __future__ import annotations

from enum import StrEnum


class Task(StrEnum):
    """The id of a task. The tasks that wait for jobs have ids of their own (job)."""

    PREFLIGHT = "preflight"
    HOLD_COST = "hold_cost"  # with the setting hold_over_usd
    OPEN_STATE = "open_state"
    APPLY_FOUNDATION = "apply_foundation"
    APPLY_TRANSIENT = "apply_transient"
    PUBLISH_JOBS = "publish_jobs"
    CLAIM_DATE = "claim_date"
    CLAIM_DAYS = "claim_days"  # of a backfill
    INGEST = "ingest"
    STOP_HOST = "stop_host"
    WAIT_FOR_INPUTS = "wait_for_inputs"
    CHECK_INPUTS = "check_inputs"
    START_COMPUTE = "start_compute"
    WAIT_FOR_COMPUTE = "wait_for_compute"
    SUBMIT_JOBS = "submit_jobs"
    WAIT_FOR_DAYS = "wait_for_days"  # of a backfill
    AUDIT = "audit"
    HOLD_GOLD = "hold_gold"  # with the setting hold_over_quarantined
    PUBLISH = "publish"
    STOP_COMPUTE = "stop_compute"
    DESTROY_TRANSIENT = "destroy_transient"
    PROVE_NOTHING_LEFT = "prove_nothing_left"
    REPORT = "report"
    OUTCOME = "outcome"


class Group(StrEnum):
    """A box of the graph in Airflow's UI."""

    PREPARE = "prepare"
    INPUT = "input"
    COMPUTE = "compute"
    GOLD = "gold"
    TEARDOWN = "teardown"
    RESULT = "result"


REAPER, LEDGER = "reaper", "ledger"  # they write ledger entries like tasks
# They report the outcome and are not part of it.
REPORTING = frozenset({Task.REPORT, Task.OUTCOME, REAPER, LEDGER})
# They come after gold is published; every other task comes before.
AFTER_GOLD = frozenset({Task.STOP_COMPUTE, Task.DESTROY_TRANSIENT, Task.PROVE_NOTHING_LEFT})
# They hold terraform's lock of the foundation, or of the run's own stack.
FOUNDATION_LOCK = frozenset({Task.APPLY_FOUNDATION})
TRANSIENT_LOCK = frozenset({Task.APPLY_TRANSIENT, Task.DESTROY_TRANSIENT, REAPER})


def job(step: str) -> str:
    """The id of the task that waits for the job of a pipeline step."""
    return f"job_{step}"
