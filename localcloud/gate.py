"""The gate: accepts only requests that are signed with one of the server's keys and do not come from a web page.

Listening on 127.0.0.1 is no protection. Every page in the user's browser can send requests there, and so can every
user of this machine; whoever may start a step runs commands as the user. So a request passes when

* it carries neither Origin nor Sec-Fetch-Site: a browser sends them, an AWS client does not,
* its Host is the server's own: a name that an attacker's DNS points here is not,
* the signature in its header (SigV4) is valid, and its key was issued by the server.

GET /_localcloud/health passes unsigned: it says that the server is up, and nothing else.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from localcloud import refusals, sigv4, wire
from localcloud.client import HEALTH
from localcloud.refusals import Codes
from localcloud.wire import Answer

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)
# (access key, session token, now) -> the secret, None for an invalid key.
SecretOf = Callable[[str, str, datetime], str | None]
_PLAIN = ("CONTENT_TYPE", "CONTENT_LENGTH")  # the only headers whose names have no HTTP_ prefix
_SENT_BY_BROWSERS = ("HTTP_ORIGIN", "HTTP_SEC_FETCH_SITE")


@dataclass(frozen=True)
class Refusal:
    """Why a request is refused: AWS's error codes for it, and what to do."""

    codes: Codes
    text: str


_DENIED = Codes("AccessDenied", "AccessDenied", "AccessDeniedException")
_A_PAGE = Refusal(_DENIED, "Web pages have no access to localcloud.")
_A_HOST = Refusal(_DENIED, "This Host is no name of localcloud: use the endpoint that it was started with.")
_NO_SIGNATURE = Refusal(
    Codes("AccessDenied", "MissingAuthenticationToken", "MissingAuthenticationTokenException"),
    "localcloud takes requests whose header is signed by AWS Signature Version 4 only.",
)
_NO_KEY = Refusal(
    Codes("InvalidAccessKeyId", "InvalidClientTokenId", "UnrecognizedClientException"),
    "This access key is none of this localcloud's.",
)
_WRONG = Refusal(
    Codes("SignatureDoesNotMatch", "SignatureDoesNotMatch", "InvalidSignatureException"),
    "The signature was not made with the secret of this localcloud's access key.",
)
_LATE = Refusal(
    Codes("RequestTimeTooSkewed", "SignatureDoesNotMatch", "InvalidSignatureException"),
    "The signature is expired, or made by a clock that differs by more than a quarter of an hour.",
)


class Gate:
    """WSGI middleware that checks each request before the wrapped application."""

    def __init__(self, app: WSGIApplication, secret_of: SecretOf, hosts: Collection[str], key_file: Path) -> None:
        """hosts: the server's names, without a port. key_file: the path of its key, for error messages."""
        self._app, self._secret_of = app, secret_of
        self._hosts, self._key_file = frozenset(hosts), key_file

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if refusal := self._from_elsewhere(environ):
            return _refused(environ, refusal, refusal.text).send(start_response)
        asks_health = (environ["REQUEST_METHOD"], environ["PATH_INFO"]) == ("GET", HEALTH)
        if not asks_health and (refusal := self._unsigned(environ)):
            return _refused(environ, refusal, f"{refusal.text} {self._advice}").send(start_response)
        return self._app(environ, start_response)

    @property
    def _advice(self) -> str:
        return (
            f"Its key is in {self._key_file}: set AWS_SHARED_CREDENTIALS_FILE to that, "
            "and unset AWS_ACCESS_KEY_ID and AWS_PROFILE."
        )

    def _from_elsewhere(self, environ: WSGIEnvironment) -> Refusal | None:
        """The refusal of a request from a browser or for another host."""
        if any(name in environ for name in _SENT_BY_BROWSERS):
            return _A_PAGE
        host = environ.get("HTTP_HOST", "").partition(":")[0].lower()
        # AWS clients may prefix a bucket or `api.`; nobody else can own a name below these.
        own = any(host == name or host.endswith(f".{name}") for name in self._hosts)
        return None if own else _A_HOST

    def _unsigned(self, environ: WSGIEnvironment) -> Refusal | None:
        """The refusal of a missing or invalid signature."""
        request, now = _signed_part(environ), datetime.now(UTC)
        claim = sigv4.claimed(request)
        if claim is None:
            return _NO_SIGNATURE
        secret = self._secret_of(claim.access_key, claim.token, now)
        if secret is None:
            return _NO_KEY
        if not claim.timely(now):
            return _LATE
        payload = sigv4.payload(request) or sigv4.body_hash(_body(environ))
        return None if sigv4.right(request, claim, payload, secret) else _WRONG


def _signed_part(environ: WSGIEnvironment) -> sigv4.Request:
    def header(name: str) -> str:
        variable = name.upper().replace("-", "_")
        return str(environ.get(variable if variable in _PLAIN else f"HTTP_{variable}", ""))

    return sigv4.Request(environ["REQUEST_METHOD"], wire.path_of(environ), environ.get("QUERY_STRING", ""), header)


def _body(environ: WSGIEnvironment) -> bytes:
    """Read the whole body, and make it readable again."""
    body: bytes = environ["wsgi.input"].read()
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def _refused(environ: WSGIEnvironment, refusal: Refusal, text: str) -> Answer:
    log.warning("refused %s %r: %s", environ["REQUEST_METHOD"], environ["PATH_INFO"], refusal.text)
    return refusals.answer(environ, refusal.codes, text)
