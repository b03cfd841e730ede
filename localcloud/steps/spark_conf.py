"""Spark's configuration of one step: the cluster's own settings, without those that describe its nodes."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path

# Properties of the cluster's nodes, not of the job. One machine replaces all nodes here.
_NODES = re.compile(
    r"spark\.master$"
    r"|spark\.submit\.deployMode$"
    r"|spark\.(driver|executor)\.(cores|memory|memoryOverhead|memoryOverheadFactor|instances|resource\..*)$"
    r"|spark\.(driver|executor)\.(extraLibraryPath|host|bindAddress|port)$"
    r"|spark\.executor\.(extraClassPath|extraJavaOptions|pyspark\.memory)$"
    r"|spark\.driver\.extraClassPath$"
    r"|spark\.(dynamicAllocation|shuffle\.service|yarn|kubernetes|mesos|decommission|blacklist|excludeOnFailure)\."
    r"|spark\.stage\.attempt\.ignoreOnDecommissionFetchFailure$"
    r"|spark\.resourceManager\."
    r"|spark\.(eventLog|history)\."
    r"|spark\.(local\.dir|cores\.max|task\.cpus|ui\.port)$"
    r"|spark\.(pyspark\.python|pyspark\.driver\.python|executorEnv\.PYSPARK_PYTHON|executorEnv\.PYTHONPATH)$"
    r"|spark\.hadoop\.(fs\.s3\..*impl|fs\.s3a?n?\.impl|fs\.defaultFS|fs\.viewfs\..*|yarn\..*)$"
)

# EMR's own S3 committer does not exist here; naming it would fail every write.
_EMR_ONLY = re.compile(r"com\.amazonaws\.|com\.amazon\.|/usr/lib/|/usr/share/aws/")

_FILE = "spark-defaults.conf"

# Hadoop's default for s3a:// is a committer of hadoop-aws, which is not here.
COMMITTER: Mapping[str, str] = {
    "spark.hadoop.mapreduce.outputcommitter.factory.scheme.s3a": (
        "org.apache.hadoop.mapreduce.lib.output.FileOutputCommitterFactory"
    ),
}

LAPTOP: Mapping[str, str] = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    # Spark listens for executors, which a step here has none of: only on this machine, and to nobody, as every other
    # user of it could read blocks of cached rows there. The secret is drawn for each SparkContext.
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.authenticate": "true",
    "spark.sql.warehouse.dir": "hdfs:///user/spark/warehouse",
    **COMMITTER,
}


def describes_nodes(name: str, value: str = "") -> bool:
    """Whether a Spark property describes the cluster's nodes, and so has no meaning on one machine.

    Left out are: master and deployMode; cores, memory, instances, ports, class and library paths of driver and
    executors; dynamic allocation, shuffle service, YARN, Kubernetes, decommissioning; event log and history server;
    local directories; Python paths; Hadoop file system classes; any value that names EMR's own classes or directories.
    Everything else is honoured: spark.sql.*, serializer, driver Java options, packages, …
    """
    return bool(_NODES.match(name) or _EMR_ONLY.search(value))


def defaults(cluster: Mapping[str, str], cores: int) -> dict[str, str]:
    """The content of spark-defaults.conf: a laptop's settings, overridden by the cluster's. cores: threads of local
    mode."""
    honoured = {name: value for name, value in cluster.items() if not describes_nodes(name, value)}
    return {
        **LAPTOP,
        "spark.master": f"local[{cores}]",
        # Spark's default, 200, is for clusters: on a few cores it costs a second for each shuffle.
        "spark.sql.shuffle.partitions": str(2 * cores),
        **honoured,
    }


def write(conf_dir: Path, properties: Mapping[str, str]) -> None:
    """Write spark-defaults.conf into conf_dir."""
    lines = [f"{name} {_escaped(value)}\n" for name, value in properties.items()]
    (conf_dir / _FILE).write_text("".join(lines), encoding="utf-8")


def read(conf_dir: Path) -> dict[str, str]:
    """The properties that write wrote; empty when it wrote none."""
    path = conf_dir / _FILE
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return {name: _unescaped(value) for name, _, value in (line.partition(" ") for line in lines)}


def _escaped(value: str) -> str:
    # The file is a Java properties file: escape backslashes and line breaks in values.
    return value.replace("\\", "\\\\").replace("\n", "\\n")


def _unescaped(value: str) -> str:
    return re.sub(r"\\(.)", lambda found: "\n" if found[1] == "n" else found[1], value)


def driver_java_options(properties: Mapping[str, str]) -> list[str]:
    """Options of the driver's JVM: an administrator's come before the job's, as Spark's configuration reference says of
    `spark.driver.defaultJavaOptions`."""
    names = ("spark.driver.defaultJavaOptions", "spark.driver.extraJavaOptions")
    return [option for name in names for option in shlex.split(properties.get(name, ""))]


def left_out(cluster: Mapping[str, str]) -> list[str]:
    """The names of the cluster's settings that defaults leaves out, for the controller log."""
    return sorted(name for name, value in cluster.items() if describes_nodes(name, value))


def pairs(settings: Iterable[str]) -> dict[str, str]:
    """`name=value` texts as a dict; a text without = has the value ''."""
    return {name: value for name, _, value in (text.partition("=") for text in settings)}
