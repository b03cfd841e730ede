"""Flink's configuration of one step: all in one process, on the loopback address, below the step's own directory."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from localcloud.steps.site import Site

# Properties of the cluster's nodes, not of the job. One process replaces all nodes here.
_NODES = re.compile(
    r"(taskmanager|jobmanager|resourcemanager|yarn|kubernetes|high-availability|historyserver|rest|blob|env|process)\."
    r"|parallelism\.default=|python\.(client\.)?executable=|execution\.(target|attached)=|io\.tmp\.dirs="
)
_LOG4J = """\
rootLogger.level = warn
rootLogger.appenderRef.console.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.target = SYSTEM_ERR
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{yy/MM/dd HH:mm:ss} %p %c{1}: %m%n%ex
# They say at each start what is so on every laptop: no C library of Hadoop, no Kerberos, no checkpoints of a batch.
logger.native.name = org.apache.hadoop.util.NativeCodeLoader
logger.native.level = error
logger.tokens.name = org.apache.flink.runtime.security.token
logger.tokens.level = error
logger.master.name = org.apache.flink.runtime.jobmaster.JobMaster
logger.master.level = error
"""


def describes_nodes(setting: str) -> bool:
    """Whether a `name=value` of Flink describes the cluster's nodes, and so has no meaning on one machine."""
    return _NODES.match(setting) is not None


def properties(site: Site) -> dict[str, str | int | bool]:
    """Flink's settings for one process on this machine."""
    here = "127.0.0.1"
    hosts = ("rest.address", "rest.bind-address", "jobmanager.bind-host", "taskmanager.host", "taskmanager.bind-host")
    return {
        **dict.fromkeys(hosts, here),
        "parallelism.default": site.cores,
        "taskmanager.numberOfTaskSlots": site.cores,
        "taskmanager.memory.managed.size": "256m",
        "io.tmp.dirs": str(site.tmp_dir),
        "classloader.check-leaked-classloader": False,  # Hadoop's shutdown hook fails this check after the job
        "fs.hdfs.hadoopconf": str(site.conf_dir),
    }


def write(conf_dir: Path, settings: Mapping[str, str | int | bool]) -> None:
    """Write config.yaml and the log configuration of Flink's client into conf_dir."""
    conf_dir.mkdir(parents=True, exist_ok=True)
    body = "".join(f"{name}: {json.dumps(value)}\n" for name, value in settings.items())
    (conf_dir / "config.yaml").write_text(body, encoding="utf-8")
    (conf_dir / "log4j-cli.properties").write_text(_LOG4J, encoding="utf-8")
