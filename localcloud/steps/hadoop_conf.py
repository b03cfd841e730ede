"""Hadoop's configuration of one step: s3://, s3a://, s3n:// and hdfs:// as directories of this machine.

Three facts, each found by running Hadoop 3.3.4 (the one in PySpark 3.5.6):

* ViewFileSystemOverloadScheme maps a scheme's authority (the bucket) to a directory by linkFallback. An unknown
  bucket goes to `fs.viewfs.overload.scheme.target.<scheme>.impl`: were that a local file system, it would be the
  root directory of the machine. So it is one that takes nothing but .har archives and refuses the bucket.
* The status of a file right below a bucket loses its permissions (`URI scheme is not "file"`) unless the target
  is a directory below another mount: hence the inner mount table, one link to the whole tree.
* LocalFileSystem leaves a .crc beside each file; RawLocalFileSystem does not, under a scheme of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import quote
from xml.sax.saxutils import escape

NAME_NODE = "localcloud"
USER = "hadoop"  # EMR runs steps as user hadoop, whose home in HDFS is /user/hadoop

_OVERLOADED = ("s3", "s3a", "s3n", "hdfs")
_VIEW = "org.apache.hadoop.fs.viewfs.ViewFileSystem"
_REFUSING = "org.apache.hadoop.fs.HarFileSystem"
_INNER = "inner"

_LOG4J = """\
rootLogger.level = warn
rootLogger.appenderRef.console.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.target = SYSTEM_ERR
appender.console.follow = true
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{yy/MM/dd HH:mm:ss} %p %c{1}: %m%n%ex
# It says at each start that Hadoop's C library is not there, which is so on every laptop.
logger.native.name = org.apache.hadoop.util.NativeCodeLoader
logger.native.level = error
# Repeats, with less, the exception that follows it when a bucket does not exist.
logger.filesystem.name = org.apache.hadoop.fs.FileSystem
logger.filesystem.level = fatal
"""


def core_site(buckets: Iterable[str], buckets_dir: Path, hdfs_dir: Path) -> dict[str, str]:
    """Hadoop's properties for these buckets (each a directory of buckets_dir) and this HDFS directory."""
    mounts = f"fs.viewfs.mounttable.{_INNER}.link./"
    return {
        "fs.defaultFS": f"hdfs://{NAME_NODE}",
        **{f"fs.{scheme}.impl": f"{_VIEW}OverloadScheme" for scheme in _OVERLOADED},
        **{f"fs.viewfs.overload.scheme.target.{scheme}.impl": _REFUSING for scheme in _OVERLOADED},
        "fs.viewfs.impl": _VIEW,
        "fs.raw.impl": "org.apache.hadoop.fs.RawLocalFileSystem",
        f"{mounts}s3": f"raw://{quote(str(buckets_dir))}",
        f"{mounts}hdfs": f"raw://{quote(str(hdfs_dir))}",
        **{_fallback(bucket): f"viewfs://{_INNER}/s3/{bucket}" for bucket in buckets},
        _fallback(NAME_NODE): f"viewfs://{_INNER}/hdfs",
        # Without it Hadoop looks up the groups of a user that this machine does not have.
        "hadoop.user.group.static.mapping.overrides": f"{USER}={USER}",
    }


def _fallback(authority: str) -> str:
    return f"fs.viewfs.mounttable.{authority}.linkFallback"


def write(conf_dir: Path, properties: Mapping[str, str]) -> None:
    """Write core-site.xml and log4j2.properties into conf_dir."""
    conf_dir.mkdir(parents=True, exist_ok=True)
    body = "".join(
        f"  <property><name>{escape(name)}</name><value>{escape(value)}</value></property>\n"
        for name, value in properties.items()
    )
    (conf_dir / "core-site.xml").write_text(f"<configuration>\n{body}</configuration>\n", encoding="utf-8")
    (conf_dir / "log4j2.properties").write_text(_LOG4J, encoding="utf-8")


def make_hdfs(hdfs_dir: Path) -> None:
    """Create the directories of a new HDFS on EMR."""
    for name in (f"user/{USER}", "user/spark/warehouse", "tmp"):
        (hdfs_dir / name).mkdir(parents=True, exist_ok=True)
