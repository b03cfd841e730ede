"""The image of Kubernetes' drivers and executors, built for real, and a job played in it.

    python -m tests.compose.jobs_image        `make compose-test` does it too

Where no registry can be reached, its base and Maven's jars are stand-ins: then what is shown is that the Dockerfile
builds, what it puts where, and that the jobs run in what it makes.
"""

import io
import json
import shutil
import subprocess
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pyarrow.parquet as pq

from nightshift.config import Settings
from nightshift.lake.packaging import package
from nightshift.pipelines import FOLDERS
from tests.compose import standins
from tests.compose.engine import engine
from tests.compose.standins import ROOT, docker

HOME = ROOT / ".nightshift" / "compose"
IMAGE, DAY, TEXT = "nightshift-jobs:test", "2026-01-04", "uma noite, outra noite\n"
JARS = ("hadoop-aws-3.3.4.jar", "aws-java-sdk-bundle-1.12.780.jar")
OWN = f"""
import json, os, sys, boto3, tomllib
jars = [name for name in {JARS} if os.access("/opt/spark/jars/" + name, os.R_OK)]
conf = os.path.isfile(os.environ["HADOOP_CONF_DIR"] + "/core-site.xml")
print(json.dumps([sys.version_info[:2], os.getuid(), jars, conf, boto3.__version__]))
"""


def main() -> None:
    """Build it and play a job in it, with the engine that runs or one of its own."""
    HOME.mkdir(parents=True, exist_ok=True)
    with engine(HOME) as (env, outside):
        check(env, official=outside and standins.registry())


def check(env: Mapping[str, str], *, official: bool) -> None:
    """The image is built, has what the jobs need, belongs to no root, and makes gold of a text."""
    build(env, official=official)
    said = subprocess.run(["docker", *run(), "python3.11", "-c", OWN], env=env, check=True, stdout=subprocess.PIPE)
    version, user, jars, has_conf, boto3_version = json.loads(said.stdout)
    assert (version, user, jars, has_conf) == ([3, 11], 185, list(JARS), True), said.stdout
    assert gold(env) == {"uma": 20, "noite": 40, "outra": 20}
    print(f"  jobs' image: Python 3.11, boto3 {boto3_version}, S3's jars, user {user}; wordcount's gold is right in it")


def build(env: Mapping[str, str], *, official: bool) -> None:
    """Build deploy/kubernetes/Dockerfile as IMAGE."""
    words = ["buildx", "build", "--quiet", "--network", "host", "--tag", IMAGE]
    if official:
        docker(env, *words, "deploy/kubernetes")
        return
    with maven() as address:
        given = {"SPARK_BASE": standins.spark(env, HOME), "MAVEN": address}
        arguments = [word for name, value in given.items() for word in ("--build-arg", f"{name}={value}")]
        docker(env, *words, *arguments, "deploy/kubernetes")


def run(*more: str) -> list[str]:
    """How a container of the image is started."""
    return ["run", "--rm", "--network", "host", *more, IMAGE]


def gold(env: Mapping[str, str]) -> dict[str, int]:
    """What wordcount makes of a text in the image, by word."""
    place, settings = HOME / "jobs", Settings()
    shutil.rmtree(place, ignore_errors=True)
    (place / "out").mkdir(parents=True)
    (place / "out").chmod(0o777)  # the image's user is another one
    (place / "text.txt").write_text(TEXT * 20)
    packed = package(settings.jobs_dir, settings.time_limit_script, pipelines=FOLDERS)
    (place / "spark_jobs.zip").write_bytes(packed.archive)
    shutil.copy(settings.jobs_dir / "main.py", place)
    own = {"ui.enabled": "false", "driver.host": "127.0.0.1", "driver.bindAddress": "127.0.0.1", "log.level": "ERROR"}
    conf = " ".join(f"--conf spark.{name}={value}" for name, value in own.items())
    submit = f"/opt/spark/bin/spark-submit --master local[1] {conf} --py-files /jobs/spark_jobs.zip /jobs/main.py"
    job = f"--pipeline wordcount --layers bronze,silver,gold --business-date {DAY} --input /jobs/text.txt"
    words = f"{submit} {job} --lake /jobs/out/lake --staging /jobs/out/staging".split()
    docker(env, *run("--volume", f"{place}:/jobs"), *words)
    [file] = (place / "out" / "staging" / "gold" / "word_counts").rglob("*.parquet")
    return {row["word"]: row["occurrences"] for row in pq.ParquetFile(file).read().to_pylist()}


@contextmanager
def maven() -> Iterator[str]:
    """The address of a server that gives an empty jar for each file that is asked for, on 127.0.0.1."""
    empty = io.BytesIO()
    with zipfile.ZipFile(empty, "w") as jar:
        jar.writestr("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\n\n")

    class Jars(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            self.send_response(200 if self.path.endswith(JARS) else 404)
            self.send_header("Content-Length", str(len(empty.getvalue())))
            self.end_headers()
            self.wfile.write(empty.getvalue())

    server = ThreadingHTTPServer(("127.0.0.1", 0), Jars)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()


if __name__ == "__main__":
    main()
