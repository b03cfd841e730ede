"""The environment variables of a step's process: those of a step on EMR, and none of the server's own."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from localcloud.steps import hadoop_conf
from localcloud.steps.commands.flink import LAUNCHER
from localcloud.steps.request import BootstrapRequest, StepRequest
from localcloud.steps.site import Site


def environment(request: StepRequest, site: Site, server: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The variables of the step. Only PATH and HOME come from the server's."""
    home = server.get("HOME", str(site.work_dir))
    return {
        **machine(site.bin_dir, site.tmp_dir, home, server),
        **request.access.environment(request.region),
        **request.variables,
        **_spark(site),
        **_flink(site),
        **_node(request, site),
    }


def driver_environment(site: Site, server: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The variables of a Java that serves several steps: none of any step's."""
    return machine(site.bin_dir, site.tmp_dir, server.get("HOME", str(site.work_dir)), server) | _spark(site)


def machine(bin_dir: Path, tmp_dir: Path, home: str, server: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The variables of any machine's processes: its own programs first on the PATH, then this machine's."""
    return {
        "PATH": f"{bin_dir}:{server.get('PATH', os.defpath)}",
        "HOME": home,
        # UTF-8 and UTC, as on EMR's nodes: under LANG=C Java cannot name a file with an accent.
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "TMPDIR": str(tmp_dir),
    }


def _flink(site: Site) -> dict[str, str]:
    """Flink's own variable for its client's Python, so that bootstrap actions need not create one."""
    return {"PYFLINK_CLIENT_EXECUTABLE": str(site.bin_dir / LAUNCHER)} if site.flink_home else {}


def _node(request: StepRequest, site: Site) -> dict[str, str]:
    """The files that EMR keeps in /mnt/var/lib/info of each node."""
    return {"EMR_INFO_DIR": str(site.conf_dir)} if isinstance(request, BootstrapRequest) else {}


def _spark(site: Site) -> dict[str, str]:
    return {
        "JAVA_HOME": str(site.java_home),
        "SPARK_HOME": str(site.spark_home),
        "SPARK_CONF_DIR": str(site.conf_dir),
        "HADOOP_CONF_DIR": str(site.conf_dir),
        "HADOOP_USER_NAME": hadoop_conf.USER,
        "PYSPARK_PYTHON": site.python,
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_LOCAL_DIRS": str(site.tmp_dir),
    }
