"""Why a layer could not do its work; bad rows are never a reason, they go to quarantine.

JobError
 +- NoInputError         nothing lies where the layer should read
 +- UnknownEncodingError the encoding that was asked for does not exist
 +- BadArgumentError     an argument makes no sense to this pipeline
 +- TooMuchRefused       more of a table was refused than may be; nothing of the drop counts
 +- TakenOver            another run has begun, which took this one for dead
 +- OldLake              silver of other days is of a shape that the jobs no longer read
 +- SourceError          the database that the pipeline reads cannot be opened, or is not as the contract says
"""

from __future__ import annotations


class JobError(Exception):
    """A layer could not do its work; the message says what was tried, what came back, what to do next."""


class NoInputError(JobError):
    """Nothing lies at the URI that the layer reads."""


class UnknownEncodingError(JobError):
    """Neither Python nor the JVM knows the encoding that was asked for."""


class BadArgumentError(JobError):
    """An argument of the step makes no sense to this pipeline."""


class TooMuchRefused(JobError):
    """More of a table was refused than the run allows: what is left of it is no truth to publish."""


class TakenOver(JobError):
    """Another run has begun, which took this one for dead: what this one staged is gone."""


class OldLake(JobError):
    """Silver of other days is of a shape that the jobs no longer read; to go on would lose what it holds."""


class SourceError(JobError):
    """The database that the pipeline reads cannot be opened, or is not as the contract says."""
