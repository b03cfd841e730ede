"""The folder of a step that is run again: what was fetched, a scratch lake, Spark's configuration, a script.

fetched/<bucket>/<key>    as it came; it holds what the rows hold, personal data too
s3/<bucket>/<key>         the scratch lake, made anew of it for each run
jobs/main.py, jobs/spark_jobs.zip/   the program, unpacked: change it to try a fix
conf/ hdfs/ tmp/          Spark's
job.json stdout stderr again.sh
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from embedded.repro.submitted import Submitted
from localcloud import private
from localcloud.jars import here
from localcloud.steps import StepSettings, hadoop_conf, spark_conf
from tools import paths

BUCKET = re.compile(r"s3[an]?://([a-z0-9][a-z0-9.-]+)")
AGAIN = """\
#!/bin/sh
# Step {step} of {run}, again, on what was fetched; --pdb stops where it fails. Change jobs/ to try a fix.
{environment} exec {command} "$@"
"""


@dataclass(frozen=True)
class Place:
    """The folder of one step."""

    folder: Path

    @property
    def fetched(self) -> Path:
        return self.folder / "fetched"

    @property
    def jobs(self) -> Path:
        return self.folder / "jobs"

    @property
    def script(self) -> Path:
        return self.folder / "again.sh"

    def open(self) -> None:
        """Make the folder, which only its user may read, without what an earlier repro of the run left."""
        shutil.rmtree(self.folder, ignore_errors=True)
        private.folder(self.folder)
        for name in ("fetched", "conf", "tmp"):
            (self.folder / name).mkdir()

    def write(self, job: Submitted, run: str, java_home: Path) -> None:
        """Write the step's configuration and the script that runs it. The jobs and what they read are there."""
        settings = StepSettings()
        buckets = sorted({bucket for word in job.arguments for bucket in BUCKET.findall(word)})
        for bucket in buckets:
            (self.fetched / bucket).mkdir(exist_ok=True)
        hadoop_conf.make_hdfs(self.folder / "hdfs")
        hadoop_conf.write(
            self.folder / "conf", hadoop_conf.core_site(buckets, self.folder / "s3", self.folder / "hdfs")
        )
        jars = [here(path) for path in sorted((self.jobs / "jars").glob("*"))]
        properties = {
            **spark_conf.defaults({}, os.cpu_count() or 1),
            "spark.driver.memory": f"{settings.driver_memory >> 20}m",
            **({"spark.jars": ",".join(jars)} if jars else {}),
        }
        spark_conf.write(self.folder / "conf", properties)
        (self.folder / "job.json").write_text(json.dumps({"arguments": job.arguments}), encoding="utf-8")
        variables = " ".join(f"{name}={shlex.quote(value)}" for name, value in self._variables(java_home).items())
        command = shlex.join([sys.executable, "-P", "-m", "embedded.repro.driver", str(self.folder)])
        self.script.write_text(AGAIN.format(step=job.name, run=run, environment=variables, command=command))
        self.script.chmod(0o700)

    def play(self, environ: Mapping[str, str], *, debug: bool) -> int:
        """Run the step; gives its exit status. Its output goes to stdout and stderr in the folder, or, to `debug`, to
        the terminal."""
        env = {name: value for name, value in environ.items() if not name.startswith(("AWS_", "SPARK_", "PYSPARK_"))}
        if debug:
            return subprocess.call([self.script, "--pdb"], env=env)
        with (self.folder / "stdout").open("wb") as out, (self.folder / "stderr").open("wb") as err:
            return subprocess.call([self.script], env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=err)

    def logs(self) -> dict[str, list[str]]:
        """The lines of the last run's output, as a step's logs."""
        names = ("stdout", "stderr")
        return {n: (self.folder / n).read_text(encoding="utf-8", errors="replace").splitlines() for n in names}

    def _variables(self, java_home: Path) -> dict[str, str]:
        """As a step on a node has them (localcloud/steps/environment.py); our own package comes last."""
        conf = str(self.folder / "conf")
        return {
            "JAVA_HOME": str(java_home),
            "SPARK_CONF_DIR": conf,
            "HADOOP_CONF_DIR": conf,
            "HADOOP_USER_NAME": hadoop_conf.USER,
            "PYSPARK_PYTHON": sys.executable,
            "PYTHONPATH": os.pathsep.join((str(self.jobs / "spark_jobs.zip"), str(paths.ROOT))),
            "SPARK_LOCAL_IP": "127.0.0.1",
            "SPARK_LOCAL_DIRS": str(self.folder / "tmp"),
            "TMPDIR": str(self.folder / "tmp"),
            "TZ": "UTC",
            "LANG": "C.UTF-8",
        }
