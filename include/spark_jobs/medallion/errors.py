"""Errors that stop a layer; bad rows never do, they go to quarantine.

JobError
 +- NoInputError         the layer's input does not exist
 +- UnknownEncodingError the requested encoding does not exist
 +- BadArgumentError     an argument is invalid for this pipeline
 +- TooMuchRefused       more rows of a table were refused than allowed; the whole delivery is discarded
 +- TakenOver            another run has begun, which considered this one dead
 +- OldLake              silver of other days has a format that the jobs no longer read
 +- ScriptFailed         a user's own script failed, or did not write what the contract says
 +- SourceError          the pipeline's database cannot be opened, or does not match the contract
"""

from __future__ import annotations

import json
from datetime import date

MARK = "nightshift-failure: "  # begins the line by which a failed job states why, for Airflow


class JobError(Exception):
    """A layer failed; the message says what was tried, what came back, what to do next. `cause` is one of Airflow's
    (plugins/nightshift/failures/causes.py)."""

    cause = "data"


class NoInputError(JobError):
    """The URI that the layer reads does not exist."""

    cause = "upstream"


class UnknownEncodingError(JobError):
    """Neither Python nor the JVM knows the requested encoding."""


class BadArgumentError(JobError):
    """An argument of the step is invalid for this pipeline."""


class TooMuchRefused(JobError):
    """More rows of a table were refused than the run allows: the remaining rows must not be published."""


class TakenOver(JobError):
    """Another run has begun, which considered this one dead: it deleted what this one staged."""


class OldLake(JobError):
    """Silver of other days has a format that the jobs no longer read; to continue would lose its contents."""


class SourceError(JobError):
    """The pipeline's database cannot be opened, or does not match the contract."""

    cause = "upstream"


class ScriptFailed(JobError):
    """A user's own script ended with an error status, or did not write what the contract says."""


def last_lines(pipeline: str, business_date: date, error: JobError) -> str:
    """What a failed job prints last: a JSON line for Airflow, {"cause", "message"}, and the message for people."""
    message = f"{pipeline} {business_date}: {error}"
    return f"{MARK}{json.dumps({'cause': error.cause, 'message': message})}\n{message}"
