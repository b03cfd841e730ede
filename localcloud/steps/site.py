"""The directories and programs of one step, from which every command builds its command line."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from localcloud.steps.errors import CommandError


@dataclass(frozen=True)
class Site:
    """The directories and programs of one step.

    step_dir: the step's own directory, removed after it (cwd is its work/, TMPDIR its tmp/). conf_dir: Hadoop's
    and Spark's configuration. buckets_dir: the account's buckets as directories. hdfs_dir: the cluster's
    HDFS. spark_home: as SPARK_HOME. driver_memory: bytes. archive: Java's loaded classes, when built. flink_home:
    the Python environment that carries Flink, when there is one.
    """

    step_dir: Path
    buckets_dir: Path
    hdfs_dir: Path
    spark_home: Path
    java_home: Path
    python: str
    cores: int
    driver_memory: int
    archive: Path | None
    flink_home: Path | None = None

    @property
    def conf_dir(self) -> Path:
        return self.step_dir / "conf"

    @property
    def bin_dir(self) -> Path:
        return self.step_dir / "bin"

    @property
    def work_dir(self) -> Path:
        return self.step_dir / "work"

    @property
    def tmp_dir(self) -> Path:
        return self.step_dir / "tmp"

    @property
    def java(self) -> str:
        return str(self.java_home / "bin" / "java")

    @property
    def jars(self) -> str:
        """The class path entry that holds Spark and Hadoop."""
        return spark_jars(self.spark_home)

    def save(self, path: Path) -> None:
        """Write the site for the shims, which run in processes of their own."""
        path.write_text(json.dumps(asdict(self), default=str), encoding="utf-8")

    @staticmethod
    def load(path: Path) -> Site:
        """The site that save wrote."""
        facts = json.loads(path.read_text(encoding="utf-8"))
        places = ("step_dir", "buckets_dir", "hdfs_dir", "spark_home", "java_home")
        facts.update({name: Path(facts[name]) for name in places})
        for name in ("archive", "flink_home"):
            facts[name] = Path(facts[name]) if facts[name] else None
        return Site(**facts)


def pyspark_dir() -> Path:
    """The directory of the pyspark package, which contains Spark and Hadoop. Raises CommandError when it is missing."""
    spec = importlib.util.find_spec("pyspark")
    if spec is None or spec.origin is None:
        raise CommandError(
            "Looked for the pyspark package, which carries Spark and Hadoop, and found none: "
            "`pip install pyspark==3.5.6`.",
            exit_code=127,
        )
    return Path(spec.origin).parent


def spark_jars(spark_home: Path) -> str:
    """The class path entry of a SPARK_HOME's jars, without symbolic links: archive.py depends on the exact text."""
    return f"{(spark_home / 'jars').resolve()}/*"


def make_spark_home(place: Path) -> Path:
    """A SPARK_HOME of pyspark's jars and scripts without python/lib; creates place and returns it.

    python/lib is omitted because Spark puts its pyspark.zip first on the Python path, and a zip keeps no compiled
    modules, so each start would compile PySpark again. The installed package is the same code.
    """
    source = pyspark_dir()
    place.mkdir(parents=True, exist_ok=True)
    for name in ("jars", "bin"):
        link = place / name
        if not link.is_symlink():
            link.symlink_to(source / name, target_is_directory=True)
    return place
