"""One PySpark script by each service, really run on one server: its output, its logs at their places, its failure."""

from __future__ import annotations

import gzip
import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from localcloud.server import LocalCloud
from localcloud.settings import Settings
from tests.localcloud.helpers import Client, client_of
from tests.localcloud.runs.conftest import ROLE, eks_cluster, job, provider
from tests.patience import until

pytestmark = pytest.mark.spark
PLACE = "eu-west-1"
README = Path(__file__).resolve().parents[3] / "localcloud" / "README.md"
SCRIPT = """
import sys, time
from pyspark.sql import SparkSession
import helper

where = sys.argv[sys.argv.index("--out") + 1]
if "--hang" in sys.argv:
    time.sleep(600)
spark = SparkSession.builder.getOrCreate()
spark.range(helper.ROWS).write.mode("overwrite").json(where)
print("own setting", spark.conf.get("spark.own", "none"))
print("arguments", sys.argv[1:])
print("a word", file=sys.stderr)
spark.stop()
if "--fail" in sys.argv:
    raise ValueError("no such day")
"""


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """One server for all of these tests: its Java serves every run."""
    with LocalCloud(Settings(home=tmp_path_factory.mktemp("runs"), port=0, cores=2)) as running:
        yield running


@pytest.fixture(scope="module")
def aws(cloud: LocalCloud) -> Client:
    return client_of(cloud)


@pytest.fixture(scope="module")
def artifacts(aws: Client) -> Iterator[str]:
    """A bucket with the script and its package; the runs write to it as well."""
    packed, s3, name = io.BytesIO(), aws("s3"), "real-runs"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("helper.py", "ROWS = 3")
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": PLACE})
    s3.put_object(Bucket=name, Key="main.py", Body=SCRIPT)
    s3.put_object(Bucket=name, Key="jobs.zip", Body=packed.getvalue())
    yield f"s3://{name}"
    for item in s3.list_objects_v2(Bucket=name)["Contents"]:
        s3.delete_object(Bucket=name, Key=item["Key"])
    s3.delete_bucket(Bucket=name)


def rows(aws: Client, prefix: str) -> int:
    """The rows that a run wrote."""
    s3 = aws("s3")
    found = s3.list_objects_v2(Bucket="real-runs", Prefix=f"{prefix}/part-").get("Contents", [])
    bodies = [s3.get_object(Bucket="real-runs", Key=item["Key"])["Body"].read() for item in found]
    return sum(body.count(b"\n") for body in bodies)


def log(aws: Client, key: str) -> str:
    return gzip.decompress(aws("s3").get_object(Bucket="real-runs", Key=key)["Body"].read()).decode()


def lines(aws: Client, group: str, stream: str) -> list[str]:
    events = aws("logs").get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True)["events"]
    return [event["message"] for event in events]


def test_glue(aws: Client, artifacts: str) -> None:
    client, name = aws("glue"), "real-run"
    defaults = {"--extra-py-files": f"{artifacts}/jobs.zip", "--additional-python-modules": "numpy"}
    command = {"Name": "glueetl", "ScriptLocation": f"{artifacts}/main.py", "PythonVersion": "3"}
    client.create_job(**{**job(name), "Command": command, "DefaultArguments": defaults})

    def ended(**arguments: str) -> dict[str, Any]:
        given = {f"--{key}": value for key, value in arguments.items()}
        run = client.start_job_run(JobName=name, Arguments=given)["JobRunId"]
        over = ("SUCCEEDED", "FAILED", "STOPPED")
        return until(
            lambda: client.get_job_run(JobName=name, RunId=run)["JobRun"], lambda found: found["JobRunState"] in over
        )

    run = ended(out=f"{artifacts}/glue", conf="spark.own=glue")
    assert (run["JobRunState"], rows(aws, "glue")) == ("SUCCEEDED", 3)
    assert lines(aws, f"{run['LogGroupName']}/output", run["Id"]) == [
        "own setting glue",
        f"arguments ['--JOB_NAME', '{name}', '--JOB_ID', 'j_{run['Id'][3:]}', '--JOB_RUN_ID', '{run['Id']}', "
        f"'--out', '{artifacts}/glue']",
    ]
    errors = lines(aws, f"{run['LogGroupName']}/error", run["Id"])
    assert "nothing is installed" in errors[0] and "a word" in errors
    failed = ended(out=f"{artifacts}/glue", fail="yes")
    assert failed["ErrorMessage"] == "Error Category: UNCLASSIFIED_ERROR; ValueError: no such day"
    assert "ValueError: no such day" in lines(aws, "/aws-glue/jobs/error", failed["Id"])[-1]


def test_emr_serverless(aws: Client, artifacts: str) -> None:
    client = aws("emr-serverless")
    app = client.create_application(name="real", releaseLabel="emr-7.13.0", type="SPARK")["applicationId"]
    driver = {
        "entryPoint": f"{artifacts}/main.py",
        "entryPointArguments": ["--out", f"{artifacts}/serverless"],
        "sparkSubmitParameters": f"--py-files {artifacts}/jobs.zip --conf spark.executor.cores=4",
    }
    settings = {"classification": "spark-defaults", "properties": {"spark.own": "serverless"}}
    monitoring = {
        "s3MonitoringConfiguration": {"logUri": f"{artifacts}/logs/"},
        "cloudWatchLoggingConfiguration": {"enabled": True},
    }
    run = client.start_job_run(
        applicationId=app,
        executionRoleArn=ROLE,
        jobDriver={"sparkSubmit": driver},
        configurationOverrides={"applicationConfiguration": [settings], "monitoringConfiguration": monitoring},
    )["jobRunId"]
    found = until(
        lambda: client.get_job_run(applicationId=app, jobRunId=run)["jobRun"],
        lambda shown: shown["state"] in ("SUCCESS", "FAILED"),
    )
    assert (found["state"], found["stateDetails"], rows(aws, "serverless")) == ("SUCCESS", "", 3)
    place = f"applications/{app}/jobs/{run}/SPARK_DRIVER"
    assert log(aws, f"logs/{place}/stdout.gz").startswith("own setting serverless\n")
    assert "a word" in log(aws, f"logs/{place}/stderr.gz")
    assert lines(aws, "/aws/emr-serverless", f"{place}/stdout")[0] == "own setting serverless"


def test_emr_on_eks(aws: Client, artifacts: str) -> None:
    client = aws("emr-containers")
    cluster = client.create_virtual_cluster(name="real", containerProvider=provider(eks_cluster(aws)))["id"]

    def start(*arguments: str) -> str:
        driver = {
            "entryPoint": f"{artifacts}/main.py",
            "entryPointArguments": ["--out", f"{artifacts}/eks", *arguments],
            "sparkSubmitParameters": f"--py-files {artifacts}/jobs.zip",
        }
        monitoring = {"s3MonitoringConfiguration": {"logUri": f"{artifacts}/logs"}}
        return client.start_job_run(
            virtualClusterId=cluster,
            executionRoleArn=ROLE,
            releaseLabel="emr-7.13.0-latest",
            jobDriver={"sparkSubmitJobDriver": driver},
            configurationOverrides={"monitoringConfiguration": monitoring},
        )["id"]

    def wait(run: str, *states: str) -> dict[str, Any]:
        return until(
            lambda: client.describe_job_run(virtualClusterId=cluster, id=run)["jobRun"],
            lambda shown: shown["state"] in states,
        )

    run = start()
    assert wait(run, "COMPLETED", "FAILED")["state"] == "COMPLETED"
    assert rows(aws, "eks") == 3
    place = f"logs/{cluster}/jobs/{run}/containers/spark-{run}/spark-{run}-driver"
    assert log(aws, f"{place}/stdout.gz").startswith("own setting none\n")
    hanging = start("--hang")
    wait(hanging, "RUNNING")
    client.cancel_job_run(virtualClusterId=cluster, id=hanging)
    wait(hanging, "CANCELLED")


def test_the_examples_of_the_readme_run(
    cloud: LocalCloud, aws: Client, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in cloud.access.environment("us-east-1").items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)  # an earlier test's has that test's credentials
    shown: dict[str, Any] = {}
    section = README.read_text().partition("\n## Job runs\n")[2].partition("\n## ")[0]
    for block in re.findall(r"^```python\n(.*?)^```", section, re.DOTALL | re.MULTILINE):
        exec(block, shown)
    first, message, second, serverless, third, eks = capsys.readouterr().out.splitlines()
    assert (first, second, third) == ("SUCCEEDED", "SUCCESS", "COMPLETED")
    said = [
        gzip.decompress(shown["s3"].get_object(Bucket="demo-runs", Key=key)["Body"].read()) for key in (serverless, eks)
    ]
    assert (message, *said) == ("wrote glue", b"wrote serverless\n", b"wrote eks\n")


def test_nothing_of_the_runs_is_left_on_the_machine(cloud: LocalCloud) -> None:
    work = cloud.settings.work_dir
    assert [*(work / "steps").glob("*"), *(work / "hdfs").glob("*")] == []
