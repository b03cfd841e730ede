"""`make compose-test`: docker-compose.yaml brought up for real, used as a user would, and brought down.

Pictures of the UI, records and gold of its nights are left in .nightshift/compose/.
"""

import json
import re
import shutil
import subprocess
import time
import urllib.error
import urllib.request

import pyarrow.parquet as pq

from embedded.airflow.api import AirflowApi
from embedded.cloud import environment
from embedded.terminal import record
from localcloud import credentials
from localcloud.credentials import Access
from tests import browser as playing
from tests.compose import jobs_image, standins
from tests.compose.deployment import KILLED, ROOT, Deployment, settings
from tests.compose.engine import engine

HOME = ROOT / ".nightshift" / "compose"
PICTURES = HOME / "pictures"
OFFLINE = "tests/compose/offline.yaml"
STARTED = time.monotonic()
ONE_SHOTS = {"init", "migrate"}
SECRETS = ("fernet_key", "jwt_secret", "api_secret_key", "airflow_password", "cards_password", "office_password")
NIGHTS = (
    ("mrhealth_sales", "--reference", "database"),
    ("card_movements",),
    ("wordcount", "--engine", "flink"),
    ("wordcount", "--on", "kubernetes"),
    ("wordcount", "--on", "eks"),
)


def main() -> None:
    """Every check in turn; the first that fails ends it, and what was started is brought down all the same."""
    HOME.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(PICTURES, ignore_errors=True)
    PICTURES.mkdir()
    with engine(HOME) as (env, outside):
        official = outside and standins.registry()
        named = {} if official else standins.made(env, HOME)
        say("images: " + ("the official ones" if official else "stand-ins, no registry can be reached"))
        jobs_image.check(env, official=official)
        deployment = Deployment({**env, **named, **settings()}, [] if official else [OFFLINE])
        try:
            check(deployment)
        finally:
            deployment.compose("down", "--volumes")
        assert deployment.left() == [], deployment.left()
        say("down: no container, volume or network is left")


def check(it: Deployment) -> None:
    it.compose("build", "--quiet", "init", "migrate")  # one service of each image
    say("images built")
    it.compose("up", "--wait")
    say("up, and usable")
    for step in (whole, tools, browser, nights, told, lasting):
        step(it)


def whole(it: Deployment) -> None:
    """Every service is well, every port is on 127.0.0.1, and no secret stands in the configuration."""
    for service, told in it.states().items():
        if service in ONE_SHOTS:
            assert told["ExitCode"] == 0, told
        else:
            assert told["State"] == "running" and told["Health"] in {"healthy", ""}, told
        assert all(port["URL"] in {"127.0.0.1", ""} for port in told["Publishers"] or ()), told
    config = it.said("config")
    assert [name for name in SECRETS if secret(it, name) in config] == []
    say("every service is well; no secret is in the configuration")


def tools(it: Deployment) -> None:
    """The command lines of `control` work, and see the cloud."""
    assert it.inside("terraform", "version").startswith("Terraform v1.11")
    assert "nightshift-compose-state" in it.inside("aws", "s3", "ls")
    assert closed(f"{it.cloud}/") and closed(f"{it.cloud}/_localcloud/calls"), "AWS opens itself to its key alone"
    assert "Clusters" in it.inside("aws", "emr", "list-clusters")
    assert "wordcount" in it.inside("nightshift", "list")
    say("terraform, aws and nightshift answer in control")


def browser(it: Deployment) -> None:
    """A night triggered through the form of the UI; its gold is what its record says."""
    command = [playing.python(), ROOT / "tests" / "compose" / "browser.py"]
    words = [it.address, secret(it, "passwords.json"), str(PICTURES), "wordcount"]
    done = subprocess.run([*command, *words], check=True, stdout=subprocess.PIPE, text=True)
    gold(it, "wordcount", done.stdout.split()[-1])
    say("a night through the form of the UI succeeded; its gold is right")


def nights(it: Deployment) -> None:
    """The one command that plays a night and prints its result, over both databases, on Flink and on Kubernetes."""
    for pipeline, *options in NIGHTS:
        it.compose("exec", "-T", "control", "nightshift", "trigger", pipeline, *options)
        say(f"{pipeline} {' '.join(options)}: success")


def told(it: Deployment) -> None:
    """The message of every night is in the sink's log."""
    shown = it.said("logs", "--no-log-prefix", "messages")
    (HOME / "messages.log").write_text(shown)
    outcomes = re.findall(r": (success[a-z ]*) \[nightshift-compose\]", shown)
    # The made-up sales are broken on purpose.
    assert sorted(outcomes) == ["success"] * len(NIGHTS) + ["success with warnings"], shown
    say("the sink shows the messages of all nights")


def lasting(it: Deployment) -> None:
    """It stops clean; after `up` again runs and login are those of before."""
    before = secret(it, "passwords.json")
    it.compose("stop")
    killed = [name for name, told in it.states().items() if told["ExitCode"] == KILLED]
    assert killed == [], killed
    it.compose("down")
    it.compose("up", "--wait")
    assert secret(it, "passwords.json") == before
    assert api(it).call("GET", "/dags/wordcount/dagRuns")["total_entries"] > 1
    say("stopped without force, up again: login and runs have lasted")


def gold(it: Deployment, dag: str, run: str) -> None:
    """The record says success, and each gold table has as many rows as it says."""
    access = Access(it.cloud, credentials.parsed(secret(it, "aws_credentials")))
    env = {**environment.aws(access), "NIGHTSHIFT_NAME": "nightshift-compose"}
    kept = record.keep(env, dag, run, HOME / "runs")
    assert kept.record and kept.record["outcome"] != "failed", kept.record
    for table in kept.record["gold"]:
        found = sum(pq.read_metadata(file).num_rows for file in kept.gold(table["table"]))
        assert found == table["rows"] > 0, (table, found)
        say(f"gold {table['table']}: {found} rows")


def closed(url: str) -> bool:
    """Whether who has no key is refused."""
    try:
        urllib.request.urlopen(url, timeout=30)
    except urllib.error.HTTPError as answer:
        return answer.code == 403
    return False


def api(it: Deployment) -> AirflowApi:
    [login] = json.loads(secret(it, "passwords.json")).items()
    return AirflowApi(it.address, *login)


def secret(it: Deployment, name: str) -> str:
    return it.inside("cat", f"/run/nightshift/{name}")


def say(words: str) -> None:
    minutes, seconds = divmod(int(time.monotonic() - STARTED), 60)
    print(f"  {minutes:02d}:{seconds:02d}  {words}", flush=True)


if __name__ == "__main__":
    main()
