"""Signatures as botocore makes them, and as AWS's documentation shows them, are the ones that are expected."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from localcloud import sigv4
from localcloud.credentials import fresh

KEY = fresh()
HOST = "http://127.0.0.1:5555"
NOW = datetime.now(UTC)
# Those of AWS's documentation ("Signature calculations for the Authorization header", "… in multiple chunks").
EXAMPLE_SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
EXAMPLE_SCOPE = "AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request"
EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def request_of(signed: Any) -> sigv4.Request:
    """What arrives of a request that botocore has signed."""
    made = signed.prepare()
    parts = urlsplit(made.url)
    headers = {name.lower(): _text(value) for name, value in made.headers.items()}
    headers.setdefault("host", parts.netloc)
    return sigv4.Request(made.method, parts.path or "/", parts.query, lambda name: headers.get(name, ""))


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def by_botocore(signer: Any, service: str, *, token: str = "", **parts: Any) -> sigv4.Request:
    request = AWSRequest(**parts)
    signer(Credentials(KEY.access_key, KEY.secret_key, token or None), service, "eu-west-1").add_auth(request)
    return request_of(request)


def passes(request: sigv4.Request, body: bytes = b"", secret: str = KEY.secret_key) -> bool:
    claim = sigv4.claimed(request)
    assert claim is not None
    assert claim.access_key == KEY.access_key
    return claim.timely(datetime.now(UTC)) and sigv4.right(
        request, claim, sigv4.payload(request) or sigv4.body_hash(body), secret
    )


PATHS = [
    "/",
    "/a/b",
    "/a%20b%2Bc%3D%2525/",
    "/b/a/../c//d/.",
    "/tags/arn%3Aaws%3Alambda%3Ax%2Fy",
    "/caf%C3%A9%F0%9F%A6%80",
]
HEADERS = {"X-Amz-Meta-a_b": " x   y "}
QUERIES = ["", "?uploads", "?list-type=2&prefix=a%2Fb%20c&delimiter=%2F", "?b=2&a=1&b=1&B=", "?key=~%2B%26%3D%20"]


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(("signer", "service"), [(S3SigV4Auth, "s3"), (SigV4Auth, "airflow")])
def test_every_path_and_query_is_signed_as_botocore_does(signer: Any, service: str, path: str, query: str) -> None:
    body = b"some data"
    request = by_botocore(signer, service, method="PUT", url=HOST + path + query, data=body, headers=HEADERS)
    assert passes(request, body)
    assert not passes(request, body, secret="another")
    assert not passes(request, b"other data")


@given(st.text(min_size=1, max_size=30))
def test_every_key_of_s3_is_signed_as_botocore_does(key: str) -> None:
    url = f"{HOST}/bucket/{quote(key.encode('utf-8', 'surrogatepass'), safe='/~')}"
    assert passes(by_botocore(S3SigV4Auth, "s3", method="GET", url=url))


def test_a_token_is_told_and_signed() -> None:
    request = by_botocore(SigV4Auth, "sts", token="a/token+of=a session", method="POST", url=HOST)
    claim = sigv4.claimed(request)
    assert claim is not None
    assert (claim.token, "x-amz-security-token" in claim.signed) == ("a/token+of=a session", True)
    assert passes(request)


def example(at: str, method: str, path: str, headers: dict[str, str], signature: str, query: str = "") -> sigv4.Request:
    signed = ";".join(sorted(headers | {"x-amz-date": at}))
    said = f"AWS4-HMAC-SHA256 Credential={EXAMPLE_SCOPE},SignedHeaders={signed},Signature={signature}"
    given_headers = {**headers, "x-amz-date": at, "authorization": said}
    return sigv4.Request(method, path, query, lambda name: given_headers.get(name, ""))


def test_aws_own_examples_are_right() -> None:
    at, host = "20130524T000000Z", "examplebucket.s3.amazonaws.com"
    ranged = {"host": host, "range": "bytes=0-9", "x-amz-content-sha256": EMPTY}
    chunked = {
        "host": "s3.amazonaws.com",
        "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        "content-encoding": "aws-chunked",
        "x-amz-decoded-content-length": "66560",
        "x-amz-storage-class": "REDUCED_REDUNDANCY",
        "content-length": "66824",
    }
    get = example(at, "GET", "/test.txt", ranged, "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")
    put = example(
        *(at, "PUT", "/examplebucket/chunkObject.txt", chunked),
        "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
    )
    for request in (get, put):
        claim = sigv4.claimed(request)
        assert claim is not None
        assert sigv4.right(request, claim, sigv4.payload(request) or EMPTY, EXAMPLE_SECRET)


@pytest.mark.parametrize(
    "said",
    [
        "",
        "Bearer token",
        "AWS key:signature",
        "AWS4-HMAC-SHA256 Credential=key/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=",
        f"AWS4-ECDSA-P256-SHA256 Credential=key/20260101/s3/aws4_request, SignedHeaders=host, Signature={'0' * 64}",
    ],
)
def test_what_is_no_signature_of_version_4_is_none(said: str) -> None:
    assert sigv4.claimed(sigv4.Request("GET", "/", "", {"authorization": said}.get)) is None  # type: ignore[arg-type]


@pytest.mark.parametrize(("off", "good"), [(0, True), (-14, True), (14, True), (-16, False), (16, False)])
def test_clocks_may_differ_by_a_quarter_of_an_hour(off: int, good: bool) -> None:
    at = sigv4.moment(NOW + timedelta(minutes=off))
    assert sigv4.Claim("key", sigv4.Scope(at[:8], "us-east-1", "s3"), at, ("host",)).timely(NOW) is good


@pytest.mark.parametrize("at", ["", "20260101", "20260102T000000Z", "yesterday"])
def test_a_time_that_is_none_or_not_of_the_day_is_not_now(at: str) -> None:
    scope = sigv4.Scope("20260101", "us-east-1", "s3")
    assert not sigv4.Claim("key", scope, at, ("host",)).timely(datetime(2026, 1, 2, tzinfo=UTC))


def test_a_signature_that_leaves_the_host_out_is_wrong() -> None:
    headers = {"x-amz-date": sigv4.moment(NOW)}
    request = sigv4.Request("GET", "/", "", headers.__getitem__)
    scope = sigv4.Scope(headers["x-amz-date"][:8], "us-east-1", "s3")
    bare = sigv4.Claim(KEY.access_key, scope, headers["x-amz-date"], ("x-amz-date",))
    claim = sigv4.Claim(
        *(KEY.access_key, scope, bare.at, bare.signed), sigv4.signature(request, bare, EMPTY, KEY.secret_key)
    )
    assert not sigv4.right(request, claim, EMPTY, KEY.secret_key)
