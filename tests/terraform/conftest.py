"""A terraform that writes nothing into the tree, and one localcloud that the stacks are applied to for real."""

import json
import os
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from embedded.cloud.endpoint import running
from nightshift import config
from tests import callers
from tests.ground import kept_up
from tools import toolchain

ROOT = Path(__file__).resolve().parents[2]
TERRAFORM = ROOT / "include" / "terraform"
REGION = "us-east-1"
INIT_ARGUMENTS = "TF_CLI_ARGS_init"
FOREIGN = ("AWS_", "TF_", "LOCALCLOUD_")


class Stack:
    """One folder of include/terraform, run with its own data directory and environment."""

    def __init__(self, binary, folder, data, env):
        self.folder, self._binary = folder, str(binary)
        self.env = {**env, "TF_DATA_DIR": str(data)}
        self.bootstrapped = None  # (Stack, its variables) of the state bucket that a foundation stands on

    def run(self, verb, *arguments, allowed=(0,), **variables):
        """The finished process; variables go in as TF_VAR_*, as the library passes them."""
        given = {f"TF_VAR_{k}": v if isinstance(v, str) else json.dumps(v) for k, v in variables.items()}
        command = [self._binary, f"-chdir={self.folder}", verb, "-no-color", *arguments]
        done = subprocess.run(command, env={**self.env, **given}, capture_output=True, text=True, check=False)
        said = f"terraform {verb} in {self.folder.name} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        assert done.returncode in allowed, said
        return done

    def init(self, *arguments):
        self.run("init", "-input=false", "-lockfile=readonly", *arguments)

    def open(self, key, bucket):
        backend = {"bucket": bucket, "key": key, "region": REGION}
        self.init("-reconfigure", *(f"-backend-config={k}={v}" for k, v in backend.items()))

    def apply(self, **variables):
        self.run("apply", "-input=false", "-auto-approve", **variables)
        told = json.loads(self.run("output", "-json").stdout)
        return {name: output["value"] for name, output in told.items()}

    def has_changes(self, **variables):
        return self.run("plan", "-input=false", "-detailed-exitcode", allowed=(0, 2), **variables).returncode == 2

    def destroy(self, **variables):
        self.run("destroy", "-input=false", "-auto-approve", **variables)


class Cloud:
    """A localcloud and how to reach it."""

    def __init__(self, access):
        self.access, self.env = access, access.environment(REGION)

    def client(self, service):
        return callers.own_client(self.env, service)


@pytest.fixture(scope="session")
def machine():
    """This machine's environment without anybody's AWS or terraform settings, but with its provider mirror."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(FOREIGN)}
    given, mirror = os.environ.get(INIT_ARGUMENTS), toolchain.provider_mirror()
    if given or mirror:
        env[INIT_ARGUMENTS] = given or f"-plugin-dir={mirror}"
    return {**env, "TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1", "GOGC": "400"}


@pytest.fixture(scope="session")
def provider(machine, tmp_path_factory):
    """provider(env) -> what makes terraform attach to a provider that is up, one for each environment."""
    up, mirror = {}, toolchain.provider_mirror()
    with ExitStack() as running:

        def of(env):
            key = frozenset(env.items())
            if key not in up:
                logs = tmp_path_factory.mktemp("provider")
                up[key] = running.enter_context(kept_up(mirror, {**machine, **env}, logs))
            return up[key]

        yield of


@pytest.fixture(scope="session")
def stack(machine, provider, tmp_path_factory):
    """stack("stacks/foundation", env) -> Stack; one that `installs` brings and starts a provider of its own."""
    binary = toolchain.terraform()

    def make(folder, env=None, *, installs=False):
        data, attached = tmp_path_factory.mktemp("tf-data"), {} if installs else provider(env or {})
        return Stack(binary, TERRAFORM / folder, data, {**machine, **(env or {}), **attached})

    return make


@pytest.fixture(scope="session")
def cloud(tmp_path_factory):
    """A localcloud process of its own: moto keeps its resources in the process, and other tests reset them."""
    home = tmp_path_factory.mktemp("localcloud")
    env = {**os.environ, "LOCALCLOUD_HOME": str(home)}
    command = [sys.executable, "-m", "localcloud"]
    subprocess.run([*command, "up", "--port", "0"], cwd=ROOT, env=env, check=True, capture_output=True)
    try:
        yield Cloud(running(home))
    finally:
        subprocess.run([*command, "down"], cwd=ROOT, env=env, check=True, capture_output=True)


@pytest.fixture(scope="session")
def bootstrap(cloud, stack, tmp_path_factory):
    """bootstrap("acme-night") -> (Stack, its variables), applied: the state bucket of that name exists."""

    def make(name, env=cloud.env, **more):
        boot = stack("stacks/bootstrap", env)
        boot.init(f"-backend-config=path={tmp_path_factory.mktemp('bootstrap') / 'terraform.tfstate'}")
        variables = {"name": name, "region": REGION, "max_retries": 3, "lifecycle_rules": False, **more}
        assert boot.apply(**variables) == {"state_bucket": f"{name}-state", "github_role_arns": {}}
        return boot, variables

    return make


@pytest.fixture(scope="session")
def slow_foundation(cloud, stack, bootstrap) -> Future:
    """Everything that costs waiting or money switched on, on its way in the background while other tests work."""
    queue = cloud.client("sqs").create_queue(QueueName="nights")["QueueUrl"]
    variables = {
        "name": "acme-everything",
        "region": REGION,
        "max_retries": 3,
        "force_destroy": True,
        "prevent_destroy": False,
        "azs": 3,
        "nat": True,
        "interface_endpoints": ["kms"],
        "email_endpoints": ["ops@example.com"],
        "queue_endpoints": [f"arn:aws:sqs:{REGION}:123456789012:{queue.rsplit('/', 1)[1]}"],
    }

    own = {**cloud.env, "AWS_SDK_UA_APP_ID": "everything"}  # a provider of its own: another stack is at work meanwhile

    def make():
        boot, boot_variables = bootstrap(variables["name"], own, force_destroy=True, prevent_destroy=False)
        foundation = stack("stacks/foundation", own)
        foundation.open("foundation.tfstate", f"{variables['name']}-state")
        return foundation, variables, foundation.apply(**variables), boot, boot_variables

    with ThreadPoolExecutor(max_workers=1) as pool:
        yield pool.submit(make)


@pytest.fixture(scope="session")
def foundation(request, cloud, stack, bootstrap):
    """(Stack, its variables, its outputs): the foundation as `make run` has it, its state in S3."""
    if any("slow_foundation" in item.fixturenames for item in request.session.items):
        request.getfixturevalue("slow_foundation")  # its waits pass while this one is made and tested
    variables = {
        "name": "acme-night",
        "region": REGION,
        "max_retries": 3,
        "lifecycle_rules": False,
    }
    durable = stack("stacks/foundation", cloud.env)
    durable.bootstrapped = bootstrap(variables["name"])
    durable.open("foundation.tfstate", f"{variables['name']}-state")
    return durable, variables, durable.apply(**variables)


@pytest.fixture
def settings(foundation, monkeypatch):
    """The foundation's, in the environment that its terraform has."""
    durable, variables, _ = foundation
    for name, value in {**durable.env, "TF_VAR_lifecycle_rules": "false", "TF_VAR_max_retries": "3"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("NIGHTSHIFT_NAME", variables["name"])
    return config.load()
