"""Nights under their roles: who asks for it, and what a cloud says that enforces nothing."""

import argparse

import pytest

from embedded.cloud import foundation, iam_option, roles
from embedded.commands import run
from embedded.errors import CloudError
from localcloud.server import LocalCloud
from localcloud.settings import Settings
from tools.errors import InputRefused

ROLE = "arn:aws:iam::123456789012:role/nightshift-local-airflow"


def options(*arguments):
    parser = argparse.ArgumentParser()
    run.add(parser)
    return parser.parse_args(["wordcount", *arguments])


@pytest.mark.parametrize(
    ("arguments", "word", "wanted"),
    [((), "", False), (("--iam",), "", True), ((), "1", True), ((), "false", False), (("--iam",), "0", True)],
)
def test_the_option_and_the_variable_say_the_same(arguments, word, wanted):
    assert iam_option.wanted(options(*arguments), {iam_option.KEY: word}) is wanted


def test_another_word_is_refused():
    with pytest.raises(InputRefused, match="LOCALCLOUD_IAM is maybe: expected true or false"):
        iam_option.wanted(options(), {iam_option.KEY: "maybe"})


def test_a_dry_run_makes_no_foundation_and_so_has_no_role(monkeypatch):
    monkeypatch.delenv(iam_option.KEY, raising=False)
    assert run.request(options("--iam")).iam
    assert not run.request(options("--iam", "--dry-run")).iam


def test_a_cloud_that_does_not_enforce_iam_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(foundation, "ensure", lambda env, log: ROLE)
    with LocalCloud(Settings(home=tmp_path, port=0)) as plain, pytest.raises(CloudError, match="start it with --iam"):
        roles.of_airflow(plain.access, {}, tmp_path / "log")
