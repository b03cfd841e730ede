"""`flink run`: a cluster's arguments become this machine's, and a Python job really runs on Flink."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from localcloud.steps import CommandError, StepRunner, StepSettings, flink_conf
from localcloud.steps.commands import launch_of
from localcloud.steps.commands.flink import parse
from localcloud.steps.site import Site
from tests.localcloud.steps.conftest import request_of

JOB = """
import sys
from pyflink.table import DataTypes, EnvironmentSettings, TableEnvironment
from pyflink.table.udf import udf

@udf(result_type=DataTypes.STRING())
def shout(text):
    if text == "bad":
        raise ValueError("the text is bad")
    return text.upper()

table = "CREATE TEMPORARY TABLE {} (line STRING) WITH ('connector'='filesystem', 'path'='{}', 'format'='raw')"
env = TableEnvironment.create(EnvironmentSettings.in_batch_mode())
env.create_temporary_function("shout", shout)
env.execute_sql(table.format("arrived", sys.argv[1]))
env.execute_sql(table.format("told", sys.argv[2]))
env.execute_sql("INSERT INTO told SELECT shout(line) FROM arrived").wait()
print("told", env.get_config().get("parallelism.default", "?"))
env.execute_sql(table.format("broken", sys.argv[3]))
env.execute_sql("INSERT INTO told SELECT shout(line) FROM broken").wait()
"""


@pytest.fixture
def site(tmp_path):
    for name in ("home/bin", "home/lib/python3.11/site-packages/pyflink/bin", "buckets", "spark/jars"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "home/bin/python").touch()
    (tmp_path / "spark/jars/hadoop-client-api-3.3.4.jar").touch()
    return Site(
        step_dir=tmp_path,
        buckets_dir=tmp_path / "buckets",
        hdfs_dir=tmp_path / "hdfs",
        spark_home=tmp_path / "spark",
        java_home=Path("/java"),
        python="python3",
        cores=2,
        driver_memory=2 << 30,
        archive=None,
        flink_home=tmp_path / "home",
    )


def run_of(site, *args):
    return launch_of("command-runner.jar", ("flink", "run", *args), site)


def after_python(launch):
    return list(launch.argv[launch.argv.index("-pyclientexec") + 2 :])


def test_the_job_and_its_arguments_stay_as_they_are(site):
    job = ("-pyfs", "hdfs:///jobs.zip", "-Dexecution.runtime-mode=BATCH", "-pym", "job", "--name", "x", "-m", "its own")
    launch = run_of(site, *job)
    assert after_python(launch) == list(job)
    assert launch.argv[:4] == (
        str(site.flink_home / "lib/python3.11/site-packages/pyflink/bin/flink"),
        "run",
        "-t",
        "local",
    )
    assert launch.notes == ()


def test_what_describes_a_clusters_nodes_is_left_out_and_noted(site):
    launch = run_of(
        site,
        *("-m", "yarn-cluster", "-d", "-p", "64", "-yjm", "4g", "-yDyarn.x=1", "-pyexec", "/opt/python", "-D"),
        *("taskmanager.memory.process.size=8g", "-Dpipeline.name=night", "-pym", "job", "--input", "s3://lake/in"),
    )
    assert after_python(launch) == ["-Dpipeline.name=night", "-pym", "job", "--input", "s3://lake/in"]
    assert sum("left out" in note for note in launch.notes) == 7


def test_a_jar_ends_the_options_of_flink():
    submission = parse(["-c", "Main", "job.jar", "-p", "5"])
    assert submission.options == (("-c", "Main"),)
    assert submission.rest == ("job.jar", "-p", "5")


def test_an_option_without_its_value_is_refused():
    with pytest.raises(CommandError, match="-pyfs has no value"):
        parse(["-pym", "job", "-pyfs"])


@pytest.mark.parametrize(
    ("args", "change", "says"),
    [
        (("list",), {}, "`flink run …` only"),
        (("run",), {"flink_home": None}, "make flink"),
        (("run",), {"flink_home": Path("/nowhere")}, "/nowhere, where no Python has apache-flink"),
    ],
)
def test_a_flink_that_cannot_be_started_says_what_to_do(site, args, change, says):
    with pytest.raises(CommandError, match=says) as refused:
        launch_of("command-runner.jar", ("flink", *args), replace(site, **change))
    assert refused.value.exit_code == 127


def test_flink_listens_on_this_machine_only_and_keeps_to_the_steps_directory(site):
    settings = flink_conf.properties(site)
    assert {value for name, value in settings.items() if "host" in name or "address" in name} == {"127.0.0.1"}
    assert settings["io.tmp.dirs"] == str(site.tmp_dir)
    run_of(site, "-pym", "job")
    assert '"127.0.0.1"' in (site.conf_dir / "flink" / "config.yaml").read_text()


def test_a_site_tells_the_shims_its_flink(site, tmp_path):
    site.save(tmp_path / "site.json")
    assert Site.load(tmp_path / "site.json") == site


@pytest.fixture
def flink(s3, tmp_path, flink_home):
    bundle = io.BytesIO()
    with zipfile.ZipFile(bundle, "w") as archive:
        archive.writestr("job.py", JOB)
    s3.put_object(Bucket="lake", Key="jobs/jobs.zip", Body=bundle.getvalue())
    runner = StepRunner(tmp_path / "work", settings=StepSettings(cores=1, flink_home=flink_home))

    def run(*args):
        request = request_of(*args)
        return runner.run(request), request

    yield run
    runner.close()


def test_a_python_job_runs_on_hdfs_and_where_it_fails_it_leaves_its_traceback_in_stderr(flink, s3, log, keys, text):
    s3.put_object(Bucket="lake", Key="in/good/a.txt", Body="olá\nmundo".encode())
    s3.put_object(Bucket="lake", Key="in/bad/a.txt", Body=b"bad")
    for source, target in (("s3://lake/jobs", "hdfs:///jobs"), ("s3://lake/in", "hdfs:///in")):
        assert flink("s3-dist-cp", "--src", source, "--dest", target)[0].exit_code == 0
    job = ("flink", "run", "-m", "yarn-cluster", "-pyfs", "hdfs:///jobs/jobs.zip", "-pym", "job")
    outcome, request = flink(*job, "hdfs:///in/good", "hdfs:///out", "hdfs:///in/bad")
    assert "told" in log(request, "stdout"), outcome.message
    assert outcome.exit_code != 0
    assert "ValueError: the text is bad" in log(request, "stderr")
    assert flink("s3-dist-cp", "--src", "hdfs:///out", "--dest", "s3://lake/out")[0].exit_code == 0
    told = [text(key) for key in keys() if key.startswith("out/")]
    assert sorted("".join(told).split()) == ["MUNDO", "OLÁ"]
