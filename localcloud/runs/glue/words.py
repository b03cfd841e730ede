"""The words of Glue's job runs, and what a job's settings mean."""

from __future__ import annotations

from localcloud.runs.errors import ApiError
from localcloud.runs.model import Json, Words

# Data processing units of one worker (Glue Developer Guide, "Worker types").
DPUS = {
    "G.025X": 0.25,
    **dict.fromkeys(("Standard", "G.1X", "R.1X"), 1.0),
    **dict.fromkeys(("G.2X", "R.2X", "Z.2X"), 2.0),
    **dict.fromkeys(("G.4X", "R.4X"), 4.0),
    **dict.fromkeys(("G.8X", "R.8X"), 8.0),
    "G.12X": 12.0,
    "G.16X": 16.0,
}
_DEFAULT_DPUS = 10.0
_SHOWN = 1000  # characters of a run's ErrorMessage

WORDS = Words(
    waiting=("STARTING",),
    running="RUNNING",
    succeeded="SUCCEEDED",
    failed="FAILED",
    stopping="STOPPING",
    stopped="STOPPED",
    timed_out="TIMEOUT",
    stopped_text="",
    timed_out_text=lambda seconds: f"Job run exceeded its timeout of {seconds / 60:g} minutes.",
    failed_text=lambda _, lines: f"Error Category: UNCLASSIFIED_ERROR; {(lines.splitlines() or [''])[-1]}"[:_SHOWN],
    untrusted_text="Role {role} should be given assume role permissions for Glue Service.",
)


def invalid(text: str) -> ApiError:
    """InvalidInputException."""
    return ApiError("InvalidInputException", text)


def capacity(job: Json, run: Json) -> float:
    """The DPUs of a run: of its workers, or as MaxCapacity says. job, run: what was sent."""
    kind = run.get("WorkerType") or job.get("WorkerType")
    count = run.get("NumberOfWorkers") or job.get("NumberOfWorkers")
    if kind and count:
        return DPUS.get(kind, 1.0) * int(count)
    given = (spec.get(name) for spec in (run, job) for name in ("MaxCapacity", "AllocatedCapacity"))
    return float(next((dpus for dpus in given if dpus), _DEFAULT_DPUS))


def timeout_minutes(job: Json) -> int:
    """A job's timeout: 480 minutes from Glue 5.0 on, 2880 before (API reference, Job)."""
    default = 480 if int(version(job).partition(".")[0]) >= 5 else 2880
    return int(job.get("Timeout") or default)


def version(job: Json) -> str:
    """A job's GlueVersion; without one Glue takes 0.9."""
    return str(job.get("GlueVersion") or "0.9")
