"""The gold of another pipeline that a run takes: nobody uploads it, so it must be in the lake before the run."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from botocore.exceptions import BotoCoreError, ClientError

from embedded.cloud import clients, endpoint, environment, settings
from embedded.errors import CloudError
from localcloud.credentials import Access
from nightshift.contracts.pipeline import Pipeline
from tools.errors import InputRefused


def refuse_absent(pipeline: Pipeline, days: Sequence[date]) -> None:
    """Raise InputRefused for the first of the days of which the lake has no input for a chained pipeline: the run
    would wait for it for hours, and nothing here would publish it meanwhile."""
    table, there = pipeline.after, endpoint.chosen()
    lacking = next((day for day in days if not there or not _has(there, pipeline, day)), None)
    if lacking:
        start = "" if there else "start one that stays with ./nightshift cloud up, "
        raise InputRefused(
            f"There is no gold {table} of {lacking} in {'this' if there else 'any'} cloud here: {start}run"
            f" {table.partition('.')[0]} for that date on it (./nightshift run {table.partition('.')[0]} --date"
            f" {lacking}), then this."
        )


def _has(access: Access, pipeline: Pipeline, day: date) -> bool:
    """Whether the partition has an object. Raises CloudError."""
    bucket = settings.load({**environment.waits(), **environment.without_password()}).bucket("lake")
    s3 = clients.s3(environment.aws(access))
    try:
        listed = s3.list_objects_v2(Bucket=bucket, Prefix=pipeline.input_prefix_of(day), MaxKeys=1)
    except s3.exceptions.NoSuchBucket:
        return False
    except (BotoCoreError, ClientError) as refused:
        raise CloudError(f"The bucket {bucket} of {access.endpoint} cannot be read: {refused}") from refused
    return bool(listed["KeyCount"])
