"""The ./nightshift command as a user runs it with --iam, on one localcloud that stays up for the folder."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from embedded.cloud import iam_option
from localcloud import credentials
from localcloud.client import Client
from tests import callers
from tests.ground import REATTACH, laid, under_role

ROOT = Path(__file__).resolve().parents[2]
CLOUD = ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", iam_option.KEY)
ALIVE = ["STARTING", "BOOTSTRAPPING", "RUNNING", "WAITING", "TERMINATING"]


@dataclass(frozen=True)
class Ended:
    """A command that ended: its exit status, what it printed, the records and pages that it says it kept, in its
    order."""

    status: int
    said: str
    records: list[dict]
    pages: list[Path]


@dataclass(frozen=True)
class Nightshift:
    """Runs ./nightshift's Python side against one cloud, in the environment of a user who chose it."""

    chosen: Mapping[str, str]

    def __call__(self, *arguments: object) -> Ended:
        env = {k: v for k, v in os.environ.items() if not k.startswith("AIRFLOW")} | self.chosen
        command = [sys.executable, "-m", "embedded", *map(str, arguments)]
        done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=1000, check=False)
        kept = re.findall(r"^Record: +(.+?/record\.json)", done.stdout, re.MULTILINE)
        records = [json.loads((ROOT / path).read_text()) for path in kept]
        pages = [ROOT / path for path in re.findall(r"^Page: +(.+?/index\.html)$", done.stdout, re.MULTILINE)]
        return Ended(done.returncode, done.stdout + done.stderr, records, pages)

    def client(self, service: str):
        return callers.own_client(self.chosen, service)

    @property
    def faults(self) -> Client:
        return Client(credentials.access(self.chosen))

    def clusters(self):
        return self.client("emr").list_clusters(ClusterStates=ALIVE)["Clusters"]


@contextmanager
def commands(home: Path, spark: Mapping[str, str]) -> Iterator[Nightshift]:
    """./nightshift on a cloud whose files are below `home`, under the roles of AWS."""
    with (
        laid(home, iam_option.of_cloud(iam=True), spark=spark) as env,
        under_role(env, home / "operator.log") as role,
    ):
        attached = {key: role[key] for key in (REATTACH,) if key in role}
        yield Nightshift({key: env[key] for key in CLOUD} | attached)


@pytest.fixture(scope="session")
def nightshift(tmp_path_factory):
    with commands(tmp_path_factory.mktemp("e2e"), spark={}) as started:  # with all that EMR has on
        yield started


@pytest.fixture(scope="session")
def shared_data():
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the real input data (../shared/data) is not on this machine")
    return folder
