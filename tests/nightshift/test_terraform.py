"""How terraform is run: a stand-in on PATH says what it was asked, and how it was stopped."""

import json
import os
import shutil
import subprocess
import tempfile
from dataclasses import replace

import psutil
import pytest

from nightshift.failures.errors import FoundationDiffers, PreflightError, TerraformError
from nightshift.infrastructure import terraform
from nightshift.infrastructure.terraform import TerraformHook
from tests.patience import until

STAND_IN = """#!/bin/bash
ps -o pgid= -p $$ | tr -d ' ' >> {log}
echo "$@" >> {log}
trap 'echo saving; echo saved >> {log}; exit 1' INT
[ "$2" = plan ] && [ -e {plan} ] && cat {plan} && exit 2
[ "$2" = init ] && mkdir -p "$TF_DATA_DIR"
[ "$2" = apply ] && [ -e {endless} ] && while :; do echo working; sleep 0.05; done
exit 0
"""


STATE = {
    "version": 4,
    "outputs": {
        "vpc_id": {"value": "vpc-1", "type": "string"},
        "hosts": {"value": {"a": [1]}, "type": ["object", {"a": ["list", "number"]}]},
        "key": {"value": "private", "type": "string", "sensitive": True},
    },
}


class TaskTimeout(BaseException):
    """What Airflow raises in a task past its execution_timeout is no Exception either."""


@pytest.fixture
def asked(aws, tmp_path, monkeypatch):
    """The words terraform was called with, line by line; its work folders are the test's own."""
    log, binary = tmp_path / "log", tmp_path / "terraform"
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    binary.write_text(STAND_IN.format(log=log, endless=tmp_path / "endless", plan=tmp_path / "plan"))
    binary.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    return lambda: log.read_text().splitlines()


def test_a_signal_to_the_tasks_process_group_does_not_reach_terraform(settings, asked):
    TerraformHook(settings, "transient", "x.tfstate").init()
    assert asked()[0] != str(os.getpgid(0))


@pytest.fixture
def hook(settings, tmp_path):
    """Makes a hook of a run's stack, as each task makes its own."""
    tree = tmp_path / "include"
    shutil.copytree(settings.include_dir / "terraform", tree / "terraform")
    own = replace(settings, include_dir=tree)
    return lambda stack="transient", key="transient/wordcount/1.tfstate", **more: TerraformHook(
        replace(own, **more), stack, key
    )


def verbs(asked):
    return [line.split()[1] for line in asked() if line.startswith("-chdir")]


def test_the_tasks_of_a_run_initialise_its_stack_once_and_read_its_outputs_without_terraform(hook, asked, aws):
    hook().init()
    aws("s3").put_object(Bucket="acme-night-state", Key="transient/wordcount/1.tfstate", Body=json.dumps(STATE))
    assert hook().apply({}) == {"vpc_id": "vpc-1", "hosts": {"a": [1]}}, "what is sensitive must not reach XCom"
    hook().destroy({})
    assert verbs(asked) == ["init", "apply", "destroy"]
    hook().destroy({})
    assert verbs(asked)[3:] == ["init", "destroy"], "the work folder of a run goes with its stack"


def test_a_stack_without_a_state_has_no_outputs(hook, asked):
    assert hook(key="transient/wordcount/none.tfstate").outputs() == {}


@pytest.mark.parametrize(
    "file", ["stacks/transient/main.tf", "stacks/transient/.terraform.lock.hcl", "modules/emr/main.tf"]
)
def test_another_file_or_lock_is_initialised_anew(hook, asked, file):
    hook().init()
    with (hook().settings.stacks_dir.parent / file).open("a") as written:
        written.write("\n# another line\n")
    hook().init()
    assert verbs(asked) == ["init", "init"]


@pytest.mark.parametrize("name", ["TF_CLI_ARGS_init", "TF_CLI_CONFIG_FILE", terraform.REATTACH])
def test_another_setting_of_terraform_is_initialised_anew(hook, asked, monkeypatch, name):
    monkeypatch.delenv(name, raising=False)
    hook().init()
    monkeypatch.setenv(name, "other")
    hook().init()
    assert verbs(asked) == ["init", "init"]


def test_another_backend_or_terraform_is_initialised_anew(hook, asked):
    hook().init()
    hook(key="transient/wordcount/2.tfstate").init()
    hook(name="other-night").init()
    os.utime(shutil.which("terraform"), (1, 1))
    hook().init()
    assert verbs(asked) == ["init"] * 4


def test_an_init_that_failed_is_done_again(hook, asked, monkeypatch):
    failing = hook()
    monkeypatch.setattr(failing, "_command", lambda *_: ["false"])
    with pytest.raises(TerraformError):
        failing.init()
    hook().init()
    assert verbs(asked) == ["init"]


def test_work_folders_that_nobody_uses_any_more_are_removed(hook, asked):
    old, used = hook(key="transient/wordcount/old.tfstate"), hook(key="transient/wordcount/used.tfstate")
    for one in (old, used):
        one.init()
        os.utime(one._data, (0, 0))
    used.init()
    hook().init()
    assert used._data.is_dir()
    assert not old._data.exists()


def test_providers_are_not_run_from_a_folder_that_another_user_made(hook, asked, tmp_path, monkeypatch):
    hook().init()
    another = os.getuid() + 1
    monkeypatch.setattr(os, "getuid", lambda: another)
    (tmp_path / f"nightshift-terraform-{another}").mkdir()
    with pytest.raises(PreflightError, match="belongs to another user"):
        hook().init()


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
    until(hook.runs_here)  # for a moment a new process has no command line
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
