"""Made-up input for yesterday, delivered where a run without parameters looks for it, once there is a bucket."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

from embedded import dates
from embedded.cloud import clients
from embedded.uploads import delivery
from embedded.uploads.inputs import Maker
from nightshift.failures.english import counted


def raw_bucket(env: Mapping[str, str]) -> datetime | None:
    """When the bucket for input was made; None while there is none, because the first night's foundation makes it."""
    wanted = f"{env['NIGHTSHIFT_NAME']}-raw"
    buckets = clients.s3(env).list_buckets()["Buckets"]
    return next((bucket["CreationDate"] for bucket in buckets if bucket["Name"] == wanted), None)


def deliver(env: Mapping[str, str], scratch: Path, makers: Mapping[str, Maker]) -> None:
    """Yesterday's files of each pipeline, as its maker (embedded.pipelines.makers) makes them up in a folder of
    `scratch`. Raises one of delivery.FAILURES."""
    day = dates.today() - timedelta(days=1)
    for pipeline, make in makers.items():
        made = make(scratch / pipeline, [day])[day]
        uploads = [(str(upload.source), upload.key) for upload in made.uploads]
        delivery.deliver(env, made.prefixes, uploads)
        print(f"Input:    {pipeline}, {day}: {counted(len(uploads), 'file')}", flush=True)
