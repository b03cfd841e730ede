"""The environment of a night is standard settings; a user's own identity stays out of it."""

import os
from pathlib import Path

import pytest

from embedded.cloud import environment
from localcloud.credentials import Access, Credentials
from tools.toolchain import Toolchain

ACCESS = Access("http://127.0.0.1:5555", Credentials("its key", "its secret"))
TOOLS = Toolchain(java_home=Path("/jdk"), terraform=Path("/tf/terraform"), mirror=Path("/mirror"))


def embedded(**given):
    return environment.embedded(ACCESS, TOOLS, Path("/home/airflow"), given)


def test_boto3_and_terraform_are_pointed_at_the_endpoint_with_its_key():
    found = embedded()
    assert found["AWS_ENDPOINT_URL"] == ACCESS.endpoint
    assert (found["AWS_ACCESS_KEY_ID"], found["AWS_SECRET_ACCESS_KEY"]) == ("its key", "its secret")


@pytest.mark.parametrize("key", environment.FOREIGN)
def test_a_users_own_aws_identity_does_not_reach_the_night(key):
    assert key not in embedded(**{key: "mine"})


def test_a_users_aws_files_are_not_read():
    assert embedded(AWS_CONFIG_FILE="~/.aws/config")["AWS_CONFIG_FILE"] == os.devnull


def test_what_the_user_set_for_nightshift_wins_over_the_short_waits():
    assert embedded(NIGHTSHIFT_POLL_SECONDS="7")["NIGHTSHIFT_POLL_SECONDS"] == "7"
    assert embedded(TF_VAR_max_retries="9")["TF_VAR_max_retries"] == "9"


def test_a_terraform_configuration_that_is_not_there_is_not_mentioned(tmp_path):
    there = tmp_path / "terraformrc"
    there.touch()
    assert "TF_CLI_CONFIG_FILE" not in embedded(TF_CLI_CONFIG_FILE=str(tmp_path / "absent"))
    assert embedded(TF_CLI_CONFIG_FILE=str(there))["TF_CLI_CONFIG_FILE"] == str(there)


def test_terraform_takes_its_provider_from_the_mirror_if_there_is_one():
    assert embedded()["TF_CLI_ARGS_init"] == "-plugin-dir=/mirror"
    without = Toolchain(TOOLS.java_home, TOOLS.terraform, mirror=None)
    assert "TF_CLI_ARGS_init" not in environment.terraform(without)


def test_the_tools_that_were_found_come_first_on_the_path():
    path = embedded(PATH="/usr/bin")["PATH"].split(":")
    assert path[0] == "/jdk/bin" and "/tf" in path and path[-1] == "/usr/bin"


def test_a_proxy_is_not_asked_for_this_machine():
    assert embedded(NO_PROXY="intra.example")["NO_PROXY"] == "intra.example,127.0.0.1,localhost"


def test_airflow_has_this_trees_dags_and_a_database_of_its_own():
    found = embedded()
    assert Path(found["AIRFLOW__CORE__DAGS_FOLDER"]).name == "dags"
    assert found["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] == "sqlite:////home/airflow/airflow.db"
