"""A bed API on this machine, made from data, that fails as it is told to; and a bucket in memory."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
import pytest
from moto import mock_aws

from datagen.covid_places import notification
from ingest.api import Patience, SearchApi
from tests.ingest.helpers import BUCKET, DAY

HOSPITALS = 23


class BedApi:
    """The documents, the failures that come next (one a request), and every request that came."""

    def __init__(self) -> None:
        self.documents: dict[str, dict[str, Any]] = {}
        self.failures: list[Any] = []
        self.asked: list[dict[str, Any]] = []
        self.before_answer: Callable[[BedApi], None] = lambda _: None
        self.url = ""

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        [after] = request.get("search_after", [""])
        behind = [self.documents[i] for i in sorted(self.documents) if i > after]
        return {"hits": {"total": {"value": len(self.documents)}, "hits": behind[: request["size"]]}}


class Handler(BaseHTTPRequestHandler):
    api: BedApi

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.api.asked.append(request)
        failure = self.api.failures.pop(0) if self.api.failures else None
        if isinstance(failure, int | tuple):
            status, headers = failure if isinstance(failure, tuple) else (failure, {})
            self._send(status, b"not now", headers)
            return
        self.api.before_answer(self.api)
        body = json.dumps(self.api.answer(request)).encode()
        if failure == "cut":
            self._send(200, body[: len(body) // 2], {"Content-Length": str(len(body))})
        elif failure == "garbage":
            self._send(200, b"<html>down for maintenance</html>", {})
        elif failure == "gone":
            self.close_connection = True
        else:
            self._send(200, failure if isinstance(failure, bytes) else body, {})

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Tests tell what went wrong by themselves."""


@pytest.fixture
def beds() -> Iterator[BedApi]:
    """The API with the hospitals of the made-up epidemic."""
    api = BedApi()
    handler = type("OfThisTest", (Handler,), {"api": api})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    api.url = f"http://127.0.0.1:{server.server_port}/leito_ocupacao/_search"
    for number in range(HOSPITALS):
        told = notification(1, number, DAY)
        source = {"cnes": told.code, "estadoSigla": told.uf, "dataNotificacaoOcupacao": f"{told.told_at}T12:00:00.000Z"}
        api.documents[told.code] = {"_index": "leito_ocupacao", "_id": told.code, "_score": None, "_source": source}
    yield api
    server.shutdown()
    server.server_close()


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
