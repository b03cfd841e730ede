"""What landed in the bucket, read as the jobs read it."""

from __future__ import annotations

import csv
import gzip
import io
import json
from typing import Any

from tests.bed_api import DAY

BUCKET = "night-raw"
SNAPSHOT = "covid/2021/03/23/occupation/data_2021-03-23.csv.gz"


def keys(s3: Any, prefix: str = "covid/2021") -> list[str]:
    return [item["Key"] for item in s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])]


def rows(s3: Any) -> list[dict[str, str]]:
    """The rows of the snapshot; none before it has landed."""
    return rows_of(gzip.decompress(body(s3, SNAPSHOT)).decode()) if keys(s3) else []


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def body(s3: Any, key: str) -> bytes:
    content: bytes = s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    return content


def state(s3: Any) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(body(s3, f"covid/ingest_state/{DAY}/occupation.json"))
    return told
