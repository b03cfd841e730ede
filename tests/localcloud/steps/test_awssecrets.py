"""`aws secretsmanager get-secret-value` over boto3, as a step's job asks it."""

import json

import boto3
import pytest
from moto import mock_aws

from localcloud.steps.commands import awssecrets, programs

ASK = ("secretsmanager", "get-secret-value", "--secret-id", "acme/sources/cards")


@pytest.fixture
def secret(monkeypatch):
    for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(key, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield boto3.client("secretsmanager").create_secret(Name="acme/sources/cards", SecretString='{"host": "h"}')


def test_the_secret_is_printed_bare_when_it_is_asked_for_as_text(secret, capsys):
    assert awssecrets.main([*ASK, "--query", "SecretString", "--output", "text"]) == 0
    assert capsys.readouterr().out == '{"host": "h"}\n'


def test_the_whole_answer_is_json(secret, capsys):
    assert awssecrets.main(ASK) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["ARN"], told["SecretString"]) == (secret["ARN"], '{"host": "h"}')


def test_a_secret_that_is_not_there_is_status_254_and_awss_words(secret, capsys):
    assert awssecrets.main([*ASK[:3], "acme/none"]) == 254
    assert "ResourceNotFoundException" in capsys.readouterr().err


def test_a_step_that_says_aws_secretsmanager_gets_this_program(tmp_path):
    launch = programs.aws([*ASK])
    assert "localcloud.steps.commands.awssecrets" in launch.argv
    assert not launch.mirrored
