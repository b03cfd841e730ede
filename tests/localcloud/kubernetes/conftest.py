"""A Kubernetes for a test session: localcloud's, and a real one where NIGHTSHIFT_KUBE_APISERVER names a binary."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from localcloud.faults import FaultBook
from localcloud.kubernetes.kubelet import NodePlace
from localcloud.kubernetes.plane import Listening, Plane
from localcloud.steps.settings import StepSettings
from tests.localcloud.kubernetes.api import Api
from tests.localcloud.kubernetes.real import RealApiServer

BINARY = os.environ.get("NIGHTSHIFT_KUBE_APISERVER", "")
ACCOUNT, REGION = "123456789012", "us-east-1"


def place(listening: Listening) -> NodePlace:
    return NodePlace(
        *(listening.directory, StepSettings(cores=1), ACCOUNT, REGION, listening.api),
        access_of=lambda pod: None,
        backoff_seconds=0.2,
    )


@pytest.fixture(scope="session")
def faults() -> FaultBook:
    return FaultBook()


@pytest.fixture(scope="session")
def plane(tmp_path_factory: pytest.TempPathFactory, faults: FaultBook) -> Iterator[Plane]:
    home = tmp_path_factory.mktemp("kubernetes")
    with Plane(home, place, lambda *_: None, faults, lambda: datetime.now(UTC)) as running:
        yield running


@pytest.fixture(scope="session")
def own(plane: Plane) -> Api:
    """The stand-in, with its node and controllers."""
    return Api.of_kubeconfig(plane.kubeconfig)


@pytest.fixture(scope="session")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    with RealApiServer(Path(BINARY), tmp_path_factory.mktemp("kube-apiserver")) as running:
        yield running.api


@pytest.fixture(params=["own", "real"] if BINARY else ["own"])
def api(request: pytest.FixtureRequest) -> Api:
    """Each server that has to keep the contract."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def namespace(api: Api) -> Iterator[str]:
    yield from _namespace(api)


@pytest.fixture
def here(own: Api) -> Iterator[str]:
    """A namespace of the stand-in."""
    yield from _namespace(own)


def _namespace(api: Api) -> Iterator[str]:
    name = f"n{uuid.uuid4().hex[:10]}"
    api.post("/api/v1/namespaces", {"metadata": {"name": name}})
    yield name
    api.delete(f"/api/v1/namespaces/{name}")
