"""`make mwaa-preflight`: the bundle in MWAA's own place, from pip to a night, on a localcloud of its own.

No file of the suite: it makes an environment from PyPI and moves a gigabyte. Its tests run in this order, share one
place, and say their figures; what the first one spoils, the others show too.
"""

import json
import os
import shutil
import subprocess
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy.mwaa import bundle, place
from deploy.mwaa import tools as tool_room
from deploy.mwaa.bundle import OUT, ROOT
from deploy.mwaa.place import Place
from embedded.cloud import endpoint, environment, kubernetes
from embedded.cloud.environment import KUBERNETES, NAME
from embedded.runs.requests import Order
from embedded.runs.runner import Runner
from localcloud.client import Client
from localcloud.iam.needs import Place as Where
from localcloud.iam.needs import needs
from nightshift.config import COMPUTE
from tests.iam import account, grants
from tests.iam import conftest as nights
from tests.mwaa.conftest import fingerprint
from tools import toolchain

pytestmark = pytest.mark.timeout(1800)
DAY = "2026-01-04"
PARSE_SECONDS = 30  # Airflow's own limit for one file, dagbag_import_timeout
STARTUP_SECONDS = 300


def say(words):
    print(f"  {words}", flush=True)


@pytest.fixture(scope="session")
def tools():
    return tool_room.collect()


def test_without_an_unpacked_mirror_terraform_brings_the_very_same_provider(tools, tmp_path, monkeypatch):
    """From a packed mirror here, as from the registry elsewhere (700 MB, so it is not among CI's tests)."""
    [provider] = [tool for tool in tools if tool.name == "aws-provider"]
    packed = tmp_path / "packed" / tool_room.PROVIDER.parents[1] / "terraform-provider-aws_5.100.0_linux_amd64.zip"
    packed.parent.mkdir(parents=True)
    with zipfile.ZipFile(packed, "w") as archive:
        for path in provider.files.values():
            archive.write(path, path.name)
    monkeypatch.setenv("TF_CLI_ARGS_init", f"-plugin-dir={tmp_path / 'packed'}")
    folder = tool_room.registered(toolchain.terraform(), tmp_path / "kept")
    found = tool_room.collect(toolchain.terraform(), folder)
    sums = found[1].sums
    shutil.rmtree(tmp_path)
    assert sums == provider.sums


@pytest.fixture(scope="session")
def made(tools):
    return bundle.build(ROOT, NAME, tools)


@pytest.fixture(scope="session")
def there(made, unused_database, tmp_path_factory):
    laid = place.unpacked(made, tmp_path_factory.mktemp("mwaa"))
    shutil.copyfile(unused_database, laid.home / "airflow.db")
    yield laid
    place.unsealed(laid)
    shutil.rmtree(laid.home / "tools", ignore_errors=True)  # 800 MB, and pytest keeps what three runs made


@pytest.fixture(scope="session")
def python(there):
    """MWAA's interpreter, with what pip put into its environment."""
    (path, new), seconds = timed(lambda: place.python(there, OUT / "venv"))
    say(f"pip, in a new environment: {seconds:.1f} s of MWAA's 540" if new else "pip: the same requirements as before")
    return path


@pytest.fixture(scope="session")
def bound(python):
    """The same, to which the DAGs' folder is read-only even if root calls it: root may override modes, so not here."""
    as_others = [shutil.which("setpriv"), "--bounding-set", "-dac_override"] if os.geteuid() == 0 else []
    return [*as_others, str(python)]


def test_requirements_resolve_under_mwaas_constraints_and_essential_pins(made, python):
    say(f"bundle {made.version}: {len(made.files)} files, {sum(map(len, made.files.values())):,} bytes")
    check = subprocess.run([python, "-m", "pip", "check"], capture_output=True, text=True, check=False)
    assert check.returncode == 0, check.stdout


@pytest.mark.parametrize("component", ["scheduler", "worker"])
def test_every_dag_imports_without_error_or_warning(there, python, bound, component):
    """In a container that parses, and in one that runs tasks, where a DAG is imported again."""
    after, _ = place.started(there, place.environ(there, component, python, {"AWS_DEFAULT_REGION": "us-east-1"}))
    command = [*bound, str(ROOT / "deploy" / "mwaa" / "imports.py")]
    done = subprocess.run(command, env=after, cwd=there.home, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout.splitlines()[-1])
    say(f"{component}: Python {told['python']}, Airflow imported in {told['airflow_seconds']} s; each file:")
    for file, seconds in told["seconds"].items():
        say(f"    {file:22} {seconds:6.2f} s")
    assert (told["errors"], told["warnings"]) == ({}, {})
    assert set(told["seconds"]) == {path.name for path in (ROOT / "dags").glob("*.py")}
    assert told["library"].startswith(str(there.home / "plugins"))
    assert told["pages"] == {"/nightshift": 200}, "the plugin's app does not answer"
    assert max(told["seconds"].values()) < PARSE_SECONDS


@dataclass(frozen=True)
class Played:
    """The worker's environment and words, the night's events, and every call of both."""

    env: dict
    said: tuple
    seconds: tuple
    events: list
    calls: list
    foundation: dict
    before: dict
    where: Where
    granted: list
    log: Path


@pytest.fixture(scope="session")
def played(there: Place, python, bound, tools, tmp_path_factory):
    home, scratch, found = tmp_path_factory.mktemp("cloud"), tmp_path_factory.mktemp("night"), toolchain.find()
    access = endpoint.start(home, environment.with_tools(found))
    try:
        operator = environment.embedded(access, found, scratch / "airflow") | owned()
        yield play(there, python, bound, tools, access, operator, scratch)
    finally:
        endpoint.stop(home, os.environ)


def play(there, python, bound, tools, access, operator, scratch):
    """An operator makes the account ready, with a Kubernetes cluster, and puts the tools there; then a worker starts
    twice and plays a night on each compute target."""
    foundation = account.make_ready(operator, scratch / "operator.log")
    assert kubernetes.ensure(operator)
    begun = time.monotonic()
    tool_room.upload(account.client(operator, "s3"), NAME, tools)
    say(f"tools packed and put into the bucket in {time.monotonic() - begun:.1f} s")
    server = Client(access)
    server.forget_calls()
    local = {"NO_PROXY": "127.0.0.1", "NIGHTSHIFT_AIRFLOW": str(there.home), **owned()}
    given = {**environment.aws(access), **environment.waits(), **KUBERNETES}
    before = {**place.environ(there, "worker", python, given), **local}
    starts = [timed(lambda: place.started(there, before)) for _ in range(2)]
    (env, _), _ = starts[0]
    kept, log = fingerprint(there.dags), scratch / "night.log"
    with Runner(env, log, lambda _again: None, bound) as runner:
        asked = [order(scratch, target) for target in COMPUTE]
        events = [event for event in runner.play(env, asked, tick=60) if event["event"] != "tick"]
    calls = server.calls()
    said, seconds = tuple(words for (_, words), _ in starts), tuple(taken for _, taken in starts)
    return Played(env, said, seconds, events, calls, foundation, kept, *rights(operator, foundation), log)


def owned():
    """Settings of dev.env and prod.env: the foundation is its owner's, and a night only compares it with its files."""
    return {"NIGHTSHIFT_FOUNDATION": "check", "NIGHTSHIFT_EMAIL_ENDPOINTS": ",".join(account.READERS)}


def timed(act):
    begun = time.monotonic()
    return act(), time.monotonic() - begun


def order(scratch, target):
    text = scratch / "text.txt"
    text.write_text("uma noite, outra noite\n" * 20)
    folder = f"mwaa/{target}/{DAY}/"
    conf = {"business_date": DAY, "input_prefix": folder, "compute": target}
    return Order("wordcount", conf, [(str(text), f"{folder}{text.name}")], [])


def rights(operator, foundation):
    """Where the calls were made, and what the execution role may do, both as the cloud has them."""
    s3, key = account.client(operator, "s3"), foundation["kms_key_arn"]
    keys = {b["Name"]: nights.encryption_key(s3, b["Name"]) for b in s3.list_buckets()["Buckets"]}
    where = Where(account.REGION, key.split(":")[4], {**keys, "topic": key, "secrets": key})
    role = foundation["airflow_role_arn"].rsplit("/", 1)[-1]
    return where, grants.of_role(account.client(operator, "iam"), role)


def test_a_worker_has_terraform_within_mwaas_five_minutes(played, there):
    for words, seconds in zip(played.said, played.seconds, strict=True):
        say(f"startup.sh on a worker: {seconds:.1f} s of {STARTUP_SECONDS}")
        for line in words.splitlines():
            say(f"    {line}")
    assert "terraform fetched" in played.said[0]
    assert "terraform was there" in played.said[1]
    assert max(played.seconds) < STARTUP_SECONDS
    binary = Path(shutil.which("terraform", path=played.env["PATH"]))
    assert binary == there.home / "tools" / "bin" / "terraform"
    assert binary.stat().st_mode & 0o777 == 0o755


def test_a_night_on_each_compute_target_runs_from_the_bundle(played):
    ended = [event for event in played.events if event["event"] == "night"]
    failed = [event for event in played.events if event["event"] == "failed"]
    states = {target: event["state"] for target, event in zip(COMPUTE, ended, strict=True)}
    assert states == dict.fromkeys(COMPUTE, "success"), (failed, played.log.read_text()[-5000:])
    for target, event in zip(COMPUTE, ended, strict=True):
        tasks = event["tasks"]
        done = sum(state == "success" for state in tasks.values())
        say(f"wordcount for {DAY} on {target}: {done} of {len(tasks)} tasks success")
    ran = {call["operation"] for call in played.calls}
    by_terraform = {call["operation"] for call in played.calls if "HashiCorp/" in call["user_agent"]}
    assert {"CreateSecurityGroup", "DeleteSecurityGroup"} <= by_terraform, "terraform made and removed the run's stack"
    assert ran >= {"CreateApplication", "DeleteApplication", "CreateJob", "DeleteJob"}, "Serverless's and Glue's places"
    assert ran >= {"CreateVirtualCluster", "DeleteVirtualCluster"}, "EMR on EKS's place"


def test_nothing_was_written_into_the_dags_folder(played, there):
    assert fingerprint(there.dags) == played.before


def test_the_execution_role_may_do_whatever_the_worker_and_the_night_asked(played):
    asked = [call for call in played.calls if not delivers(call)]
    fetching = [call for call in asked if call["params"].get("Key", "").startswith("tools/")]
    assert {call["operation"] for call in fetching} == {"HeadObject", "GetObject"}
    wanted = {need for call in asked for need in needs(call, played.where)}
    say(f"{len(asked)} calls, {len(wanted)} different needs, all allowed to the execution role")
    assert grants.refused(wanted, played.granted) == []


def delivers(call):
    """What brings the night its input here: on AWS the people who deliver do."""
    return call["params"].get("Bucket") == f"{NAME}-raw" and call["operation"] in ("PutObject", "DeleteObjects")
