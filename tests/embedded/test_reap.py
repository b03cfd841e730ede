"""./nightshift reap: all that is dead, or one run on a person's word after it was shown what that ends."""

import io
import json
import sys
from dataclasses import replace
from datetime import UTC, datetime

import boto3
import pytest

from embedded import cli
from embedded.commands import reap as command
from embedded.commands import reap_process
from embedded.sources import owners
from localcloud.server import LocalCloud
from localcloud.settings import Settings as CloudSettings
from nightshift import config
from nightshift.aws import clients
from nightshift.infrastructure import inventory
from nightshift.run import processes
from nightshift.run.run_context import from_run
from nightshift.state import ledger
from wordcount.definition import PIPELINE as WORDCOUNT


@pytest.fixture
def settings(tmp_path, monkeypatch):
    """Of a localcloud of the test's own, with its buckets."""
    with LocalCloud(CloudSettings(home=tmp_path, port=0)) as cloud:
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)  # it keeps the key of the cloud before
        clients.made.cache_clear()
        for key, value in {**cloud.access.environment("us-east-1"), "NIGHTSHIFT_NAME": "reap-cli"}.items():
            monkeypatch.setenv(key, value)
        found = config.load()
        for kind in config.KINDS:
            boto3.client("s3", "us-east-1").create_bucket(Bucket=found.bucket(kind))
        yield found
        for kind in config.KINDS:  # moto keeps one world a process
            bucket = boto3.resource("s3", "us-east-1").Bucket(found.bucket(kind))
            bucket.objects.delete()
            bucket.delete()


@pytest.fixture
def live(settings):
    """A run at work, conducted by this very process."""
    night = from_run(settings, WORDCOUNT, "manual__a+b", datetime.now(UTC), {})
    night = replace(night, conductor=processes.this())
    with ledger.of(night).act("job_wordcount", 1):
        boto3.client("s3").put_object(Bucket=settings.bucket("lake"), Key=f"{night.staging_prefix}x", Body=b"x")
    return night


class Terminal(io.StringIO):
    """A person who types one line."""

    def isatty(self):
        return True


def test_the_secrets_of_killed_commands_are_deleted_and_those_of_live_ones_are_not(settings, capsys):
    secrets = boto3.client("secretsmanager", "us-east-1")
    for name, owner in (("left", f"{owners.this().rpartition(' ')[0]} 1"), ("at-work", owners.this())):
        tags = [{"Key": owners.TAG, "Value": owner}]
        secrets.create_secret(Name=f"reap-cli/sources/{name}", SecretString="s", Tags=tags)
    assert (reap_process.main(["--dry-run"]), reap_process.main([])) == (0, 0)
    assert [s["Name"] for s in secrets.list_secrets()["SecretList"]] == ["reap-cli/sources/at-work"]
    told = capsys.readouterr().out
    assert "sources/left of a killed command would be deleted" in told and "command was deleted" in told
    secrets.delete_secret(SecretId="reap-cli/sources/at-work", ForceDeleteWithoutRecovery=True)


def test_a_live_run_is_left_alone_by_a_pass_and_ended_by_name_once_it_was_shown_and_confirmed(
    live, capsys, monkeypatch
):
    assert reap_process.main([]) == 0
    assert f"{live.run}  alive" in capsys.readouterr().out
    monkeypatch.setattr(sys, "stdin", Terminal("y\n"))
    assert reap_process.main(["--run", live.run]) == 0
    said = capsys.readouterr().out
    shown, done = said.split("End it? [y/N] ")
    assert f"Process:  {live.conductor} is executing it" in shown
    assert f"Ends:     staging s3://reap-cli-lake/{live.staging_prefix}" in shown
    assert "reported as failed" in done
    assert not any(inventory.alive(live).values())


@pytest.mark.parametrize("stdin", [Terminal("\n"), Terminal("n\n"), io.StringIO("y\n")], ids=["enter", "no", "a pipe"])
def test_without_a_persons_yes_nothing_is_ended(live, capsys, monkeypatch, stdin):
    monkeypatch.setattr(sys, "stdin", stdin)
    assert reap_process.main(["--run", live.run]) == 1
    assert "Nothing was ended" in capsys.readouterr().out
    assert inventory.alive(live)["staging"]


@pytest.mark.parametrize("name", ["run", "slug", "run_id"])
def test_a_script_says_yes_beforehand_and_names_the_run_as_it_knows_it(live, name):
    assert reap_process.main(["--yes", "--run", getattr(live, name)]) == 0
    assert not any(inventory.alive(live).values())


def test_a_dry_run_only_shows(live, capsys):
    assert reap_process.main(["--dry-run", "--run", live.run]) == 0
    assert "Ends:     staging" in capsys.readouterr().out
    assert inventory.alive(live)["staging"]


def test_a_name_that_means_no_run_is_answered_with_those_there_are(live, capsys):
    assert reap_process.main(["--run", "manual__typo"]) == 1
    assert f"manual__typo names no run that is open or left resources: there is {live.run}." in capsys.readouterr().err


def test_without_a_cloud_nothing_is_called_unless_the_account_is_named(monkeypatch, capsys):
    monkeypatch.setattr(command.endpoint, "chosen", lambda: None)
    monkeypatch.setattr(command.subprocess, "run", lambda *_, **__: pytest.fail("it called AWS"))
    assert cli.main(["reap", "--dry-run"]) == 2
    assert "add --aws" in capsys.readouterr().err


def test_the_options_travel_to_the_process_that_reaps(monkeypatch):
    calls = []
    monkeypatch.setattr(command.endpoint, "chosen", lambda: None)
    monkeypatch.setattr(command, "environment_for", lambda *_: {})
    done = type("Done", (), {"returncode": 0})
    monkeypatch.setattr(command.subprocess, "run", lambda words, **_: calls.append(words[4:]) or done)
    assert cli.main(["reap", "--run", "wordcount/x", "--yes", "--dry-run", "--aws"]) == 0
    assert json.dumps(calls) == '[["--dry-run", "--yes", "--run=wordcount/x"]]'
