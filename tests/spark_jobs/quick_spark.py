"""A Spark session that starts fast and spends little on small frames; what it computes is what any other would."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from py4j.clientserver import ClientServerConnection
from py4j.java_gateway import JavaClass, JavaMember, JavaPackage, JVMView
from pyspark import SparkContext
from pyspark.sql import SparkSession

from localcloud.steps import java
from localcloud.steps.archive import archive_path
from localcloud.steps.settings import StepSettings
from localcloud.steps.site import make_spark_home, spark_jars
from medallion.light import LIGHT

JCMD = java.find_java_home() / "bin" / "jcmd"
ROOT = Path(__file__).resolve().parents[2]
AS_A_CLUSTER = {
    "spark.sql.codegen.wholeStage": "true",
    "spark.sql.codegen.factoryMode": "FALLBACK",
    "spark.sql.adaptive.enabled": "true",
}
SETTINGS = {
    **LIGHT,
    "spark.master": "local[1]",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.catalogImplementation": "in-memory",
    # As a step sees a bucket: without the .crc files of LocalFileSystem, which cannot stand beside a name with a colon.
    "spark.hadoop.fs.file.impl": "org.apache.hadoop.fs.RawLocalFileSystem",
    # Nobody looks at the jobs of a test, nor at the plans that Spark tells for each.
    **{f"spark.ui.retained{what}": "1" for what in ("Jobs", "Stages", "Tasks")},
    "spark.sql.ui.retainedExecutions": "1",
    "spark.sql.ui.explainMode": "simple",
    "spark.sql.debug.maxToStringFields": "1",
    **{f"spark.{what}.compress": "false" for what in ("shuffle", "shuffle.spill", "broadcast")},
    # Buffers for a dozen rows. By default what is sent to tasks takes 4 MB each time, a quarter of all that a night
    # allocates; a sort or a sum takes 32 MB, and a column that is read or cached what 4,096 or 10,000 rows need.
    "spark.buffer.pageSize": "1m",
    "spark.broadcast.blockSize": "64k",
    "spark.sql.parquet.columnarReaderBatchSize": "512",
    "spark.sql.inMemoryColumnarStorage.batchSize": "500",
    "spark.python.daemon.module": "tests.spark_jobs.quick_daemon",
}
# Of Hadoop's defaults, those of daemons, of stores and of a MapReduce that nobody runs: three in four.
NOT_HERE = (
    *("yarn.", "ipc.", "ha.", "hadoop.http.", "hadoop.registry.", "hadoop.zk.", "hadoop.ssl."),
    *("fs.s3a.", "fs.azure.", "fs.viewfs.", "fs.ftp.", "fs.adl."),
    *(f"mapreduce.{part}." for part in ("job", "jobhistory", "reduce", "shuffle", "map", "client", "ifile", "cluster")),
)
DISK = """
public class Disk extends org.apache.hadoop.fs.RawLocalFileSystem {
    public void setPermission(org.apache.hadoop.fs.Path path, org.apache.hadoop.fs.permission.FsPermission rights) {}
}
"""
# Short jobs never earn back what the optimising compiler costs: this halves the CPU of the tests. Without it Java gives
# its code 48 MB, which a hundred nights fill, and then throws away and compiles anew.
JAVA_FLAGS = ("-XX:TieredStopAtLevel=1", "-XX:ReservedCodeCacheSize=240m", "-Xmx1g", "-Xmn384m")


@contextmanager
def quick_session(place: Path, jars: str) -> Iterator[Any]:
    """A session whose files are below `place`, with more jars on its class path."""
    _remember_names()
    _close_what_is_interrupted()
    python_path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    home = _spark_home(place / "spark-home")
    builder = SparkSession.builder.config("spark.sql.warehouse.dir", str(place / "warehouse"))
    for key, value in {**SETTINGS, "spark.jars": jars}.items():
        builder = builder.config(key, value)
    # Java and its Python workers keep them; what else this process starts must not see them.
    with _environment({"SPARK_HOME": str(home), "PYSPARK_PYTHON": sys.executable, "PYTHONPATH": python_path}):
        session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    # Not a setting of the context: that would be the cluster's word, and the jobs would not size their shuffles.
    session.conf.set("spark.sql.shuffle.partitions", "1")
    _forget_services(session)
    _leave_rights_alone(session)
    yield session
    session.stop()


def _forget_services(session: Any) -> None:
    """Hadoop's settings travel with every task that reads or writes a file. Most of them are defaults of daemons and
    stores that are not here."""
    jvm, hadoop = session.sparkContext._jvm, session.sparkContext._jsc.hadoopConfiguration()
    for name in ("mapred.JobConf", "yarn.conf.YarnConfiguration"):  # with these come defaults, and all is read anew
        jvm.java.lang.Class.forName(f"org.apache.hadoop.{name}")
    for name in list(hadoop.getPropsWithPrefix("").keySet()):
        if name.startswith(NOT_HERE):
            hadoop.unset(name)


def _leave_rights_alone(session: Any) -> None:
    """For each folder that it makes Hadoop starts a `chmod`, to give it what the umask gave it already: 300 in a night.
    All that open the disk share the first that was opened."""
    jvm, hadoop = session.sparkContext._jvm, session.sparkContext._jsc.hadoopConfiguration()
    compiler = jvm.org.codehaus.janino.SimpleCompiler()  # Spark brings it, for the code that it generates
    compiler.setParentClassLoader(hadoop.getClassLoader())
    compiler.cook(DISK)
    own = jvm.org.apache.hadoop.conf.Configuration(hadoop)
    own.setClassLoader(compiler.getClassLoader())
    own.set("fs.file.impl", "Disk")
    jvm.org.apache.hadoop.fs.FileSystem.closeAll()
    jvm.org.apache.hadoop.fs.FileSystem.get(jvm.java.net.URI("file:///"), own)


def _spark_home(place: Path) -> Path:
    """A SPARK_HOME whose spark-submit is one Java, started as a step's is, and not a shell and two."""
    make_spark_home(place)
    (place / "bin").unlink()
    script = place / "bin" / "spark-submit"
    script.parent.mkdir()
    java_home = java.find_java_home()
    flags = [*java.MODULE_FLAGS, *java.QUIET_FLAGS, java.COLLECTOR, *JAVA_FLAGS]
    archives = StepSettings().archive_dir
    if archives and (archive := archive_path(archives, java_home)).exists():
        flags.append(f"-XX:SharedArchiveFile={archive}")
    words = [str(java_home / "bin" / "java"), *flags, "-cp", spark_jars(place), "org.apache.spark.deploy.SparkSubmit"]
    script.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n', encoding="utf-8")
    script.chmod(0o755)
    return place


def _remember_names() -> None:
    """Each time that Python names a class or a function of the JVM, py4j asks what it is, and Java looks through all
    its jars for what it might be; the answer is always the same."""
    for kind in (JVMView, JavaPackage, JavaClass):
        if not hasattr(kind.__getattr__, "asked"):
            kind.__getattr__ = _remembering(kind.__getattr__)


def _remembering(asked: Any) -> Any:
    def get(self: Any, name: str) -> Any:
        found = asked(self, name)
        if isinstance(found, JavaPackage | JavaClass | JavaMember):
            self.__dict__[name] = found
        return found

    get.asked = asked
    return get


def _close_what_is_interrupted() -> None:
    """A test that runs out of time leaves a call to Java without its answer, which py4j would take for the answer of
    the next call, and so on in every test that follows. The next call gets a connection of its own; what Java was doing
    is shown with the test."""
    if not hasattr(ClientServerConnection.send_command, "asked"):
        ClientServerConnection.send_command = _closing(ClientServerConnection.send_command)


def _closing(asked: Any) -> Any:
    def send_command(self: Any, command: str) -> Any:
        try:
            return asked(self, command)
        except Exception:
            raise
        except BaseException:  # pytest's Failed is one, and py4j closes after KeyboardInterrupt only
            self.close()
            if JCMD.exists():
                show = [JCMD, str(SparkContext._gateway.proc.pid), "Thread.print"]
                print(
                    subprocess.run(show, check=False, capture_output=True, text=True, timeout=300).stdout,
                    file=sys.stderr,
                )
            raise

    send_command.asked = asked  # type: ignore[attr-defined]
    return send_command


@contextmanager
def _environment(changes: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in changes}
    os.environ.update(changes)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value
