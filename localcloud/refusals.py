"""Errors sent before a service is called: AWS's code, in the format of the service's protocol."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import UnknownServiceError

from localcloud import operations, wire
from localcloud.wire import Answer

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

STATUS = 403


@dataclass(frozen=True)
class Codes:
    """AWS's codes for one kind of error: in S3, in the query protocols and in JSON; ec2: where EC2 has its own."""

    s3: str
    query: str
    json: str
    ec2: str = ""


def answer(environ: WSGIEnvironment, codes: Codes, text: str) -> Answer:
    """The error in the protocol of the requested service."""
    service = wire.caller_of(environ, "").service
    if "HTTP_X_AMZ_TARGET" in environ:
        return wire.json_error(codes.json, text, STATUS)
    if service == "s3":
        return wire.s3_error(codes.s3, text, STATUS)
    protocol = _protocol(service)
    if protocol == "ec2":
        return wire.ec2_error(codes.ec2 or codes.query, text, STATUS)
    if protocol in ("query", "rest-xml"):
        return wire.query_error(codes.query, text, STATUS)
    return wire.json_error(codes.json, text, STATUS)


def _protocol(service: str) -> str:
    try:
        return str(operations.service_model(operations.BOTOCORE_NAMES.get(service, service)).metadata["protocol"])
    except UnknownServiceError:
        return "json"
