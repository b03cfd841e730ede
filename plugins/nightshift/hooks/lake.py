"""The buckets as a night uses them: jobs in, manifests out, gold swapped, staging swept, the record kept."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from nightshift.errors import AuditFailed

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectTypeDef

    from nightshift.night import Night
    from nightshift.packaging import Driver, Package

LOG = logging.getLogger(__name__)
GOLD_FILE = "part-00000.parquet"
DATED = "business_date="


class LakeHook:
    """S3 behind the names of a night."""

    def __init__(self, s3: S3Client, night: Night) -> None:
        self._s3, self._night = s3, night
        self._lake = night.settings.bucket("lake")

    def publish_jobs(self, package: Package) -> str:
        """The s3:// prefix of the jobs, uploaded unless their hash is there. main.py goes last: it is the sign."""
        bucket, prefix = self._night.settings.bucket("artifacts"), f"jobs/{package.sha256}/"
        if not self._exists(bucket, f"{prefix}main.py"):
            for name, content in package.files.items():
                self._s3.put_object(Bucket=bucket, Key=f"{prefix}{name}", Body=content)
            LOG.info("Published the jobs as s3://%s/%s", bucket, prefix)
        return f"s3://{bucket}/{prefix}"

    def publish_drivers(self, drivers: Iterable[Driver]) -> list[str]:
        """The s3:// addresses of the JDBC drivers, each under its own hash, uploaded unless it is there."""
        bucket = self._night.settings.bucket("artifacts")
        keys = {f"jdbc/{driver.sha256}/{driver.name}": driver.content for driver in drivers}
        for key, content in keys.items():
            if not self._exists(bucket, key):
                self._s3.put_object(Bucket=bucket, Key=key, Body=content)
        return [f"s3://{bucket}/{key}" for key in keys]

    def publish_certificates(self, make: Callable[[], bytes]) -> None:
        """The PEM zip that the cluster encrypts its traffic with, made unless it is there: nodes that join later must
        trust those that run. It goes when staging is swept."""
        if not self._exists(self._lake, self._night.certificates_key):
            self._s3.put_object(Bucket=self._lake, Key=self._night.certificates_key, Body=make())

    def manifests(self) -> list[dict[str, Any]]:
        """What each layer said it did, in the pipeline's order; layers that did not end are not in it."""
        prefix = self._night.manifests_prefix
        found = {item["Key"] for item in self._objects(self._lake, prefix)}
        keys = [f"{prefix}{layer}.json" for layer in self._night.pipeline.layers]
        return [self._json(self._lake, key) for key in keys if key in found]

    def swap_gold(self, table: str) -> list[date]:
        """Publish one staged table, a partition a day that was staged; gives the days, the night's own last.

        A gold partition is one object, so S3 itself makes its replacement atomic: a reader sees the old file or the
        new one. Raises AuditFailed unless exactly one Parquet file is staged for each day.
        """
        staged = self._staged(table)
        for day, source in staged.items():
            self._swap(source, replace(self._night, business_date=day).gold_prefix(table))
        return list(staged)

    def _swap(self, source: str, prefix: str) -> None:
        key = f"{prefix}{GOLD_FILE}"
        self._s3.copy({"Bucket": self._lake, "Key": source}, self._lake, key)
        self._delete(item["Key"] for item in self._objects(self._lake, prefix) if item["Key"] != key)

    def told_of(self, days: Iterable[date]) -> None:
        """Remove the marks of days whose gold was not what silver says: now it is (medallion.changeset)."""
        marks = f"silver/{self._night.pipeline.product}/_unpublished/{DATED}"
        self._delete(f"{marks}{day}" for day in days)

    def source(self) -> str:
        """Which database's rows the lake holds of the pipeline; '' while it holds none, or nobody has said."""
        try:
            return str(self._json(self._lake, self._source_key)["identity"])
        except (self._s3.exceptions.NoSuchKey, self._s3.exceptions.NoSuchBucket):
            return ""

    def keep_source(self) -> None:
        """Write down whose rows the lake holds from now on, if the run's manifests tell it."""
        told = [manifest["source"] for manifest in self.manifests() if manifest.get("source")]
        if told and told[0] != self.source():
            body = json.dumps({"identity": told[0], "run": self._night.run}).encode()
            self._s3.put_object(Bucket=self._lake, Key=self._source_key, Body=body)

    @property
    def _source_key(self) -> str:
        return f"silver/{self._night.pipeline.product}/_source.json"

    def deliver(self, file: str) -> str:
        """Copy one staged export to where the run wants it, and give its address: one copy, so a reader sees the file
        before or the file after. Raises AuditFailed unless it was staged as one file."""
        source = self._single(f"{self._night.staging_prefix}exports/{file}/", "CSV")
        target = self._night.export_uri(file)
        bucket, key = target.removeprefix("s3://").split("/", 1)
        self._s3.copy({"Bucket": self._lake, "Key": source}, bucket, key)
        return target

    def sweep_staging(self) -> int:
        """Delete what the run staged; gives how many objects went."""
        return self._delete(item["Key"] for item in self._objects(self._lake, self._night.staging_prefix))

    def forget_state(self) -> None:
        """Remove the transient state, and a lock that a dead terraform left on it, after its resources are gone; the
        bucket keeps old versions of it."""
        for key in (self._night.state_key, f"{self._night.state_key}.tflock"):
            self._s3.delete_object(Bucket=self._night.settings.bucket("state"), Key=key)

    def write_record(self, record: dict[str, Any]) -> str:
        """Keep the run's record, in place of an earlier one; gives its s3:// address, '' while there is no bucket."""
        body = json.dumps(record, indent=1, default=str, ensure_ascii=False).encode()
        for bucket in self._night.settings.record_buckets:
            with suppress(self._s3.exceptions.NoSuchBucket):
                self._s3.put_object(Bucket=bucket, Key=self._record_key, Body=body, ContentType="application/json")
                return f"s3://{bucket}/{self._record_key}"
        return ""

    def record(self) -> dict[str, Any]:
        """The run's record, as it was kept. Raises NoSuchKey."""
        lake, state = self._night.settings.record_buckets
        try:
            found: dict[str, Any] = self._json(lake, self._record_key)
        except self._s3.exceptions.NoSuchBucket:
            found = self._json(state, self._record_key)
        return found

    @property
    def _record_key(self) -> str:
        return f"{self._night.record_prefix}record.json"

    def _staged(self, table: str) -> dict[date, str]:
        """The staged file of each day, the night's own last: a reader who sees that one sees all."""
        prefix, own = f"{self._night.staging_prefix}gold/{table}/", self._night.business_date
        folders = {item["Key"].removeprefix(prefix).rpartition("/")[0] for item in self._objects(self._lake, prefix)}
        dated = sorted(folder for folder in folders if folder.startswith(DATED))
        days = {date.fromisoformat(folder.removeprefix(DATED)): f"{prefix}{folder}/" for folder in dated}
        found = {day: self._single(folder, "Parquet") for day, folder in (days or {own: prefix}).items()}
        return {**found, **({own: found.pop(own)} if own in found else {})}

    def _single(self, prefix: str, kind: str) -> str:
        keys = [i["Key"] for i in self._objects(self._lake, prefix) if i["Key"].endswith(f".{kind.lower()}")]
        if len(keys) != 1:
            raise AuditFailed(f"s3://{self._lake}/{prefix} holds {len(keys)} {kind} files, one was expected.")
        return keys[0]

    def _objects(self, bucket: str, prefix: str) -> Iterator[ObjectTypeDef]:
        """None before the foundation has made the bucket."""
        with suppress(self._s3.exceptions.NoSuchBucket):
            for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
                yield from page.get("Contents", [])

    def _json(self, bucket: str, key: str) -> Any:
        return json.loads(self._s3.get_object(Bucket=bucket, Key=key)["Body"].read())

    def _delete(self, keys: Iterator[str]) -> int:
        doomed = list(keys)
        for key in doomed:
            self._s3.delete_object(Bucket=self._lake, Key=key)
        return len(doomed)

    def _exists(self, bucket: str, key: str) -> bool:
        try:
            self._s3.head_object(Bucket=bucket, Key=key)
        except ClientError as answer:
            if answer.response["Error"]["Code"] in {"404", "NoSuchKey", "NotFound"}:
                return False
            raise
        return True
