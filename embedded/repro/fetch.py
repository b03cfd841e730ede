"""Fetches what a step was given: its jobs by their hash, and what it read, as of its start. Only reads S3.

Buckets are versioned, so what later runs replaced is still there until the lifecycle rules remove old versions.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from embedded.repro import rows
from embedded.repro.submitted import Submitted
from nightshift.lake.packaging import ARCHIVE, MAIN, TIME_LIMIT, Package
from nightshift.lake.storage import DATED, JOBS_FILE
from tools.errors import InputRefused

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

THREADS = 8
GB = 1 << 30
LAYERS = ("bronze", "silver", "gold", "quarantine")  # folders of a lake that a step may read


@dataclass(frozen=True)
class Object:
    """One version of an object."""

    bucket: str
    key: str
    version: str
    size: int


@dataclass(frozen=True)
class Cut:
    """What `--rows` keeps of the input: so many lines around one, in the file that the failure names or in each."""

    lines: int
    is_it: rows.IsIt
    file: str  # s3:// address, or '' if the failure names none

    def of(self, uri: str) -> rows.IsIt:
        """What recognises the line in this file."""
        return self.is_it if self.file in ("", uri) else lambda _number, _line: False


def jobs_of(s3: S3Client, lake: str, run: str) -> Mapping[str, Any]:
    """The jobs.json of a run `<dag>/<slug>`. Raises InputRefused."""
    uri = f"s3://{lake}/runs/{run}/{JOBS_FILE}"
    content: Mapping[str, Any] = json.loads(
        _body(s3, uri, "it is of a run in another cloud, that reached no step, or older than repro")
    )
    return content


def code(s3: S3Client, job: Submitted, folder: Path) -> None:
    """The job's program, unpacked: main.py, and a folder spark_jobs.zip, so that places in tracebacks are the same.
    Raises InputRefused where the files do not have the hash that they are named by."""
    prefix = job.entry.removesuffix(MAIN)
    files = {name: _body(s3, f"{prefix}{name}") for name in _names(s3, prefix)}
    if not {MAIN, ARCHIVE, TIME_LIMIT} <= files.keys():
        raise InputRefused(f"{prefix} lacks {MAIN} or {ARCHIVE}: the jobs' files were removed.")
    others = {name: body for name, body in files.items() if name not in (MAIN, ARCHIVE, TIME_LIMIT)}
    package = Package(files[MAIN], files[ARCHIVE], files[TIME_LIMIT], others)
    if (named := prefix.rstrip("/").rpartition("/")[2]) != package.sha256:
        raise InputRefused(f"The files of {prefix} have SHA-256 {package.sha256}, not {named}: they were changed.")
    folder.mkdir(parents=True)
    (folder / MAIN).write_bytes(package.main)
    with zipfile.ZipFile(io.BytesIO(package.archive)) as archive:
        archive.extractall(folder / ARCHIVE)
    for jar in job.jars:
        (folder / "jars").mkdir(exist_ok=True)
        (folder / "jars" / jar.rpartition("/")[2]).write_bytes(_body(s3, jar))


def prefixes(job: Submitted, jobs: Iterable[Submitted], cut: Cut | None) -> list[str]:
    """Where the step reads, as s3:// prefixes. `cut`: it begins with bronze, and reads nothing of the lake. Bronze of
    other dates is never read."""
    reads_input = "bronze" in job.layers or not any("bronze" in one.layers for one in jobs)
    input_, reference, product = (job.value(f"--{name}") for name in ("input", "reference", "pipeline"))
    given = [*([input_] if reads_input else []), *([reference] if reference else [])]
    lake = [] if cut else [f"{job.value('--lake')}/{layer}/{product}/" for layer in LAYERS]
    return [f"{uri.rstrip('/')}/" for uri in (*given, *lake)]


def as_of(s3: S3Client, uri: str, moment: datetime) -> Iterator[Object]:
    """The objects under an s3:// prefix as they were at a moment (aware). Raises InputRefused."""
    bucket, prefix = _split(uri)
    newest: dict[str, Any] = {}
    try:
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
            for item in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
                known = newest.get(item["Key"])
                if item["LastModified"] <= moment and (known is None or _is_newer(item, known)):
                    newest[item["Key"]] = item
    except (BotoCoreError, ClientError) as refused:
        raise InputRefused(f"{uri} cannot be listed: {refused}") from None
    for key, item in newest.items():
        if "Size" in item and not key.endswith("/"):  # a delete marker has none
            yield Object(bucket, key, item["VersionId"], item["Size"])


def read_by(s3: S3Client, job: Submitted, wanted: Iterable[str], moment: datetime) -> list[Object]:
    """Every object under these prefixes that the step may have read."""
    every = [item for uri in wanted for item in as_of(s3, uri, moment)]
    own = f"{DATED}{job.value('--business-date')}/"
    return [item for item in every if not item.key.startswith("bronze/") or own in item.key]


def download(s3: S3Client, objects: Iterable[Object], folder: Path, cut: Cut | None, inputs: str) -> None:
    """Write the objects to folder/<bucket>/<key>; of texts under the prefix `inputs` only what `cut` keeps. Raises
    InputRefused."""
    with ThreadPoolExecutor(THREADS) as pool:
        try:
            list(pool.map(partial(_one, s3, folder=folder, cut=cut, inputs=inputs), objects))
        except (BotoCoreError, ClientError) as refused:
            raise InputRefused(f"What the step read cannot be fetched: {refused}") from None


def _one(s3: S3Client, item: Object, folder: Path, cut: Cut | None, inputs: str) -> None:
    uri, target = f"s3://{item.bucket}/{item.key}", folder / item.bucket / item.key
    if not target.resolve().is_relative_to(folder.resolve()):
        raise InputRefused(f"{uri} would be written outside of {folder}.")
    target.parent.mkdir(parents=True, exist_ok=True)
    version = {} if item.version == "null" else {"VersionId": item.version}  # as a bucket without versions has
    body = s3.get_object(Bucket=item.bucket, Key=item.key, **version)["Body"]  # type: ignore[arg-type]
    with target.open("wb") as file:
        if cut and uri.startswith(inputs) and rows.can_be_cut(item.key):
            file.writelines(rows.around(body.iter_lines(keepends=True), cut.lines, cut.of(uri)))
        else:
            file.writelines(body.iter_chunks(1 << 20))
    body.close()


def _is_newer(item: Any, known: Any) -> bool:
    """S3 lists the versions of a key from the newest on; a delete marker of the same second counts if it is latest."""
    same = item["LastModified"] == known["LastModified"]
    return bool(item["LastModified"] > known["LastModified"] or (same and item["IsLatest"]))


def _names(s3: S3Client, uri: str) -> list[str]:
    """The names of the objects right under an s3:// prefix. Raises InputRefused."""
    bucket, prefix = _split(uri)
    try:
        items = s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
    except (BotoCoreError, ClientError) as refused:
        raise InputRefused(f"{uri} cannot be listed: {refused}") from None
    return [item["Key"].removeprefix(prefix) for item in items]


def _body(s3: S3Client, uri: str, hint: str = "") -> bytes:
    bucket, key = _split(uri)
    try:
        return s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    except (BotoCoreError, ClientError) as refused:
        raise InputRefused(f"{uri} cannot be read{f' ({hint})' if hint else ''}: {refused}") from None


def _split(uri: str) -> tuple[str, str]:
    parts = urlsplit(uri)
    return parts.netloc, parts.path.lstrip("/")
