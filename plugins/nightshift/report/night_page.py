"""The page of a run in the lake: index.html beside its record, made from what lies there."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nightshift.aws.conditional import put_if
from nightshift.pages import cures, history, night, products
from nightshift.run import links

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from nightshift.run.run_context import RunContext

LOG = logging.getLogger(__name__)
TRIES = 5  # reports of one DAG may end at once: the report task's and the reaper's
MOST_HOURS = 7 * 24  # of a presigned link (AWS, "Sharing objects with presigned URLs")


def keep(s3: S3Client, run: RunContext, record: Mapping[str, Any]) -> str:
    """Write the page and put the night into the list for later pages; returns the page's s3:// address.

    Raises whatever goes wrong: the caller decides that no night fails by it.
    """
    lake = run.settings.bucket("lake")
    nights = _listed(s3, lake, run, record)
    html = night.html(
        record,
        _json(s3, lake, f"{run.record_prefix}{products.figures_file(record)}"),
        nights,
        place=cures.CLI if run.settings.conductor else cures.AIRFLOW,
        zone=run.settings.timezone,
    )
    key = f"{run.record_prefix}index.html"
    s3.put_object(Bucket=lake, Key=key, Body=html.encode(), ContentType="text/html; charset=utf-8")
    return links.page(run)


def link(s3: S3Client, run: RunContext) -> str:
    """A presigned address of the page, if a setting allows one; '' otherwise. It ends with the credentials that signed
    it, if these end first."""
    hours = min(run.settings.page_link_hours, MOST_HOURS)
    if not hours:
        return ""
    place = {"Bucket": run.settings.bucket("lake"), "Key": f"{run.record_prefix}index.html"}
    return s3.generate_presigned_url("get_object", Params=place, ExpiresIn=round(hours * 3600))


def _listed(s3: S3Client, lake: str, run: RunContext, record: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The summaries of the DAG's last nights, this one now among them: one object, so that no page lists runs."""
    key, own = f"runs/{run.pipeline.name}/nights.json", history.summary(record)
    for _ in range(TRIES):
        there, condition = _read(s3, lake, key)
        others = [known for known in there if known["slug"] != own["slug"]]
        nights = sorted([*others, own], key=lambda each: str(each["ended_at"]))[-history.MOST_NIGHTS - 1 :]
        body = json.dumps(nights, separators=(",", ":"), ensure_ascii=False).encode()
        if put_if(s3, lake, key, body, **condition):
            return nights
    LOG.warning("The list of nights was changed by others %d times in a row; this night is not in it.", TRIES)
    return nights


def _read(s3: S3Client, lake: str, key: str) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """The list and the condition under which it may be replaced."""
    try:
        there = s3.get_object(Bucket=lake, Key=key)
    except s3.exceptions.NoSuchKey:
        return [], {"IfNoneMatch": "*"}
    return json.loads(there["Body"].read()), {"IfMatch": there["ETag"]}


def _json(s3: S3Client, lake: str, key: str) -> Any:
    try:
        return json.loads(s3.get_object(Bucket=lake, Key=key)["Body"].read())
    except s3.exceptions.NoSuchKey:
        return None
