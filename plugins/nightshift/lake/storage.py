"""S3 hook of one run: publishes jobs, reads manifests, publishes gold, deletes staged data, keeps the run record."""

from __future__ import annotations

import json
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from nightshift.aws.conditional import put_if
from nightshift.failures.errors import AuditFailed

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectTypeDef

    from nightshift.lake.packaging import Driver, Package
    from nightshift.run.run_context import RunContext

LOG = logging.getLogger(__name__)
GOLD_FILE = "part-00000.parquet"
CONTRACT = "contract"  # metadata of a gold partition: the digest of the contract that made it
JOBS_FILE = "jobs.json"
DATED = "business_date="
THREADS = 8  # botocore keeps ten connections for a client


class LakeHook:
    """The buckets, by the keys of one night."""

    def __init__(self, s3: S3Client, night: RunContext) -> None:
        self._s3, self._night = s3, night
        self._lake = night.settings.bucket("lake")

    def publish_jobs(self, package: Package) -> str:
        """Upload the jobs unless their hash is there; returns their s3:// prefix. main.py goes last: if it is there,
        the upload is complete."""
        bucket, prefix = self._night.settings.bucket("artifacts"), f"jobs/{package.sha256}/"
        if not self._exists(bucket, f"{prefix}main.py"):
            for name, content in package.files.items():
                self._s3.put_object(Bucket=bucket, Key=f"{prefix}{name}", Body=content)
            LOG.info("Published the jobs as s3://%s/%s", bucket, prefix)
        return f"s3://{bucket}/{prefix}"

    def publish_drivers(self, drivers: Iterable[Driver]) -> list[str]:
        """Upload each JDBC driver under its hash unless it is there; returns their s3:// addresses."""
        bucket = self._night.settings.bucket("artifacts")
        keys = {f"jdbc/{driver.sha256}/{driver.name}": driver.content for driver in drivers}
        for key, content in keys.items():
            if not self._exists(bucket, key):
                self._s3.put_object(Bucket=bucket, Key=key, Body=content)
        return [f"s3://{bucket}/{key}" for key in keys]

    def publish_certificates(self, make: Callable[[], bytes]) -> None:
        """Upload the PEM zip for the cluster's in-transit encryption unless it is there: nodes that join later must
        trust the running ones. It is deleted with the staged data."""
        if not self._exists(self._lake, self._night.certificates_key):
            put_if(self._s3, self._lake, self._night.certificates_key, make(), IfNoneMatch="*")

    def manifests(self) -> list[dict[str, Any]]:
        """The manifest of each layer, in the pipeline's order; a layer that did not end has none."""
        prefix = self._night.manifests_prefix
        existing = {item["Key"] for item in self._objects(self._lake, prefix)}
        keys = [f"{prefix}{layer}.json" for layer in self._night.pipeline.layers]
        return [self._json(self._lake, key) for key in keys if key in existing]

    def has_bronze(self) -> bool:
        """Whether bronze has read the run's business date: the lake has its rows, accepted or quarantined."""
        product, dated = self._night.pipeline.product, f"{DATED}{self._night.business_date}/"
        tables = (*self._folders(f"quarantine/{product}/bronze/"), *self._folders(f"bronze/{product}/"))
        return any(True for table in tables for _ in self._objects(self._lake, f"{table}{dated}"))

    def swap_gold(self, table: str, made_by: str = "") -> list[date]:
        """Publish one staged table, one partition per staged day; returns the days, the night's own last.

        A gold partition is one object, so S3 replaces it atomically: a reader sees the old file or the new one. It says
        by which contract the jobs made it: `made_by`, a digest. Raises AuditFailed unless exactly one Parquet file is
        staged for each day.
        """
        staged = self._staged(table)
        own = self._night.business_date
        with ThreadPoolExecutor(THREADS) as pool:  # a delivery of years has a thousand days
            list(pool.map(partial(self._swap, table, made_by), (item for item in staged.items() if item[0] != own)))
        if own in staged:
            self._swap(table, made_by, (own, staged[own]))
        return list(staged)

    def _swap(self, table: str, made_by: str, staged: tuple[date, str]) -> None:
        day, source = staged
        prefix = replace(self._night, business_date=day).gold_prefix(table)
        key = f"{prefix}{GOLD_FILE}"
        extra: Any = {"Metadata": {CONTRACT: made_by} if made_by else {}, "MetadataDirective": "REPLACE"}
        self._s3.copy({"Bucket": self._lake, "Key": source}, self._lake, key, ExtraArgs=extra)
        self._delete(item["Key"] for item in self._objects(self._lake, prefix) if item["Key"] != key)

    def clear_unpublished(self, days: Iterable[date]) -> None:
        """Delete the `_unpublished` marks of these days: their gold now matches silver (medallion.changeset)."""
        marks = f"silver/{self._night.pipeline.product}/_unpublished/{DATED}"
        self._delete(f"{marks}{day}" for day in days)

    def source(self) -> str:
        """The identity of the database whose rows the lake holds of this pipeline; '' while none is written down."""
        try:
            return str(self._json(self._lake, self._source_key)["identity"])
        except (self._s3.exceptions.NoSuchKey, self._s3.exceptions.NoSuchBucket):
            return ""

    def keep_source(self) -> None:
        """Write down the identity of the database whose rows the lake holds from now on, if the manifests have one."""
        identities = [manifest["source"] for manifest in self.manifests() if manifest.get("source")]
        if identities and identities[0] != self.source():
            body = json.dumps({"identity": identities[0], "run": self._night.run}).encode()
            self._s3.put_object(Bucket=self._lake, Key=self._source_key, Body=body)

    @property
    def _source_key(self) -> str:
        return f"silver/{self._night.pipeline.product}/_source.json"

    def deliver(self, file: str) -> str:
        """Copy one staged export to its target and return its address. It is one copy, so a reader sees the old file or
        the new one. Raises AuditFailed unless it was staged as one file."""
        source = self._single(f"{self._night.staging_prefix}exports/{file}/", "CSV")
        target = self._night.export_uri(file)
        bucket, key = target.removeprefix("s3://").split("/", 1)
        self._s3.copy({"Bucket": self._lake, "Key": source}, bucket, key)
        return target

    def sweep_staging(self) -> int:
        """Delete the run's staged data; returns the number of objects."""
        return self._delete(item["Key"] for item in self._objects(self._lake, self._night.staging_prefix))

    def forget_state(self) -> None:
        """Delete the transient state, and the lock that a dead terraform left on it, once its resources are gone. The
        bucket keeps old versions."""
        for key in (self._night.state_key, f"{self._night.state_key}.tflock"):
            self._s3.delete_object(Bucket=self._night.settings.bucket("state"), Key=key)

    def write_record(self, record: dict[str, Any]) -> str:
        """Write the run's record, replacing an earlier one; returns its s3:// address, '' while there is no bucket."""
        body = json.dumps(record, indent=1, default=str, ensure_ascii=False).encode()
        for bucket in self._night.settings.record_buckets:
            with suppress(self._s3.exceptions.NoSuchBucket):
                self._s3.put_object(Bucket=bucket, Key=self._record_key, Body=body, ContentType="application/json")
                return f"s3://{bucket}/{self._record_key}"
        return ""

    def write_jobs(self, jobs: list[dict[str, Any]]) -> None:
        """Keep what the run submits, with its arguments, in jobs.json beside the record: services forget it, each
        after its own time. `./nightshift repro` reads it."""
        body = json.dumps({"jobs": jobs}, ensure_ascii=False).encode()
        self._s3.put_object(Bucket=self._lake, Key=f"{self._night.record_prefix}{JOBS_FILE}", Body=body)

    def record(self) -> dict[str, Any]:
        """Read the run's record. Raises NoSuchKey."""
        lake, state = self._night.settings.record_buckets
        try:
            run_record: dict[str, Any] = self._json(lake, self._record_key)
        except self._s3.exceptions.NoSuchBucket:
            run_record = self._json(state, self._record_key)
        return run_record

    @property
    def _record_key(self) -> str:
        return f"{self._night.record_prefix}record.json"

    def _staged(self, table: str) -> dict[date, str]:
        """The staged file of each day, the night's own day last: once it is published, all are."""
        prefix, own = f"{self._night.staging_prefix}gold/{table}/", self._night.business_date
        keys = [item["Key"] for item in self._objects(self._lake, prefix)]
        folders = {key.removeprefix(prefix).rpartition("/")[0] for key in keys}
        dated = sorted(folder for folder in folders if folder.startswith(DATED))
        days = {date.fromisoformat(folder.removeprefix(DATED)): f"{prefix}{folder}/" for folder in dated}
        in_folder: dict[str, list[str]] = defaultdict(list)
        for key in keys:
            in_folder[f"{key.rpartition('/')[0]}/" if days else prefix].append(key)
        by_day = {
            day: self._one_of(in_folder[folder], folder, "Parquet") for day, folder in (days or {own: prefix}).items()
        }
        return {**by_day, **({own: by_day.pop(own)} if own in by_day else {})}

    def _single(self, prefix: str, kind: str) -> str:
        return self._one_of([item["Key"] for item in self._objects(self._lake, prefix)], prefix, kind)

    def _one_of(self, present: Iterable[str], prefix: str, kind: str) -> str:
        keys = [key for key in present if key.endswith(f".{kind.lower()}")]
        if len(keys) != 1:
            words = f"s3://{self._lake}/{prefix} holds {len(keys)} {kind} files, one was expected."
            raise AuditFailed(words, self._night.pipeline.contract_file)
        return keys[0]

    def _objects(self, bucket: str, prefix: str) -> Iterator[ObjectTypeDef]:
        """The objects under a prefix; none before the foundation has made the bucket."""
        with suppress(self._s3.exceptions.NoSuchBucket):
            for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
                yield from page.get("Contents", [])

    def _folders(self, prefix: str) -> Iterator[str]:
        """The prefixes of the lake one level below another; none before the foundation has made the bucket."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._lake, Prefix=prefix, Delimiter="/")
        with suppress(self._s3.exceptions.NoSuchBucket):
            yield from (folder["Prefix"] for page in pages for folder in page.get("CommonPrefixes", []))

    def _json(self, bucket: str, key: str) -> Any:
        return json.loads(self._s3.get_object(Bucket=bucket, Key=key)["Body"].read())

    def _delete(self, keys: Iterator[str]) -> int:
        with ThreadPoolExecutor(THREADS) as pool:
            return len(list(pool.map(lambda key: self._s3.delete_object(Bucket=self._lake, Key=key), keys)))

    def _exists(self, bucket: str, key: str) -> bool:
        try:
            self._s3.head_object(Bucket=bucket, Key=key)
        except ClientError as answer:
            if answer.response["Error"]["Code"] in {"404", "NoSuchKey", "NotFound"}:
                return False
            raise
        return True
