"""Brings a night's record, its step logs and its gold from S3 to the user's disk."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from embedded.cloud import clients
from embedded.terminal import tables
from nightshift.pipelines import BACKFILLS, PIPELINES
from tools import paths

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Record = dict[str, Any]
ABSENT = {"404", "NoSuchKey", "NoSuchBucket"}

DATED = "business_date="


@dataclass(frozen=True)
class Kept:
    """A night as it was kept: the record (None if the night ended before it could write one) and its folder."""

    record: Record | None
    folder: Path

    def gold(self, table: str) -> list[Path]:
        """The Parquet files of one gold table, in order."""
        return sorted((self.folder / "gold" / table).glob("*.parquet"))


def keep(env: Mapping[str, str], dag_id: str, run_id: str, runs: Path = paths.RUNS) -> Kept:
    """Copy record.json, logs (gunzipped) and gold into runs/<dag>/<slug>/; nothing of it need be there."""
    slug = re.sub(r"[^A-Za-z0-9._-]", "-", run_id)
    folder = runs / dag_id / slug
    folder.mkdir(parents=True, exist_ok=True)
    s3 = clients.s3(env)
    name, key = env["NIGHTSHIFT_NAME"], f"runs/{dag_id}/{slug}/record.json"
    # A night that ended before there was a lake has its record beside terraform's state.
    record = _record(s3, f"{name}-lake", key) or _record(s3, f"{name}-state", key)
    if record:
        (folder / "record.json").write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n")
        for step in record["steps"]:
            _logs(s3, step["log_uri"], folder / "logs" / step["name"])
        for gold in record["gold"]:
            _copy(s3, gold["uri"], _gold_folder(folder, record, gold))
    return Kept(record, folder)


def export(kept: Kept, target: Path, form: str = "parquet") -> list[Path]:
    """Write gold to target/<table>/<business_date>.<form> (parquet, csv or xlsx), every day that the run published,
    whole files only; gives the paths written."""
    if not kept.record:
        return []
    own, written = kept.record["business_date"], []
    for table in dict.fromkeys(gold["table"] for gold in kept.record["gold"]):
        folder = target / table
        folder.mkdir(parents=True, exist_ok=True)
        home, notes = kept.folder / "gold" / table, _notes(kept.record["pipeline"], table)
        for file in sorted([*home.glob("*.parquet"), *home.glob(f"{DATED}*/*.parquet")]):
            day = own if file.parent == home else file.parent.name.removeprefix(DATED)
            partial = folder / f".{day}.partial.{form}"
            tables.write(file, partial, notes)
            written.append(partial.replace(folder / f"{day}.{form}"))
    return written


def _notes(pipeline: str, table: str) -> Mapping[str, str]:
    """What the columns of a gold table mean, by the contract; nothing for a table that it does not have (any more)."""
    of = (PIPELINES | BACKFILLS).get(pipeline)
    return next((gold.notes for gold in of.gold if gold.name == table), {}) if of else {}


def _gold_folder(folder: Path, record: Record, gold: Mapping[str, Any]) -> Path:
    """A folder a table, with a folder in it for each day that is not the run's own."""
    table, day = folder / "gold" / str(gold["table"]), str(gold["uri"]).rstrip("/").rpartition("/")[2]
    return table if day == f"{DATED}{record['business_date']}" and not record["days"] else table / day


def deliver(env: Mapping[str, str], kept: Kept, target: Path) -> list[Path]:
    """Copy the files that the night exported into a directory, whole files only; gives the paths written."""
    written = []
    for file in kept.record["exports"] if kept.record else ():
        address = urlsplit(file["uri"])
        partial = target / f".{file['file']}.partial"
        clients.s3(env).download_file(address.netloc, address.path.lstrip("/"), str(partial))
        written.append(partial.replace(target / file["file"]))
    return written


def _record(s3: S3Client, bucket: str, key: str) -> Record | None:
    try:
        record: Record = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    except ClientError as answer:
        if answer.response["Error"]["Code"] in ABSENT:
            return None
        raise
    return record


def _logs(s3: S3Client, uri: str, folder: Path) -> None:
    for name, body in _objects(s3, uri):
        folder.mkdir(parents=True, exist_ok=True)
        plain = gzip.decompress(body) if name.endswith(".gz") else body
        (folder / name.removesuffix(".gz")).write_bytes(plain)


def _copy(s3: S3Client, uri: str, folder: Path) -> None:
    for name, body in _objects(s3, uri):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(body)


def _objects(s3: S3Client, uri: str) -> Iterator[tuple[str, bytes]]:
    """(last part of the key, body) of every object under an s3:// prefix; none when the bucket is gone."""
    bucket, prefix = urlsplit(uri).netloc, urlsplit(uri).path.lstrip("/")
    if not bucket:
        return
    try:
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for item in page.get("Contents", []):
                body = s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read()
                yield item["Key"].rsplit("/", 1)[-1], body
    except s3.exceptions.NoSuchBucket:
        return
