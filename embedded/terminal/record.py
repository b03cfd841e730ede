"""Brings a night's record, step logs, gold and quarantine from S3 to the user's disk."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from embedded.cloud import clients
from embedded.terminal import tables
from embedded.words import warn
from nightshift.pages import products
from nightshift.pipelines import BACKFILLS, PIPELINES
from nightshift.run.ids import slug_of
from tools import paths
from tools.errors import InputRefused

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectTypeDef

Record = dict[str, Any]
ABSENT = {"404", "NoSuchKey", "NoSuchBucket"}

DATED = "business_date="
RECORD = "record.json"
OF_EVERY_RECORD = {"dag_id", "run_id", "outcome"}


@dataclass(frozen=True)
class Kept:
    """A night as it was kept: the record (None if the night ended before it could write one) and its folder."""

    record: Record | None
    folder: Path

    def gold(self, table: str) -> list[Path]:
        """The Parquet files of one gold table, in order."""
        return sorted((self.folder / "gold" / table).glob("*.parquet"))


def keep(env: Mapping[str, str], dag_id: str, run_id: str, runs: Path = paths.RUNS) -> Kept:
    """Copy record.json, page.json, logs (gunzipped), gold and quarantine into runs/<dag>/<slug>/, whatever is there."""
    return keep_run(env, dag_id, slug_of(run_id), runs)


def keep_new(env: Mapping[str, str], runs: Path = paths.RUNS) -> Iterator[Kept]:
    """Keep every run whose record in S3 is newer than its copy on disk, or has none."""
    s3, name = clients.s3(env), env["NIGHTSHIFT_NAME"]
    for bucket in (f"{name}-lake", f"{name}-state"):
        for item in _listed(s3, bucket, "runs/"):
            parts = str(item["Key"]).split("/")
            if len(parts) == 4 and parts[-1] == RECORD and _is_new(item["LastModified"], runs / parts[1] / parts[2]):
                yield keep_run(env, parts[1], parts[2], runs)


def keep_run(env: Mapping[str, str], dag_id: str, slug: str, runs: Path = paths.RUNS) -> Kept:
    """`keep` for a run that is known by its slug."""
    folder = runs / dag_id / slug
    folder.mkdir(parents=True, exist_ok=True)
    s3 = clients.s3(env)
    name, key = env["NIGHTSHIFT_NAME"], f"runs/{dag_id}/{slug}/{RECORD}"
    # A night that ended before there was a lake has its record beside terraform's state.
    record = _json(s3, f"{name}-lake", key) or _json(s3, f"{name}-state", key)
    if record:
        _write_whole(folder / RECORD, json.dumps(record, indent=1, ensure_ascii=False) + "\n")
        beside = f"runs/{dag_id}/{slug}"
        if figures := products.figures(record, lambda file: _json(s3, f"{name}-lake", f"{beside}/{file}")):
            _write_whole(folder / products.FIGURES, json.dumps(figures, ensure_ascii=False))
        for step in record["steps"]:
            _logs(s3, step["log_uri"], folder / "logs" / step["name"])
        for gold in record["gold"]:
            _copy(s3, gold["uri"], _gold_folder(folder, record, gold))
        _quarantine(s3, f"{name}-lake", record, folder / "quarantine")
    return Kept(record, folder)


def kept_runs(runs: Path = paths.RUNS) -> list[Path]:
    """The folders of all kept runs, the newest first."""
    return sorted((folder for folder in runs.glob("*/*") if folder.is_dir()), key=_at, reverse=True)


def of_folder(folder: Path) -> Kept:
    """A run that was kept before. Raises InputRefused if its record is damaged."""
    file = folder / RECORD
    return Kept(parsed(file.read_bytes(), paths.shown(file)) if file.is_file() else None, folder)


def readable(folders: Iterable[Path]) -> Iterator[Kept]:
    """These runs, without those whose record is damaged: a warning names each."""
    for folder in folders:
        try:
            yield of_folder(folder)
        except InputRefused as damaged:
            warn(f"{damaged} It is left out.")


def parsed(content: bytes, where: str) -> Record:
    """A record out of a file or an object, which `where` names. Raises InputRefused for anything else."""
    read: Any = None
    with suppress(ValueError):
        read = json.loads(content)
    if not isinstance(read, dict) or not read.keys() >= OF_EVERY_RECORD:
        raise InputRefused(f"{where} is not the record of a run, or is damaged.")
    return read


def _write_whole(file: Path, text: str) -> None:
    """Write a file so that a copy that is killed, or a full disk, leaves none that is cut short."""
    partial = file.with_name(f".{file.name}.partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(file)


def is_called(folder: Path, name: str) -> bool:
    """Whether a kept run is meant by its path, by DAG and slug or run id, by one of them alone; every run is by ''."""
    dag_id, _, run = name.rpartition("/")
    if dag_id:
        return Path(dag_id).name == folder.parent.name and folder.name in {run, slug_of(run)}
    return name in {"", folder.name, folder.parent.name} or slug_of(name) == folder.name


def _at(folder: Path) -> float:
    file = folder / RECORD
    return (file if file.is_file() else folder).stat().st_mtime


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


def _json(s3: S3Client, bucket: str, key: str) -> Record | None:
    try:
        read: Record = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    except ClientError as answer:
        if answer.response["Error"]["Code"] in ABSENT:
            return None
        raise
    return read


def _is_new(modified: datetime, folder: Path) -> bool:
    kept = folder / RECORD
    return not kept.is_file() or kept.stat().st_mtime < modified.timestamp()


def _quarantine(s3: S3Client, bucket: str, record: Record, folder: Path) -> None:
    """The rows that the run refused, a folder a layer and table; of a backfill a folder a day in it. What an earlier
    run of the date left is not copied."""
    since = datetime.fromisoformat(record["started_at"]).replace(microsecond=0)
    days = {f"{DATED}{day}": day if record["days"] else "" for day in record["days"] or [record["business_date"]]}
    product = str(record["pipeline"]).removeprefix("backfill_")
    for item in _listed(s3, bucket, f"quarantine/{product}/"):
        layer, table, dated, *names = str(item["Key"]).split("/")[2:]
        if dated in days and names and item["Size"] and item["LastModified"] >= since:
            file = folder / layer / table / days[dated] / names[-1]
            file.parent.mkdir(parents=True, exist_ok=True)
            s3.download_file(bucket, item["Key"], str(file))


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
    for item in _listed(s3, bucket, prefix):
        body = s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read()
        yield item["Key"].rsplit("/", 1)[-1], body


def _listed(s3: S3Client, bucket: str, prefix: str) -> Iterator[ObjectTypeDef]:
    """The objects under a prefix; none when the bucket is not there."""
    try:
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            yield from page.get("Contents", [])
    except s3.exceptions.NoSuchBucket:
        return
