"""How terraform is run: a stand-in on PATH says what it was asked, and how it was stopped."""

import os
import shutil
import subprocess
from dataclasses import replace

import psutil
import pytest

from nightshift.failures.errors import FoundationDiffers
from nightshift.infrastructure import terraform
from nightshift.infrastructure.terraform import TerraformHook

STAND_IN = """#!/bin/bash
ps -o pgid= -p $$ | tr -d ' ' >> {log}
echo "$@" >> {log}
trap 'echo saving; echo saved >> {log}; exit 1' INT
[ "$2" = output ] && echo '{{}}'
[ "$2" = plan ] && [ -e {plan} ] && cat {plan} && exit 2
[ "$2" = apply ] && [ -e {endless} ] && while :; do echo working; sleep 0.05; done
exit 0
"""


class TaskTimeout(BaseException):
    """What Airflow raises in a task past its execution_timeout is no Exception either."""


@pytest.fixture
def asked(tmp_path, monkeypatch):
    """The words terraform was called with, line by line."""
    log, binary = tmp_path / "log", tmp_path / "terraform"
    binary.write_text(STAND_IN.format(log=log, endless=tmp_path / "endless", plan=tmp_path / "plan"))
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


PLAN = """
  # module.iam.data.aws_iam_policy_document.trust["x"] will be read during apply
  # module.storage.aws_s3_bucket_versioning.this["lake"] will be updated in-place
  ~ resource "aws_s3_bucket_versioning" "this" {
  # aws_kms_key.this[0] must be replaced
"""


def test_a_check_reads_without_a_lock_and_says_what_differs_and_whose_it_is(settings, asked, tmp_path):
    hook = TerraformHook(settings, "foundation", "foundation.tfstate")
    assert hook.check({}, tmp_path / "dev.tfvars") == {}
    (line,) = [line for line in asked() if " plan " in line]
    assert {"-lock=false", "-detailed-exitcode", f"-var-file={tmp_path / 'dev.tfvars'}"} <= set(line.split())
    (tmp_path / "plan").write_text(PLAN)
    with pytest.raises(FoundationDiffers, match="The foundation's owner must apply it") as differs:
        hook.check({})
    assert differs.value.args[0] == (
        "The foundation differs from its files: "
        'module.storage.aws_s3_bucket_versioning.this["lake"] will be updated in-place;'
        " aws_kms_key.this[0] must be replaced."
    )
    assert not [line for line in asked() if " apply " in line]


def test_a_task_that_times_out_lets_terraform_save_its_state(settings, asked, monkeypatch, tmp_path):
    (tmp_path / "endless").touch()

    def time_out(text, *arguments):
        if arguments == ("working",):
            raise TaskTimeout

    monkeypatch.setattr(terraform.LOG, "info", time_out)
    with pytest.raises(TaskTimeout):
        TerraformHook(settings, "transient", "x.tfstate").apply({})
    assert asked()[-1] == "saved"


@pytest.fixture
def by_hand(settings, tmp_path, monkeypatch):
    """Starts the real terraform as a person does, and leaves it at its prompt. Its stack has a name of the test's own:
    any terraform in a stack of that name counts, and other tests apply the foundation meanwhile."""
    tree, started, name = tmp_path / "include", [], f"stack-{os.getpid()}"
    monkeypatch.setitem(terraform.LOCK_TIMEOUTS, name, "1s")
    stack = tree / "terraform" / "stacks" / name
    stack.mkdir(parents=True)
    (stack / "main.tf").touch()
    (tmp_path / "link").symlink_to(stack)
    hook = TerraformHook(replace(settings, include_dir=tree), name, f"{name}.tfstate")

    def start(folder, *words):
        given = [word.format(tree=tree, tmp=tmp_path, name=name) for word in words]
        started.append(
            subprocess.Popen(
                [shutil.which("terraform"), *given, "console"],
                cwd=folder.format(tree=tree, stack=stack, tmp=tmp_path),
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
            )
        )
        return hook, started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


@pytest.mark.terraform
@pytest.mark.parametrize(
    "called",
    [
        ("{stack}",),
        ("{tmp}", "-chdir={tree}/terraform/stacks/{name}"),
        ("{tmp}", "-chdir={tree}/terraform/stacks/{name}/"),
        ("{tree}/terraform", "-chdir=stacks/{name}"),
        ("{tree}/terraform/stacks", "-chdir={name}/"),
        ("{stack}", "-chdir=."),
        ("{tmp}", "-chdir=link"),
    ],
    ids=["in the folder", "absolute", "trailing slash", "relative", "its last part", "a dot", "a link"],
)
def test_a_terraform_that_a_person_started_is_seen_however_it_was_called(by_hand, called):
    hook, process = by_hand(*called)
    assert hook.runs_here()
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert not hook.runs_here(), "a killed one is at work no more, though nobody has asked for its end yet"


@pytest.mark.terraform
def test_a_terraform_of_another_folder_is_none_of_ours(by_hand):
    hook, process = by_hand("{tmp}")
    assert process.poll() is None
    assert not hook.runs_here()


def test_a_terraform_whose_folder_is_hidden_from_us_may_be_the_one(settings, monkeypatch):
    """Another user's: what it was called with can be read, where it is cannot."""

    def seen(*words):
        other = psutil.Process()
        other.info = {"name": "terraform", "cmdline": ["terraform", *words], "cwd": None, "status": "sleeping"}
        monkeypatch.setattr(terraform.psutil, "process_iter", lambda *_: [other])
        return TerraformHook(settings, "foundation", "foundation.tfstate").runs_here()

    assert seen("apply")
    assert seen("-chdir=foundation", "apply")
    assert seen("-chdir=/srv/include/terraform/stacks/foundation/", "apply")
    assert not seen("-chdir=/srv/include/terraform/stacks/transient", "apply")
