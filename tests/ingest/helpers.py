"""What landed in the bucket, read as the jobs read it."""

from __future__ import annotations

import csv
import gzip
import io
import json
from datetime import date
from typing import Any

BUCKET = "night-raw"
DAY = date(2021, 3, 23)


def keys(s3: Any, prefix: str = "covid/2021") -> list[str]:
    return [item["Key"] for item in s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])]


def rows(s3: Any) -> list[dict[str, str]]:
    """Every row of every page that landed, in order."""
    return [row for key in keys(s3) for row in rows_of(gzip.decompress(body(s3, key)).decode())]


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def body(s3: Any, key: str) -> bytes:
    content: bytes = s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    return content


def state(s3: Any) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(body(s3, f"covid/ingest_state/{DAY}/occupation.json"))
    return told
