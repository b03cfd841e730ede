"""The page of a run in the lake: index.html beside its record, made from what lies there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nightshift.pages import cures, night, products
from nightshift.report import night_index
from nightshift.run import links

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from nightshift.run.run_context import RunContext

MOST_HOURS = 7 * 24  # of a presigned link (AWS, "Sharing objects with presigned URLs")


def keep(s3: S3Client, run: RunContext, record: Mapping[str, Any]) -> str:
    """Write the page, which compares the night with those before it in the index; returns the page's s3:// address.

    Raises whatever goes wrong: the caller decides that no night fails by it.
    """
    lake, index = run.settings.bucket("lake"), night_index.read(run.settings) or night_index.empty()
    html = night.html(
        record,
        products.figures(record, lambda name: _json(s3, lake, f"{run.record_prefix}{name}")),
        index["nights"].get(record["dag_id"], ()),
        place=_place(run),
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


def _place(run: RunContext) -> str:
    """Where the page's reader acts: an Airflow whose runs are copied to a disk is that of `./nightshift ui`."""
    if run.settings.conductor:
        return cures.CLI
    return cures.UI if run.settings.kept_dir else cures.AIRFLOW


def _json(s3: S3Client, lake: str, key: str) -> Any:
    try:
        return json.loads(s3.get_object(Bucket=lake, Key=key)["Body"].read())
    except s3.exceptions.NoSuchKey:
        return None
