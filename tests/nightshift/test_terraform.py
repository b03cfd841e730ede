"""How terraform is run: a stand-in on PATH says what it was asked, and how it was stopped."""

import os

import pytest

from nightshift.hooks import terraform
from nightshift.hooks.terraform import TerraformHook

STAND_IN = """#!/bin/bash
ps -o pgid= -p $$ | tr -d ' ' >> {log}
echo "$@" >> {log}
trap 'echo saving; echo saved >> {log}; exit 1' INT
[ "$2" = output ] && echo '{{}}'
[ "$2" = apply ] && [ -e {endless} ] && while :; do echo working; sleep 0.05; done
exit 0
"""


class TaskTimeout(BaseException):
    """What Airflow raises in a task past its execution_timeout is no Exception either."""


@pytest.fixture
def asked(tmp_path, monkeypatch):
    """The words terraform was called with, line by line."""
    log, binary = tmp_path / "log", tmp_path / "terraform"
    binary.write_text(STAND_IN.format(log=log, endless=tmp_path / "endless"))
    binary.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    return lambda: log.read_text().splitlines()


def test_a_signal_to_the_tasks_process_group_does_not_reach_terraform(settings, asked):
    TerraformHook(settings, "transient", "x.tfstate").init()
    assert asked()[0] != str(os.getpgid(0))


@pytest.mark.parametrize("verb", ["apply", "destroy"])
def test_two_dags_that_apply_at_midnight_wait_for_each_others_lock(settings, asked, verb):
    getattr(TerraformHook(settings, "foundation", "foundation.tfstate"), verb)({})
    (line,) = [line for line in asked() if f" {verb} " in line]
    assert "-lock-timeout=" in line


def test_a_task_that_times_out_lets_terraform_save_its_state(settings, asked, monkeypatch, tmp_path):
    (tmp_path / "endless").touch()

    def time_out(text, *arguments):
        if arguments == ("working",):
            raise TaskTimeout

    monkeypatch.setattr(terraform.LOG, "info", time_out)
    with pytest.raises(TaskTimeout):
        TerraformHook(settings, "transient", "x.tfstate").apply({})
    assert asked()[-1] == "saved"
