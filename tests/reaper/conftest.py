"""A localcloud with the foundation applied by real terraform, and runs that can be made to die on it."""

import itertools
import json
import os
import subprocess
import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest
from airflow.sdk.exceptions import TaskDeferred

from embedded.cloud import bootstrap
from nightshift import config
from nightshift.aws import clients
from nightshift.compute.emr import spec
from nightshift.compute.emr.client import EmrClient
from nightshift.infrastructure import stacks
from nightshift.infrastructure.terraform import TerraformHook
from nightshift.run import run_context
from nightshift.state import ledger
from tests import callers
from tests.ground import OWN_PROVIDER, laid
from tests.patience import lives, until
from tools import paths
from wordcount.definition import PIPELINE as WORDCOUNT

NUMBERS = itertools.count()
TASKS = Path(__file__).with_name("task.py")


class Rig:
    """What a test of the reaper has at hand; everything happens in `env`, which is this process's too."""

    def __init__(self, env, ground):
        self.env, self.ground, self.settings = env, ground, config.load(env)

    def aws(self, service):
        return callers.own_client(self.env, service)

    def night(self, settings=None, **params):
        run_id = f"manual__{os.getpid()}_{next(NUMBERS)}"
        return run_context.from_run(settings or self.settings, WORDCOUNT, run_id, datetime.now(UTC), params)

    def begun(self, night, task):
        """As if `task` of the run had begun and its process had been killed: an act without an end."""
        with suppress(TaskDeferred), ledger.of(night).act(task, 1):
            raise TaskDeferred(trigger=None, method_name="resume")

    def start_task(self, verb, night):
        """The task `verb` of the run in a process of its own, as a worker runs it; terraform goes one by one, so that
        there is a middle to kill it in."""
        env = {**self.env, **OWN_PROVIDER, "TF_CLI_ARGS_apply": "-parallelism=1"}
        command = [sys.executable, str(TASKS), verb, json.dumps(night.identity), json.dumps(self.ground)]
        return subprocess.Popen(command, env=env, cwd=paths.ROOT)

    def cluster(self, night):
        """A cluster of the run, as start_compute asks for one but without groups of its own."""
        given = {
            "security_configuration": "",
            "master_security_group_id": "",
            "worker_security_group_id": "",
            "service_security_group_id": "",
        }
        body = spec.job_flow(night, self.ground, given, jobs_uri="s3://none/")
        body.pop("BootstrapActions")  # the time limit is not in this test's S3
        body.pop("SecurityConfiguration", None)
        for key in [k for k in body["Instances"] if "SecurityGroup" in k]:
            del body["Instances"][key]
        return EmrClient(clients.client(self.settings, "emr")).adopt_or_create(night, body)

    def state_of(self, cluster_id):
        return self.aws("emr").describe_cluster(ClusterId=cluster_id)["Cluster"]["Status"]["State"]

    def groups(self, night):
        filters = [{"Name": "tag:nightshift:run", "Values": [night.run]}]
        return self.aws("ec2").describe_security_groups(Filters=filters)["SecurityGroups"]


def kill_tree(process):
    """SIGKILL to a process and everything below it, at once."""
    root = psutil.Process(process.pid)
    family = [root, *root.children(recursive=True)]
    for member in family:
        with suppress(psutil.NoSuchProcess):
            member.kill()
    process.wait()
    until(lambda: not any(lives(member.pid) for member in family))


@pytest.fixture(scope="session")
def place(tmp_path_factory):
    """(environment, foundation's outputs) of a localcloud of this folder's own."""
    home = tmp_path_factory.mktemp("reaper")
    with laid(home) as env:
        env["TMPDIR"] = str(home)  # where a killed task leaves its scratch directory
        env["PYTHONPATH"] = os.pathsep.join((str(paths.PLUGINS), env["PYTHONPATH"]))
        bootstrap.ensure(env, home / "bootstrap.log")
        yield env, _foundation(env)


def _foundation(env):
    with pytest.MonkeyPatch.context() as patch:
        for key, value in env.items():
            patch.setenv(key, value)
        settings = config.load(env)
        return TerraformHook(settings, "foundation", stacks.FOUNDATION_STATE).apply(stacks.foundation(settings))


@pytest.fixture
def rig(place, monkeypatch):
    env, ground = place
    for key, value in env.items():
        if not key.startswith("AIRFLOW"):
            monkeypatch.setenv(key, value)
    return Rig(env, ground)
