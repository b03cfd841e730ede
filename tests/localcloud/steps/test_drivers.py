"""A Java that serves several steps: what a step sees of it is what it would see of its own."""

from __future__ import annotations

import io
import os
import signal
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import pytest

from localcloud.steps import StepRunner, StepSettings, drivers
from tests.localcloud.steps.conftest import request_of
from tests.patience import lives, until

pytestmark = pytest.mark.spark

JOB = """
import os, sys
from pyspark.sql import SparkSession
import helper

spark = SparkSession.builder.getOrCreate()
jvm = spark.sparkContext._jvm
jvm.java.lang.System.err.println("a word of Java's to " + sys.argv[1])
workers = spark.sparkContext.parallelize([0], 1).map(lambda _: os.environ["EMR_STEP_ID"]).collect()
spark.range(3).write.mode("overwrite").parquet("hdfs:///tmp/" + sys.argv[1])
print(jvm.java.lang.ProcessHandle.current().pid(), os.getcwd() == jvm.java.lang.System.getProperty("user.dir"),
    workers == [os.environ["EMR_STEP_ID"]], helper.WHO, spark.conf.get("spark.own", "none"),
    spark.sparkContext.appName, [s.getPath().getName() for s in
        jvm.org.apache.hadoop.fs.Path("hdfs:///tmp").getFileSystem(spark.sparkContext._jsc.hadoopConfiguration())
        .listStatus(jvm.org.apache.hadoop.fs.Path("hdfs:///tmp"))], sep="|")
if sys.argv[1] == "fails":
    sys.exit("it failed")
if sys.argv[1] == "changes":
    spark.sparkContext.setLogLevel("OFF")
    jvm.java.util.TimeZone.setDefault(jvm.java.util.TimeZone.getTimeZone("Asia/Tokyo"))
    jvm.java.util.Locale.setDefault(jvm.java.util.Locale.forLanguageTag("pt-BR"))
    open(jvm.java.io.File.createTempFile("left", "over").getPath(), "w").close()
if sys.argv[1] == "shows":
    logs = jvm.org.apache.logging.log4j.LogManager.getRootLogger().getLevel().toString()
    files = os.listdir(jvm.java.lang.System.getProperty("java.io.tmpdir"))
    left = [name for name in files if name.startswith("left")]
    closed = jvm.org.apache.spark.SparkEnv.get().securityManager().isAuthenticationEnabled()  # to other users' clients
    place = jvm.java.util.TimeZone.getDefault().getID(), jvm.java.util.Locale.getDefault().getCountry()
    print(logs, *place, left, closed)
if sys.argv[1] != "goes":
    spark.stop()
"""


def alive(pid: str) -> bool:
    return Path(f"/proc/{pid}").exists()


@pytest.fixture
def upload(s3):
    """The job and its module, which knows the name of the step."""

    def uploaded(name: str):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("helper.py", f"WHO = {name!r}")
        for key, body in {"main.py": JOB.encode(), "jobs.zip": packed.getvalue()}.items():
            s3.put_object(Bucket="lake", Key=key, Body=body)

    return uploaded


@pytest.fixture
def submit(upload, run, log):
    """Run the job as a step; the parts of what it printed."""

    def submitted(name: str, *options: str, **parts):
        upload(name)
        words = ("spark-submit", *options, "--py-files", "s3://lake/jobs.zip", "s3://lake/main.py", name)
        outcome, request = run(*words, **parts)
        assert f"a word of Java's to {name}" in log(request, "stderr")
        return outcome, log(request, "stdout").rstrip("\n").split("|")

    return submitted


def test_the_next_step_has_the_same_java_and_nothing_of_the_last(submit):
    first, (java, *seen) = submit("stops", "--conf", "spark.own=mine", "--name", "night", cluster_id="j-1")
    assert (first.exit_code, seen) == (0, ["True", "True", "stops", "mine", "night", "['stops']"])
    # Another cluster's HDFS is another.
    second, (again, *seen) = submit("changes", cluster_id="j-2")
    assert (second.exit_code, again, seen) == (0, java, ["True", "True", "changes", "none", "main.py", "['changes']"])
    _, (again, *_, shown) = submit("shows", cluster_id="j-2")
    assert (again, shown.splitlines()[1]) == (java, "WARN UTC  [] True")
    # What did not stop its SparkContext may still work: its Java ends with it.
    third, (again, *_) = submit("goes", cluster_id="j-2")
    assert (third.exit_code, again, alive(java)) == (0, java, False)


def test_a_java_that_died_while_it_was_idle_is_nobodys_failure(submit):
    _, (java, *_) = submit("stops")
    os.kill(int(java), signal.SIGKILL)
    until(lambda: not lives(int(java)))
    outcome, (other, *_) = submit("stops")
    assert (outcome.exit_code, other == java) == (0, False)


def test_a_java_ends_with_a_step_that_fails_and_serves_no_other_options(submit, runner):
    _, (first, *_) = submit("stops")
    _, (other, *_) = submit("stops", "--driver-java-options", "-Xmx600m")
    assert (first == other, alive(first), alive(other)) == (False, True, True)
    outcome, (failed, *_) = submit("fails")
    assert (outcome.exit_code, outcome.message.splitlines()[-1], failed) == (1, "it failed", first)
    assert not alive(first)
    runner.close()
    assert not alive(other)


def test_one_step_a_java_is_a_spark_submit_of_its_own(s3, upload, log, tmp_path):
    upload("stops")
    fresh = StepRunner(tmp_path / "fresh", settings=StepSettings(cores=2, steps_per_java=1))
    try:
        request = request_of("spark-submit", "--py-files", "s3://lake/jobs.zip", "s3://lake/main.py", "stops")
        assert fresh.run(request).exit_code == 0
        own, *seen = log(request, "stdout").rstrip("\n").split("|")
        assert "org.apache.spark.deploy.SparkSubmit" in log(request, "controller")
    finally:
        fresh.close()
    assert seen == ["True", "True", "stops", "none", "main.py", "['stops']"]
    assert not alive(own)


class Stub:
    """A Java without a process."""

    made: ClassVar[list] = []

    def __init__(self, place, app, site):
        self.kind, self.served, self.session, self.lives = app.java, 0, len(self.made), True
        self.made.append(self)

    def begin(self, site, app, env):
        self.served += 1

    def clear(self):
        return True

    def end(self):
        self.lives = False


def test_a_java_ends_after_its_steps_and_after_a_while_without_any(monkeypatch, tmp_path):
    monkeypatch.setattr(drivers, "Driver", Stub)
    monkeypatch.setattr(Stub, "made", [])
    pool, app, site = drivers.Drivers(tmp_path, 2), SimpleNamespace(java="any"), SimpleNamespace(step_dir=tmp_path)
    for idle_seconds in (300, 300, 0.05):
        driver = pool.lend(app, site, {})
        assert pool.sessions() == {driver.session}
        monkeypatch.setattr(drivers, "_IDLE_SECONDS", idle_seconds)
        pool.take_back(driver, fine=True)
    assert [java.served for java in Stub.made] == [2, 1]
    assert not Stub.made[0].lives
    until(lambda: not Stub.made[1].lives)


def test_no_more_than_two_javas_wait(monkeypatch, tmp_path):
    monkeypatch.setattr(drivers, "Driver", Stub)
    monkeypatch.setattr(Stub, "made", [])
    pool, app, site = drivers.Drivers(tmp_path, 9), SimpleNamespace(java="any"), SimpleNamespace(step_dir=tmp_path)
    for driver in [pool.lend(app, site, {}) for _ in range(3)]:
        pool.take_back(driver, fine=True)
    assert [java.lives for java in Stub.made] == [True, True, False]
    pool.close()
    assert not any(java.lives for java in Stub.made)
