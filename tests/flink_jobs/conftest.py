"""Nights of both engines as EMR would run their steps: real processes, on an S3 in this process."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pyarrow.parquet as pq
import pytest
from moto import mock_aws

from localcloud.credentials import Access, Credentials
from localcloud.steps import StepRequest, StepRunner, StepSettings
from nightshift.config import Settings
from nightshift.lake import packaging
from nightshift.lake.storage import LakeHook
from nightshift.pipelines import FOLDERS
from nightshift.run import run_context
from nightshift.run.run_context import RunContext
from tests.nightshift.emr import emr_steps
from wordcount.definition import PIPELINE as WORDCOUNT

SETTINGS = Settings(name="acme-night")
ASKED_AT = datetime(2026, 1, 5, 3, 0, tzinfo=UTC)
SHARED_DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


@dataclass(frozen=True)
class Played:
    """What the steps of one night left in the lake."""

    s3: Any
    night: RunContext

    def objects(self, prefix: str) -> dict[str, bytes]:
        bucket = self.night.settings.bucket("lake")
        found = self.s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
        return {o["Key"]: self.s3.get_object(Bucket=bucket, Key=o["Key"])["Body"].read() for o in found}

    @property
    def gold(self) -> Any:
        (file,) = [b for k, b in self.objects(f"{self.night.staging_prefix}gold/").items() if k.endswith(".parquet")]
        return pq.read_table(io.BytesIO(file))

    @property
    def quarantine(self) -> list[dict[str, Any]]:
        files = [b for k, b in self.objects("quarantine/wordcount/bronze/lines/").items() if k.endswith(".parquet")]
        rows = [row for file in files for row in pq.read_table(io.BytesIO(file)).to_pylist()]
        return sorted(rows, key=lambda row: (row["source_file"], row["line"]))

    @property
    def manifests(self) -> dict[str, Any]:
        found = self.objects(f"{self.night.record_prefix}manifests/").values()
        return {manifest["layer"]: manifest for manifest in map(json.loads, found)}


Play = Callable[..., Played]


@pytest.fixture
def play(flink_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Play]:
    """Play the steps of a night of wordcount: its engine, its texts by name, its encoding."""
    for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(key, "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        s3 = boto3.client("s3", region_name="us-east-1")
        for kind in ("raw", "lake", "artifacts", "logs"):
            s3.create_bucket(Bucket=SETTINGS.bucket(kind))
        runner = StepRunner(tmp_path / "work", settings=StepSettings(cores=2, flink_home=flink_home))
        yield lambda engine, texts, encoding="utf-8": _played(s3, runner, engine, texts, encoding)
        runner.close()


def _played(s3: Any, runner: StepRunner, engine: str, texts: dict[str, bytes], encoding: str) -> Played:
    params = {"encoding": encoding, "engine": engine}
    tonight = run_context.from_run(SETTINGS, WORDCOUNT, f"manual__{engine}", ASKED_AT, params)
    for name, content in texts.items():
        s3.put_object(Bucket=SETTINGS.bucket("raw"), Key=f"{tonight.input_prefix}{name}", Body=content)
    jobs = packaging.package(SETTINGS.jobs_dir, SETTINGS.time_limit_script, SETTINGS.flink_dir, pipelines=FOLDERS)
    for number, step in enumerate(emr_steps(tonight, LakeHook(s3, tonight).publish_jobs(jobs))):
        outcome = runner.run(_request(engine, number, step["HadoopJarStep"]))
        assert outcome.exit_code == 0, f"{step['Name']}: {outcome.message}"
    return Played(s3, tonight)


def _request(engine: str, number: int, program: dict[str, Any]) -> StepRequest:
    return StepRequest(
        account="123456789012",
        region="us-east-1",
        access=Access("http://127.0.0.1:9", Credentials("test", "test")),
        cluster_id=f"j-{engine}",
        step_id=f"s-{number}",
        jar=program["Jar"],
        args=tuple(program["Args"]),
        log_uri=None,
        spark_defaults={},
    )
