"""The bed API with the hospitals of the made-up epidemic, and a bucket in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from ingest.api import Patience, SearchApi
from tests.bed_api import BedApi, serving
from tests.ingest.helpers import BUCKET


@pytest.fixture
def beds() -> Iterator[BedApi]:
    """The API with the hospitals of the made-up epidemic."""
    with serving(BedApi()) as api:
        yield api


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket=BUCKET)
        yield client


@pytest.fixture
def reader(beds: BedApi) -> Callable[..., SearchApi]:
    """The program's side of the API, with no patience to lose."""

    def of(page_size: int = 5, tries: int = 4, first: float = 0.01) -> SearchApi:
        return SearchApi(beds.url, page_size, Patience(tries=tries, first=first, longest=0.05))

    return of
