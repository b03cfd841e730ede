"""The directories and configuration of one step, made before it starts and removed after it."""

from __future__ import annotations

import json
import os
from pathlib import Path

from localcloud import private
from localcloud.steps import hadoop_conf, java, spark_conf
from localcloud.steps.archive import archive_path
from localcloud.steps.request import BootstrapRequest, StepRequest
from localcloud.steps.settings import StepSettings
from localcloud.steps.shim import write_shims
from localcloud.steps.site import Site, make_spark_home


class Workspace:
    """The steps' directories below one directory: steps/<cluster>/<step>, hdfs/<cluster>, spark-home."""

    def __init__(self, top: Path, settings: StepSettings) -> None:
        self._top, self._settings = top, settings

    def cluster_dirs(self, cluster_id: str) -> tuple[Path, Path]:
        """A cluster's own directories: its steps and its HDFS."""
        return self._top / "steps" / cluster_id, self._top / "hdfs" / cluster_id

    def open(self, request: StepRequest) -> Path:
        """Create a step's directory with its empty logs; returns it. Raises OSError when the disk is full."""
        step_dir = private.folder(self.cluster_dirs(request.cluster_id)[0] / request.step_id)
        for name in ("logs", "work", "tmp", "conf", "bin"):
            (step_dir / name).mkdir(parents=True, exist_ok=True)
        for name in ("stdout", "stderr"):
            (step_dir / "logs" / name).touch()
        return step_dir

    def site(self, request: StepRequest, step_dir: Path, buckets_dir: Path) -> Site:
        """Find Java and Spark, write the configuration and the shims. Raises CommandError, OSError."""
        java_home = self._settings.java_home or java.find_java_home()
        site = Site(
            step_dir=step_dir,
            buckets_dir=buckets_dir,
            hdfs_dir=self.cluster_dirs(request.cluster_id)[1],
            spark_home=make_spark_home(self._top / "spark-home"),
            java_home=java_home,
            python=self._settings.python,
            cores=self._settings.cores or os.cpu_count() or 1,
            driver_memory=self._settings.driver_memory,
            archive=self._archive(java_home),
            flink_home=self._settings.flink_home,
        )
        _configure(request, site)
        return site

    def _archive(self, java_home: Path) -> Path | None:
        directory = self._settings.archive_dir
        return archive_path(directory, java_home) if directory else None


def _configure(request: StepRequest, site: Site) -> None:
    hadoop_conf.make_hdfs(site.hdfs_dir)
    there = site.buckets_dir.iterdir() if site.buckets_dir.is_dir() else ()
    buckets = [bucket.name for bucket in there if bucket.is_dir()]
    hadoop_conf.write(site.conf_dir, hadoop_conf.core_site(buckets, site.buckets_dir, site.hdfs_dir))
    spark_conf.write(site.conf_dir, spark_conf.defaults(request.spark_defaults, site.cores))
    write_shims(site)
    if isinstance(request, BootstrapRequest):
        _write_info(request, site.conf_dir)


def _write_info(request: BootstrapRequest, directory: Path) -> None:
    """Write the files that scripts on an EMR node read: instance.json and job-flow.json, with their most used
    members."""
    instance = {"isMaster": True, "isRunningNameNode": True, "isRunningResourceManager": True}
    job_flow = {"jobFlowId": request.cluster_id, "masterInstanceId": request.instance}
    for name, facts in (("instance", instance), ("job-flow", job_flow)):
        (directory / f"{name}.json").write_text(json.dumps(facts), encoding="utf-8")
