"""Steps that start a JVM: Spark jobs and Hadoop's shell find s3:// and hdfs:// as they do on EMR."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from threading import Thread

import pytest

from localcloud.steps import StepRunner, StepSettings
from tests.localcloud.steps.conftest import ACCOUNT, request_of
from tests.patience import until

pytestmark = pytest.mark.spark

JOB = """
import sys
from pyspark.sql import SparkSession, functions as F
import helper

spark = SparkSession.builder.appName("job").getOrCreate()
words = spark.read.text("s3://lake/in/*.txt").select(F.explode(F.split("value", " ")).alias("word"))
words.groupBy("word").count().coalesce(1).write.mode("overwrite").parquet("s3a://lake/out")
words.write.mode("overwrite").text("hdfs:///tmp/words")
spark.read.text("hdfs:///tmp/words").coalesce(1).write.mode("overwrite").text(sys.argv[1])
print(helper.GREETING, spark.read.parquet("s3n://lake/out").count(), spark.conf.get("spark.sql.ansi.enabled"))
"""

BROKEN = """
from pyspark.sql import SparkSession

spark = SparkSession.builder.getOrCreate()
spark.range(10).write.mode("overwrite").parquet("s3://lake/good")
spark.range(10).write.mode("overwrite").parquet("s3://lake/replaced")
def fail(row):
    raise ValueError("row %d is bad" % row.id)
spark.range(10).rdd.map(fail).toDF().write.parquet("s3://lake/bad")
"""


def test_a_pyspark_job_reads_and_writes_every_scheme(run, s3, log, text, keys):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("helper.py", "GREETING = 'olá'")
    for key, body in (("main.py", JOB), ("jobs.zip", packed.getvalue()), ("in/São.txt", "maçã pão maçã")):
        s3.put_object(Bucket="lake", Key=key, Body=body)
    outcome, request = run(
        *("spark-submit", "--deploy-mode", "cluster", "--executor-memory", "9g"),
        *("--py-files", "s3://lake/jobs.zip", "s3://lake/main.py", "s3://lake/día/words"),
        spark_defaults={"spark.sql.ansi.enabled": "true", "spark.executor.memory": "90g"},
    )
    assert outcome.exit_code == 0, log(request, "stderr")
    assert log(request, "stdout") == "olá 2 true\n"
    assert log(request, "stderr") == ""
    (part,) = [key for key in keys() if key.startswith("día/words/part-")]
    assert text(part).split() == ["maçã", "pão", "maçã"]
    assert {"out/_SUCCESS", "día/words/_SUCCESS"} <= set(keys())
    assert not [key for key in keys() if key.endswith(".crc") or "_temporary" in key]


def test_a_job_that_fails_tells_why_and_leaves_what_was_committed(run, s3, log, keys):
    s3.put_object(Bucket="lake", Key="main.py", Body=BROKEN)
    s3.put_object(Bucket="lake", Key="replaced/part-old", Body="x")
    outcome, request = run("spark-submit", "s3://lake/main.py")
    assert outcome.exit_code == 1
    assert "Traceback" in log(request, "stderr")
    assert "ValueError: row 0 is bad" in log(request, "stderr")
    folders = {key.split("/")[0] for key in keys()}
    assert folders == {"good", "main.py", "replaced"}
    assert "replaced/part-old" not in keys()


def test_hadoops_shell_works_on_s3_and_on_the_clusters_own_hdfs(run, s3, log, text):
    s3.put_object(Bucket="lake", Key="a.txt", Body="content\n")
    commands = (
        "hadoop fs -mkdir -p dir",
        "hadoop fs -cp 's3://lake/*.txt' dir/",
        "hdfs dfs -ls /user/hadoop/dir",
        "hadoop fs -put /etc/hostname s3n://lake/put",
        "hadoop fs -mv s3://lake/a.txt s3://lake/b.txt",
    )
    outcome, request = run("bash", "-ec", "\n".join(commands))
    assert outcome.exit_code == 0, log(request, "stderr")
    assert "/user/hadoop/dir/a.txt" in log(request, "stdout")
    assert text("b.txt") == "content\n"
    assert text("put") == Path("/etc/hostname").read_text()
    assert run("hadoop", "fs", "-test", "-e", "dir/a.txt")[0].exit_code == 0
    assert run("hadoop", "fs", "-test", "-e", "dir/a.txt", cluster_id="j-2")[0].exit_code == 1


def test_a_bucket_that_does_not_exist_is_an_error_and_never_the_machines_own_root(run):
    uris = [f"{scheme}://no-such-bucket/" for scheme in ("s3", "s3a", "s3n")]
    outcome, _ = run("hadoop", "fs", "-ls", *uris)
    assert outcome.exit_code == 1
    told = [line for line in outcome.message.splitlines() if line.startswith("ls: ")]
    assert [line.rpartition(" ")[2] for line in told] == uris
    assert "NoSuchBucket: The specified bucket does not exist: no-such-bucket" in outcome.message


def test_a_killed_job_leaves_no_process_and_no_scratch(s3, tmp_path, keys):
    job = """
import time
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
spark.range(4).write.parquet("s3://lake/done")
def slow(rows):
    time.sleep(600)
    return rows
spark.range(4).rdd.mapPartitions(slow).toDF().write.parquet("s3://lake/never")
"""
    s3.put_object(Bucket="lake", Key="main.py", Body=job)
    runner = StepRunner(tmp_path / "work", settings=StepSettings(cores=2, kill_grace_seconds=1))
    request, outcomes = request_of("spark-submit", "s3://lake/main.py"), []
    thread = Thread(target=lambda: outcomes.append(runner.run(request)))
    thread.start()
    done = tmp_path / "work/s3" / ACCOUNT / "lake/done/_SUCCESS"
    until(done.exists)
    (session,) = runner._processes.sessions()
    runner.kill(request.cluster_id, request.step_id)
    thread.join()
    runner.close()
    assert outcomes[0].exit_code == 143
    assert {key.split("/")[0] for key in keys()} == {"done", "main.py"}
    left = [stat.read_text() for stat in Path("/proc").glob("[0-9]*/stat") if _session_of(stat) == session]
    assert left == []


def _session_of(stat):
    try:
        return int(stat.read_text().rpartition(")")[2].split()[3])
    except OSError:
        return None
