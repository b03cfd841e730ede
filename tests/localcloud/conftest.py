"""A localcloud in the test's own process on a free port, with steps that are played instead of run."""

from __future__ import annotations

import os
import shutil
import subprocess
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from localcloud.server import LocalCloud
from localcloud.settings import Settings
from tests.ground import kept_up
from tests.localcloud.helpers import REGION, Client, PlayedSteps, client_of

INIT_ARGUMENTS = "TF_CLI_ARGS_init"
Terraform = Callable[..., None]


@pytest.fixture
def steps() -> PlayedSteps:
    return PlayedSteps()


@pytest.fixture
def cloud(tmp_path: Path, steps: PlayedSteps) -> Iterator[LocalCloud]:
    with LocalCloud(Settings(home=tmp_path, port=0), runner=steps) as running:
        yield running


@pytest.fixture
def aws(cloud: LocalCloud) -> Client:
    return client_of(cloud)


@pytest.fixture
def emr(aws: Client) -> Any:
    return aws("emr")


@pytest.fixture
def bucket(aws: Client) -> str:
    name = f"bucket-{uuid.uuid4().hex[:12]}"
    aws("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    return name


@pytest.fixture
def subnet(aws: Client) -> str:
    ec2 = aws("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    return ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]


def environment(cloud: LocalCloud) -> dict[str, str]:
    """The environment that points terraform at the server, free of what the caller's own AWS set-up says."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_CLI_CONFIG"))}
    return {
        **own,
        INIT_ARGUMENTS: own.get(INIT_ARGUMENTS, _mirror_argument()),
        **cloud.access.environment("eu-west-1"),
        "CHECKPOINT_DISABLE": "1",
    }


def _mirror() -> Path | None:
    return pytest.importorskip("tools.toolchain").provider_mirror()


def _mirror_argument() -> str:
    return f"-plugin-dir={mirror}" if (mirror := _mirror()) else ""


@pytest.fixture
def terraform(cloud: LocalCloud, tmp_path: Path) -> Iterator[Terraform]:
    """Runs terraform against the server in a directory with a copy of a file; its provider is started once."""
    if shutil.which("terraform") is None:
        pytest.skip("terraform is not on PATH")

    def run(*words: str, **variables: str) -> None:
        command = ["terraform", words[0], "-no-color", "-input=false", *words[1:]]
        env = {**environment(cloud), **attached, **{f"TF_VAR_{name}": value for name, value in variables.items()}}
        done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False, timeout=1200)
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"

    with kept_up(_mirror(), environment(cloud), tmp_path) as attached:
        yield run
