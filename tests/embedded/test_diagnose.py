"""./nightshift diagnose: kept runs, records, and clusters of anybody, whose logs lie as EMR lays them."""

import gzip
import json
import os

import boto3
import pytest

from embedded import cli
from embedded.cloud import endpoint
from embedded.terminal import diagnosis, record
from embedded.terminal.record import Kept

LOGS = "s3://acme-logs/elasticmapreduce/"
OK, FAILED = (
    f"2026-01-05T03:00:09.123Z INFO Step {how} with exitCode {code} and took 20 seconds\n"
    for how, code in (("succeeded", 0), ("failed", 1))
)
SOMEBODYS = """26/01/05 03:00:01 INFO SparkContext: Running Spark version 3.5.6
Traceback (most recent call last):
  File "/mnt/tmp/spark-1/etl.py", line 41, in <module>
    frame = load(spark)
  File "/mnt/tmp/spark-1/etl.py", line 12, in load
    return spark.read.parquet("s3://acme-raw/sales/")
  File "/usr/lib/spark/python/lib/pyspark.zip/pyspark/sql/readwriter.py", line 544, in parquet
pyspark.errors.exceptions.captured.AnalysisException: [PATH_NOT_FOUND] Path does not exist: s3://acme-raw/sales/.
26/01/05 03:00:02 INFO ShutdownHookManager: Shutdown hook called
"""
IN_CLUSTER_MODE = """26/01/05 03:00:02 INFO Client: Application report for application_1767_0003 (state: FINISHED)
Exception in thread "main" org.apache.spark.SparkException: Application application_1767_0003 failed
"""
OBJECTS = {
    "j-CLIENT/steps/s-1/controller": OK,
    "j-CLIENT/steps/s-1/stderr": "Exception was handled\n",
    "j-CLIENT/steps/s-2/controller": FAILED,
    "j-CLIENT/steps/s-2/stderr": SOMEBODYS,
    "j-CLUSTERMODE/steps/s-9/controller": FAILED,
    "j-CLUSTERMODE/steps/s-9/stderr": IN_CLUSTER_MODE,
    "j-CLUSTERMODE/containers/application_1767_0003/container_1767_0003_01_000001/stderr": SOMEBODYS,
    "j-CLUSTERMODE/containers/application_1767_0003/container_1767_0003_01_000002/stderr": "an executor\n",
    "j-BOOT/node/i-07/bootstrap-actions/1/stderr": "pip: command not found\n",
    "j-BOOT/node/i-07/daemons/instance-state/x.log": "",
    "j-FINE/steps/s-1/controller": OK,
}


@pytest.fixture
def cloud(s3_endpoint, monkeypatch):
    """moto's EMR has none of these clusters, like EMR two months after they ended."""
    for name, value in {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_endpoint)
    s3 = boto3.client("s3", endpoint_url=s3_endpoint, region_name="us-east-1")
    s3.create_bucket(Bucket="acme-logs")
    for key, text in OBJECTS.items():
        s3.put_object(Bucket="acme-logs", Key=f"elasticmapreduce/{key}.gz", Body=gzip.compress(text.encode()))
    return s3


@pytest.fixture
def said(cloud, capsys):
    def run(*arguments):
        status = cli.main(["diagnose", *arguments])
        return status, capsys.readouterr().out

    return run


@pytest.mark.parametrize(("cluster", "step"), [("j-CLIENT", "s-2"), ("j-CLUSTERMODE", "s-9")])
def test_a_failed_step_of_somebody_elses_cluster_is_read_from_its_logs_alone(said, cluster, step):
    status, text = said(cluster, "--logs", LOGS)
    assert status == 0
    assert f"FAILED in {step} (upstream): AnalysisException: [PATH_NOT_FOUND] Path does not exist" in text
    assert "At /mnt/tmp/spark-1/etl.py line 12, in load" in text  # their code, not Spark's
    assert "Input: s3://acme-raw/sales/" in text and "Next: Find out why no input was delivered" in text
    assert "FAILED in s-1" not in text and "EMR does not describe it" in text and "clear the task" not in text


def test_of_a_job_in_cluster_mode_the_drivers_log_is_named(said):
    _, text = said("j-CLUSTERMODE", "--logs", LOGS)
    where = f"{LOGS}j-CLUSTERMODE/containers/application_1767_0003/container_1767_0003_01_000001/"
    assert f"Step logs: {where}" in text and "| Traceback" in text


def test_a_bootstrap_action_that_failed_is_named_with_its_instance(said):
    _, text = said("j-BOOT", "--logs", LOGS)
    assert "FAILED in bootstrap action 1 on i-07 (bootstrap): pip: command not found" in text


@pytest.mark.parametrize(("cluster", "status"), [("j-FINE", 0), ("j-NOBODY", 1)])
def test_a_cluster_of_which_nothing_failed_is_said_so(said, cluster, status):
    assert said(cluster, "--logs", LOGS)[0] == status
    assert "No failed step" in said(cluster, "--logs", LOGS)[1]


def test_a_cluster_that_emr_forgot_needs_the_folder_of_its_logs(said):
    status, text = said("j-CLIENT")
    assert status == 1 and "name it with --logs s3://" in text


RECORD = {
    "dag_id": "wordcount",
    "run_id": "manual__x",
    "business_date": "2026-01-04",
    "outcome": "failed",
    "doubts": ["task job_wordcount is failed", "task publish is upstream_failed", "task stop_compute is failed"],
    "warnings": ["a table lost rows"],
    "failure": {
        "task": "job_wordcount",
        "cause": "data",
        "message": "Step wordcount is FAILED: boom",
        "traceback": None,
        "input_file": None,
        "next_action": "Correct the input, then run `./nightshift run wordcount` again.",
        "tail": ["boom"],
        "tail_of": "stderr",
        "links": {"record": "/x/record.json"},
        "also": ["task stop_compute is failed"],
    },
}


@pytest.fixture
def runs(tmp_path, monkeypatch):
    for number, pipeline in enumerate(("wordcount", "mrhealth_sales")):
        folder = tmp_path / pipeline / "manual__x"
        (folder / "logs").mkdir(parents=True)
        (folder / "record.json").write_text(json.dumps({**RECORD, "dag_id": pipeline}))
        (folder / "index.html").write_text("a page")
        os.utime(folder / "record.json", (number, number))
    folders = record.kept_runs(tmp_path)
    monkeypatch.setattr(record, "kept_runs", lambda: folders)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "pipeline"),
    [
        ([], "mrhealth_sales"),
        (["wordcount"], "wordcount"),
        (["wordcount/manual__x"], "wordcount"),
        ([".nightshift/runs/wordcount/manual__x/record.json"], "wordcount"),
        (["manual__x"], "mrhealth_sales"),
        (["wordcount/manu"], "wordcount"),
    ],
)
def test_a_kept_run_is_shown_with_cause_tail_next_action_and_files(runs, capsys, name, pipeline):
    assert cli.main(["diagnose", *name]) == 0
    text = capsys.readouterr().out
    assert text.startswith(f"{pipeline}, business date 2026-01-04, run manual__x: failed\n")
    for words in (
        "FAILED in job_wordcount (data)",
        "Next: Correct the input",
        "| boom",
        "Also: task stop",
        "logs/",
        "Page:  ",
    ):
        assert words in text
    assert "upstream_failed" not in text


def test_a_name_that_no_run_has_is_refused_with_the_one_that_was_meant(runs, capsys):
    assert cli.main(["diagnose", "wordcount/manual__y"]) == 2
    said = capsys.readouterr().err
    assert "Did you mean wordcount/manual__x?" in said and "./nightshift runs lists them" in said
    assert cli.main(["diagnose", "manual__"]) == 2
    assert "2 kept runs begin with manual__:" in capsys.readouterr().err


def test_a_kept_run_whose_record_is_damaged_is_refused(runs, capsys):
    (runs / "wordcount/manual__x/record.json").write_text('{"dag_id": "wordcou')
    assert cli.main(["diagnose", "wordcount"]) == 2
    assert "wordcount/manual__x/record.json is not the record of a run, or is damaged." in capsys.readouterr().err


def test_a_record_in_s3_is_read_at_the_address_of_the_message(runs, said, cloud):
    cloud.put_object(Bucket="acme-logs", Key="runs/w/r/record.json", Body=json.dumps(RECORD).encode())
    status, text = said("s3://acme-logs/runs/w/r/record.json")
    assert status == 0 and "FAILED in job_wordcount (data)" in text


def test_a_run_without_a_record_is_said_so(tmp_path):
    assert "has no record" in "\n".join(diagnosis.of_run(Kept(None, tmp_path)))


def test_without_a_cloud_no_account_is_called(monkeypatch, capsys):
    monkeypatch.setattr(endpoint, "chosen", lambda: None)
    assert cli.main(["diagnose", "j-CLIENT"]) == 2
    error = capsys.readouterr().err
    assert "./nightshift cloud up and run the night on it again, or add --aws" in error
