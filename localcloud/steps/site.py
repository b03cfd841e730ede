"""Where things are on this machine for one step: what every command builds its command line from."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from localcloud.steps.errors import CommandError


@dataclass(frozen=True)
class Site:
    """The directories and programs of one step.

    step_dir: the step's own directory, removed after it (cwd is its work/, TMPDIR its tmp/). conf_dir: Hadoop's
    and Spark's configuration. buckets_dir: the account's buckets as directories. hdfs_dir: the cluster's
    HDFS. spark_home: as SPARK_HOME. driver_memory: bytes. archive: Java's loaded classes, when built.
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
        return f"{self.spark_home}/jars/*"

    def save(self, path: Path) -> None:
        """Write the site for the shims that run in a process of their own."""
        path.write_text(json.dumps({k: str(v) for k, v in asdict(self).items() if v is not None}))

    @staticmethod
    def load(path: Path) -> Site:
        """The site that save wrote."""
        return Site(**{**_absent(), **_parsed(json.loads(path.read_text()))})


def _absent() -> dict[str, None]:
    return {"archive": None}


def _parsed(texts: Mapping[str, str]) -> dict[str, Path | str | int]:
    kinds = {field.name: str(field.type) for field in fields(Site)}
    return {name: _value(kinds[name], text) for name, text in texts.items()}


def _value(kind: str, text: str) -> Path | str | int:
    if kind.startswith("Path"):
        return Path(text)
    return int(text) if kind == "int" else text


def pyspark_dir() -> Path:
    """Where the pyspark package is: it carries Spark and Hadoop. Raises CommandError when it is missing."""
    spec = importlib.util.find_spec("pyspark")
    if spec is None or spec.origin is None:
        raise CommandError(
            "Looked for the pyspark package, which carries Spark and Hadoop, and found none: "
            "`pip install pyspark==3.5.6`.",
            exit_code=127,
        )
    return Path(spec.origin).parent


def make_spark_home(place: Path) -> Path:
    """A SPARK_HOME of pyspark's jars and scripts without python/lib; place is created. Returns place.

    Left out on purpose: Spark puts python/lib/pyspark.zip first on the Python path, and a zip keeps no
    compiled modules, so each start would compile PySpark anew. The installed package is the same code.
    """
    source = pyspark_dir()
    place.mkdir(parents=True, exist_ok=True)
    for name in ("jars", "bin"):
        link = place / name
        if not link.is_symlink():
            link.symlink_to(source / name, target_is_directory=True)
    return place
