"""spark-submit's arguments and properties: a cluster's become this machine's."""

from __future__ import annotations

import io
import re
import tarfile
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from localcloud.jars import here
from localcloud.steps import CommandError, hadoop_conf, spark_conf
from localcloud.steps.commands import launch_of
from localcloud.steps.commands.spark import parse
from localcloud.steps.site import Site


@pytest.fixture
def site(tmp_path):
    for name in ("work", "tmp", "conf", "buckets/lake"):
        (tmp_path / name).mkdir(parents=True)
    return Site(
        step_dir=tmp_path,
        buckets_dir=tmp_path / "buckets",
        hdfs_dir=tmp_path / "hdfs",
        spark_home=tmp_path / "spark",
        java_home=Path("/java"),
        python="python3",
        cores=3,
        driver_memory=2 << 30,
        archive=None,
    )


def submit(site, *args):
    return launch_of("command-runner.jar", ("spark-submit", *args), site)


def after_main(launch):
    return list(launch.argv[launch.argv.index("org.apache.spark.deploy.SparkSubmit") + 1 :])


def test_the_application_and_its_arguments_stay_as_they_are(site):
    args = ["--py-files", "s3://lake/jobs.zip", "--name=night", "s3://lake/main.py", "--master", "of the job"]
    assert after_main(submit(site, *args)) == [
        *("--master", "local[3]", "--py-files", "s3://lake/jobs.zip", "--name", "night"),
        *("s3://lake/main.py", "--master", "of the job"),
    ]


def test_a_jar_is_read_from_its_place_because_spark_serves_others_to_everybody(site):
    jar = site.buckets_dir / "lake" / "own.jar"
    jar.touch()
    args = ("--jars", "s3://lake/own.jar,https://example.com/a.jar", "--class", "a.Main", "s3://lake/own.jar", "x")
    assert after_main(submit(site, *args))[2:] == [
        *("--jars", f"local:{jar},https://example.com/a.jar", "--class", "a.Main", f"local:{jar}", "x"),
    ]
    assert after_main(submit(site, "s3://lake/own.jar"))[2:] == [
        "s3://lake/own.jar"
    ]  # spark-submit looks for its class


def test_a_jar_whose_path_is_no_uri_stays_a_path_since_spark_cannot_read_it_from_its_place():
    assert here(Path("/home/ana/Área/own.jar")) == "local:/home/ana/Área/own.jar"
    for path in ("/home/ana/Meus Jobs/own.jar", "/home/ana/100%/own.jar", "/home/ana/#1/own.jar"):
        assert here(Path(path)) == path


def test_what_describes_a_clusters_nodes_is_left_out_and_noted(site):
    launch = submit(
        site,
        *("--master", "yarn", "--deploy-mode", "cluster", "--num-executors=4", "--executor-memory", "8g"),
        *("-c", "spark.dynamicAllocation.enabled=true", "--conf", "spark.sql.ansi.enabled=true", "s3://lake/x.py"),
    )
    assert after_main(launch) == ["--master", "local[3]", "--conf", "spark.sql.ansi.enabled=true", "s3://lake/x.py"]
    assert sum("left out" in note for note in launch.notes) == 5


def test_the_heap_is_the_machines_share_and_not_the_clusters(site):
    assert "-Xmx2048m" in submit(site, "--driver-memory", "100g", "s3://lake/x.py").argv


@pytest.mark.parametrize(
    "args",
    [
        ("--driver-java-options", "-Da=b -XX:+UseG1GC"),
        ("--conf", "spark.driver.extraJavaOptions=-Da=b -XX:+UseG1GC"),
    ],
)
def test_java_options_reach_the_driver_and_a_named_collector_replaces_ours(site, args):
    argv = submit(site, *args, "s3://lake/x.py").argv
    flags = argv[: argv.index("-cp")]
    assert "-Da=b" in flags
    assert [flag for flag in flags if flag.endswith("GC")] == ["-XX:+UseG1GC"]


def test_java_options_of_the_cluster_reach_the_driver(site):
    cluster = {"spark.driver.extraJavaOptions": "-Dfrom=cluster"}
    spark_conf.write(site.conf_dir, spark_conf.defaults(cluster, site.cores))
    assert "-Dfrom=cluster" in submit(site, "s3://lake/x.py").argv


def test_the_clusters_default_java_options_come_before_the_jobs_own(site):
    cluster = {"spark.driver.defaultJavaOptions": "-Da=cluster -Db=cluster"}
    spark_conf.write(site.conf_dir, spark_conf.defaults(cluster, site.cores))
    argv = submit(site, "--conf", "spark.driver.extraJavaOptions=-Da=job", "s3://lake/x.py").argv
    assert [flag for flag in argv if flag.startswith("-D") and flag[2:4] in {"a=", "b="}][:3] == [
        "-Da=cluster",
        "-Db=cluster",
        "-Da=job",
    ]


def test_an_archive_of_classes_is_used_when_it_is_there(site, tmp_path):
    archive = tmp_path / "classes.jsa"
    with_archive = replace(site, archive=archive)
    flag = f"-XX:SharedArchiveFile={archive}"
    assert flag not in submit(with_archive, "s3://lake/x.py").argv
    archive.touch()
    assert flag in submit(with_archive, "s3://lake/x.py").argv


def test_in_cluster_mode_files_are_in_the_working_directory(site):
    (site.buckets_dir / "lake/settings.ini").write_text("[a]")
    with zipfile.ZipFile(site.buckets_dir / "lake/deps.zip", "w") as archive:
        archive.writestr("inner/x.txt", "x")
    submit(
        site,
        *("--deploy-mode", "cluster", "--files", "s3://lake/settings.ini#local.ini"),
        *("--archives", "s3://lake/deps.zip#deps", "s3://lake/x.py"),
    )
    assert (site.work_dir / "local.ini").read_text() == "[a]"
    assert (site.work_dir / "deps/inner/x.txt").read_text() == "x"


@pytest.mark.parametrize("name", ["deps.tar", "deps.tar.gz", "deps.tgz"])
def test_in_cluster_mode_a_tar_is_unpacked_into_the_working_directory(site, name):
    with tarfile.open(site.buckets_dir / "lake" / name, "w:gz" if name.endswith("gz") else "w") as archive:
        archive.addfile(member("inner/x.txt"), io.BytesIO(b"x"))
    submit(site, "--deploy-mode", "cluster", "--archives", f"s3://lake/{name}#deps", "s3://lake/x.py")
    assert (site.work_dir / "deps/inner/x.txt").read_text() == "x"


@pytest.mark.parametrize("name", ["../out.txt", "/tmp/../../out.txt"])
def test_a_tar_that_would_write_elsewhere_and_one_that_is_none_are_refused(site, name):
    with tarfile.open(site.buckets_dir / "lake/deps.tar", "w") as archive:
        archive.addfile(member(name), io.BytesIO(b"x"))
    (site.buckets_dir / "lake/none.tar").write_text("x")
    for uri in ("s3://lake/deps.tar", "s3://lake/none.tar"):
        with pytest.raises(CommandError, match=f"{uri} could not be unpacked"):
            submit(site, "--deploy-mode", "cluster", "--archives", uri, "s3://lake/x.py")
    assert not list(site.step_dir.rglob("out.txt"))


def member(name):
    """One byte in an archive."""
    found = tarfile.TarInfo(name)
    found.size = 1
    return found


def test_a_file_that_is_missing_in_cluster_mode_is_named(site):
    with pytest.raises(CommandError, match=re.escape("s3://lake/none.ini does not exist")):
        submit(site, "--deploy-mode", "cluster", "--files", "s3://lake/none.ini", "s3://lake/x.py")


def test_arguments_are_taken_apart_as_spark_submit_does():
    found = parse(["-v", "--conf", "a=b=c", "-c", "d=e", "--name", "x", "app.py", "--name", "y"])
    assert found.conf == {"a": "b=c", "d": "e"}
    assert found.value("--name") == "x"
    assert found.application == ["app.py", "--name", "y"]


@pytest.mark.parametrize(
    "name",
    [
        "spark.master",
        "spark.submit.deployMode",
        "spark.executor.memory",
        "spark.executor.instances",
        "spark.driver.memoryOverhead",
        "spark.dynamicAllocation.maxExecutors",
        "spark.yarn.appMasterEnv.PYSPARK_PYTHON",
        "spark.pyspark.python",
        "spark.eventLog.dir",
        "spark.hadoop.fs.s3.impl",
    ],
)
def test_a_property_of_the_nodes_is_not_honoured(name):
    assert spark_conf.defaults({name: "theirs"}, 2) == spark_conf.defaults({}, 2)
    assert spark_conf.left_out({name: "theirs"}) == [name]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("spark.sql.shuffle.partitions", "7"),
        ("spark.sql.sources.partitionOverwriteMode", "dynamic"),
        ("spark.serializer", "org.apache.spark.serializer.KryoSerializer"),
        ("spark.driver.maxResultSize", "1g"),
    ],
)
def test_a_property_of_the_job_is_honoured(name, value):
    assert spark_conf.defaults({name: value}, 2)[name] == value


def test_emrs_own_committer_is_left_out_because_no_laptop_has_it():
    name = "spark.sql.parquet.output.committer.class"
    cluster = {name: "com.amazon.emr.committer.EmrOptimizedSparkSqlParquetOutputCommitter"}
    assert name not in spark_conf.defaults(cluster, 2)


def test_an_unknown_bucket_is_never_given_to_a_local_file_system():
    properties = hadoop_conf.core_site(["lake"], Path("/b"), Path("/h"))
    targets = {value for name, value in properties.items() if "overload.scheme.target" in name}
    assert targets == {"org.apache.hadoop.fs.HarFileSystem"}
    assert properties["fs.viewfs.mounttable.lake.linkFallback"].endswith("/s3/lake")
