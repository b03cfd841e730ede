"""A localcloud in the test's own process on a free port, with steps that are played instead of run."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from localcloud.server import LocalCloud
from localcloud.settings import Settings
from tests.localcloud.helpers import REGION, Client, PlayedSteps, client_of


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
