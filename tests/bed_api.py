"""A search API of hospital beds on this machine, made from data, that fails as it is told to."""

from __future__ import annotations

import json
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from datagen.covid_places import notification

HOSPITALS = 23
DAY = date(2021, 3, 23)


class BedApi:
    """The documents, the failures that come next (one a request), and every request that came."""

    def __init__(self) -> None:
        self.documents: dict[str, dict[str, Any]] = {}
        self.failures: list[Any] = []
        self.asked: list[dict[str, Any]] = []
        self.before_answer: Callable[[BedApi], None] = lambda _: None
        self.user = ""  # whom it answers, as name:password; anybody if empty
        self.url = ""

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        [after] = request.get("search_after", [""])
        behind = [self.documents[i] for i in sorted(self.documents) if i > after]
        return {"hits": {"total": {"value": len(self.documents)}, "hits": behind[: request["size"]]}}


class Handler(BaseHTTPRequestHandler):
    api: BedApi

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.api.user and self.headers["Authorization"] != f"Basic {b64encode(self.api.user.encode()).decode()}":
            self._send(401, b"who are you?", {})
            return
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


@contextmanager
def serving(api: BedApi) -> Iterator[BedApi]:
    """Serve the API until the block ends; it has HOSPITALS documents, and its own address in `url`."""
    handler = type("OfThisTest", (Handler,), {"api": api})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    api.url = f"http://127.0.0.1:{server.server_port}/leito_ocupacao/_search"
    for number in range(HOSPITALS):
        told = notification(1, number, DAY)
        source = {
            "cnes": told.code,
            "estadoSigla": told.uf,
            "dataNotificacaoOcupacao": f"{told.notified_at}T12:00:00.000Z",
            "ofertaSRAGUti": told.offered["covid", "icu"],
            "ocupSRAGUti": told.occupied["covid", "icu"],
        }
        api.documents[told.code] = {"_index": "leito_ocupacao", "_id": told.code, "_score": None, "_source": source}
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()
