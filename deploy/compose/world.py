"""What stands around the nights: bucket, queue, cluster, filled databases and their secrets, tools, each day's input.

localcloud forgets all when it stops, so this looks again and again and makes what is missing. It is ready when all
that a first night needs is there; the raw bucket, and with it the input, comes with that night's foundation.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from deploy.compose.messages import QUEUE
from deploy.compose.places import READY, secret
from embedded import dates, pipelines
from embedded.cloud import bootstrap, kubernetes
from embedded.pipeline import Seed
from embedded.sources import secrets
from embedded.uploads import delivery, yesterday
from tools import databases, drivers, paths, toolchain
from tools.databases import DatabaseUrl
from tools.errors import CommandError

LOOK_SECONDS = 5
LOG = Path("/tmp/terraform.log")  # noqa: S108 - of one container only
PROVIDERS = Path("/opt/terraform/providers")
NOT_NOW = (*delivery.FAILURES, ClientError, BotoCoreError, CommandError)
ADDRESSES = {"cards": "cards_url", "head_office": "office_url"}  # of the databases of docker-compose.yaml, in secrets


def main() -> None:
    """Keep everything there for as long as the container lives."""
    env, delivered = dict(os.environ), None
    provider(env)
    drivers.bring(Path(env["NIGHTSHIFT_JDBC_DIR"]))
    while True:
        try:
            settle(env)
            READY.touch()
            delivered = deliver(env, delivered)
        except NOT_NOW as problem:
            print(f"not now: {problem}")
        time.sleep(LOOK_SECONDS)


def provider(env: Mapping[str, str]) -> None:
    """terraform's AWS provider, unpacked where every `init` takes it from; from the registry when it is not there."""
    if toolchain.provider_mirror([PROVIDERS]):
        return
    print("fetching terraform's AWS provider, 700 MB, once")
    variables = {key: value for key, value in env.items() if key != "TF_CLI_ARGS_init"}
    command = ["terraform", f"-chdir={paths.STACKS / 'bootstrap'}", "init", "-backend=false", "-lockfile=readonly"]
    # Below its data folder terraform lays providers out as a mirror is laid out.
    subprocess.run(command, env={**variables, "TF_DATA_DIR": str(PROVIDERS.parent)}, check=True)


def settle(env: Mapping[str, str]) -> None:
    """What a first night needs. Raises one of NOT_NOW while it cannot be had."""
    if bootstrap.ensure(env, LOG):
        print("state bucket made")
    boto3.client("sqs").create_queue(QueueName=QUEUE)
    if not boto3.client("eks").list_clusters()["clusters"] and kubernetes.ensure(env):
        print("Kubernetes cluster made")
    for pipeline in (p for p in pipelines.PIPELINES.values() if p.database in ADDRESSES):
        url, local = databases.parsed(secret(ADDRESSES[pipeline.database])), pipeline.local
        if local.seed and not has(url, local.seeded):
            fill(local.seed, url)
            print(f"{url} filled")
        secrets.keep(env, pipeline.database, url)


def has(url: DatabaseUrl, table: str) -> bool:
    """Whether a database has a table of that name."""
    with url.connected() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM information_schema.tables WHERE table_name = %s", [table])
        return cursor.fetchone() is not None


def fill(seed: Seed, url: DatabaseUrl) -> None:
    """Made-up rows until yesterday."""
    with tempfile.TemporaryDirectory() as scratch:
        seed(url, (), Path(scratch) / "made", dates.today() - timedelta(days=1))


def deliver(env: Mapping[str, str], delivered: object) -> object:
    """Bring yesterday's input, once for each day and bucket; gives what was brought last, None without a bucket."""
    made = yesterday.raw_bucket(env)
    wanted = made and (made, dates.today())
    if wanted and wanted != delivered:
        with tempfile.TemporaryDirectory() as scratch:
            yesterday.deliver(env, Path(scratch), pipelines.makers())
    return wanted


if __name__ == "__main__":
    main()
