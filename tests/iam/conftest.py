"""Nights played once for the folder on a localcloud that enforces IAM, under the roles that they have on AWS, and every
AWS call that they made."""

import os
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from embedded.airflow import database
from embedded.cloud import iam_option
from embedded.runs.requests import Order
from embedded.runs.runner import Runner
from localcloud import credentials
from localcloud.client import Client
from localcloud.iam.needs import Place
from nightshift.run.ids import slug_of
from tests.bed_api import DAY as BEDS_DAY
from tests.bed_api import BedApi, serving
from tests.ground import laid, under_role
from tests.iam import account

DAY, RED_DAY = "2026-01-04", "2026-01-05"
LOG_DELAY_SECONDS = "2"  # EMR pushes a step's logs after the step: who reads them at once meets a 404


@dataclass(frozen=True)
class Played:
    """What was asked of the cloud, how the runs ended, and where they left what.

    calls: of the nights alone, by_anybody: with those of the operator, who brings their files; by_operator: how many
    went before, while the account was made ready.
    private_keys: in use while the first night ran, its way in and its certificate.
    """

    env: Mapping[str, str]
    foundation: Mapping[str, object]
    calls: list[dict]
    by_anybody: list[dict]
    events: list[dict]
    by_operator: int
    private_keys: list[str]
    airflow_home: Path
    log: Path
    server_log: Path
    beds: BedApi

    def client(self, service):
        return account.client(self.env, service)

    @property
    def runs(self):
        return [event for event in self.events if event["event"] == "night"]


@pytest.fixture(scope="session")
def played(tmp_path_factory):
    """A good night with a way in, the same date again, one that has its input fetched by a host, a reaper's pass, and
    a night whose step fails."""
    home, scratch = tmp_path_factory.mktemp("cloud"), tmp_path_factory.mktemp("nights")
    own = {
        "LOCALCLOUD_LOG_DELAY_SECONDS": LOG_DELAY_SECONDS,
        **iam_option.of_cloud(iam=True),
        **iam_option.of_nights(iam=True),
        "NIGHTSHIFT_EMAIL_ENDPOINTS": ",".join(account.READERS),
    }
    with laid(home, own) as env, serving(BedApi()) as beds:
        database.copied(home / "airflow", Path(os.environ["AIRFLOW_HOME"]))
        yield play(env, scratch, home, beds)


def play(env, scratch, home, beds):
    server, log = Client(credentials.access(env)), scratch / "nights.log"
    events, keys = [], []
    beds.user, beds.failures = f"{account.BEDS_READER}:{account.BEDS_PASSWORD}", [503, None]
    with Runner(env, log, lambda _again: None) as runner, ExitStack() as until_the_end:
        foundation = account.make_ready(env, log)
        role = until_the_end.enter_context(under_role(env, log))
        runner.work_under(role)
        by_operator = server.forget_calls()
        account.leave_a_dead_run(env, role, foundation)
        account.tell_where_beds_are(env, beds.url.replace("//", f"//{beds.user}@"))
        server.add_fault("step-failure", cluster=f"*{RED_DAY}*", message="out of memory")
        for event in runner.play(env, orders(scratch), tick=60):
            events.append(event)
            if not keys and (event["event"], event.get("task")) == ("running", "start_compute"):
                keys = account.private_keys(env, f"wordcount/{slug_of(event['run_id'])}")
    calls = server.calls()
    return Played(
        env,
        foundation,
        account.of_roles(calls),
        calls,
        events,
        by_operator,
        keys,
        home / "airflow",
        log,
        home / "localcloud" / "server.log",
        beds,
    )


def orders(scratch):
    text = scratch / "text.txt"
    text.write_text("uma noite, outra noite\n" * 20)
    good = (night(text, DAY, ssh_cidr=account.OFFICE), night(text, DAY, ssh_cidr=None))
    fetched = Order("covid_hospitals", {"business_date": str(BEDS_DAY), "ingest": "api"}, [], [])
    return [*good, fetched, Order("reaper", {}, [], []), night(text, RED_DAY, ssh_cidr=None)]


def night(text, day, **conf):
    """A wordcount night on one file, in a folder of its day."""
    folder = f"iam/{day}/"
    conf = {"business_date": day, "input_prefix": folder, **conf}
    return Order("wordcount", conf, [(str(text), f"{folder}{text.name}")], [])


@pytest.fixture(scope="session")
def place(played):
    """Which key each bucket, the topic and the secrets are encrypted with; none where AWS manages it."""
    s3, key = played.client("s3"), played.foundation["kms_key_arn"]
    keys = {bucket["Name"]: encryption_key(s3, bucket["Name"]) for bucket in s3.list_buckets()["Buckets"]}
    return Place(account.REGION, key.split(":")[4], {**keys, "topic": key, "secrets": key})


def encryption_key(s3, bucket):
    [rule] = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    return rule["ApplyServerSideEncryptionByDefault"].get("KMSMasterKeyID")
