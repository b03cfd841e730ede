"""Parse an AWS request's metadata, and build errors in each protocol's format."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

# Credential=<key>/<date>/<region>/<service>/aws4_request
_SCOPE = re.compile(r"Credential=([^/,\s]+)/\d{8}/([^/]+)/([^/]+)/aws4_request")

_HOST = re.compile(r"^https?://[^/?]+")


@dataclass(frozen=True)
class Caller:
    """The caller and target of a request, from its signature's credential scope: key, region and service."""

    access_key: str
    region: str
    service: str


@dataclass(frozen=True)
class Answer:
    """A complete HTTP answer."""

    status: int
    body: bytes
    content_type: str

    def send(self, start_response: StartResponse) -> Iterable[bytes]:
        headers = [
            ("Content-Type", self.content_type),
            ("Content-Length", str(len(self.body))),
            ("x-amzn-RequestId", str(uuid.uuid4())),
        ]
        start_response(f"{self.status} {HTTPStatus(self.status).phrase}", headers)
        return [self.body]


def caller_of(environ: WSGIEnvironment, default_region: str) -> Caller:
    """The caller of a signed request; an unsigned one counts as S3's, as in moto."""
    if match := _SCOPE.search(environ.get("HTTP_AUTHORIZATION", "")):
        return Caller(*match.groups())
    return Caller("", default_region, "s3")


def json_answer(value: Mapping[str, Any] | list[Any], status: int = 200) -> Answer:
    """A JSON 1.1 answer: datetimes as epoch seconds, None members left out, as AWS sends them."""
    return Answer(status, json.dumps(_plain(value)).encode(), "application/x-amz-json-1.1")


def json_error(code: str, message: str, status: int = 400) -> Answer:
    # SDKs read the code from __type; some read `message`, some `Message`.
    return json_answer({"__type": code, "ErrorCode": code, "Message": message, "message": message}, status)


def s3_error(code: str, message: str, status: int) -> Answer:
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{escape(message)}</Message>'
    return Answer(status, f"{body}<RequestId>{uuid.uuid4()}</RequestId></Error>".encode(), "application/xml")


def query_error(code: str, message: str, status: int) -> Answer:
    """The error of a query-protocol service (SNS, IAM, STS)."""
    error = f"<Error><Type>Receiver</Type><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
    body = f"<ErrorResponse>{error}<RequestId>{uuid.uuid4()}</RequestId></ErrorResponse>"
    return Answer(status, body.encode(), "text/xml")


def ec2_error(code: str, message: str, status: int) -> Answer:
    """An error in EC2's own format."""
    error = f"<Errors><Error><Code>{code}</Code><Message>{escape(message)}</Message></Error></Errors>"
    body = f"<Response>{error}<RequestID>{uuid.uuid4()}</RequestID></Response>"
    return Answer(status, body.encode(), "text/xml")


def path_of(environ: WSGIEnvironment) -> str:
    """The path as sent: a slash in a name (an ARN) is %2F there. A request through a proxy contains the host as
    well."""
    raw = str(environ.get("RAW_URI") or quote(environ.get("PATH_INFO") or "/"))
    return _HOST.sub("", raw).partition("?")[0] or "/"


def body_of(environ: WSGIEnvironment) -> bytes:
    """The whole request body; only for requests that are not passed on."""
    length = environ.get("CONTENT_LENGTH") or "0"
    data: bytes = environ["wsgi.input"].read(int(length))
    return data


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items() if item is not None}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value
