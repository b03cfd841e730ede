"""Who gets in: signed requests of this machine's clients of AWS. Who does not: pages, other users, anybody else."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.sts.models import sts_backends

from localcloud import gate, sigv4
from localcloud.client import Client, health
from localcloud.credentials import Access, Credentials, read
from localcloud.errors import CredentialsError
from localcloud.server import LocalCloud
from localcloud.settings import Settings
from tests.localcloud.helpers import Client as Aws
from tests.localcloud.helpers import PlayedSteps, client_at, cluster_request, signed, step

FAULT = b'{"kind": "step-failure", "times": null}'
RUN = json.dumps(cluster_request(Steps=[step()])).encode()
EMR = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "ElasticMapReduce.RunJobFlow"}
PAGE = {"Origin": "http://evil.example"}
FORM = b'--x\r\nContent-Disposition: form-data; name="key"\r\n\r\nk\r\n--x--\r\n'


def ask(
    cloud: LocalCloud, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
) -> tuple[int, http.client.HTTPMessage, str]:
    """One request as it stands; its status, headers and text."""
    link = http.client.HTTPConnection(cloud.endpoint.removeprefix("http://"), timeout=60)
    try:
        link.request(method, path, body=body, headers=headers or {})
        answer = link.getresponse()
        return answer.status, answer.headers, answer.read().decode()
    finally:
        link.close()


def nothing_happened(cloud: LocalCloud) -> bool:
    client = Client(cloud.access)
    return (client.clusters(), client.faults(), client.calls()) == ([], [], [])


@pytest.mark.parametrize("key", ["none", "test", "its own"])
@pytest.mark.parametrize(
    ("method", "path", "body", "headers"),
    [
        ("POST", "/", RUN, EMR),
        ("POST", "/_localcloud/faults", FAULT, {"Content-Type": "text/plain"}),
        ("GET", "/_localcloud/health", b"", {}),
        ("GET", "/_localcloud/calls", b"", {}),
        ("POST", "/bucket", FORM, {"Content-Type": "multipart/form-data; boundary=x"}),
        ("GET", "/moto-api/data.json", b"", {}),
        ("GET", "/latest/meta-data/iam/security-credentials/", b"", {}),
    ],
)
def test_nothing_that_a_page_can_send_does_anything(
    cloud: LocalCloud, method: str, path: str, body: bytes, headers: dict[str, str], key: str
) -> None:
    own = cloud.access if key == "its own" else Access(cloud.endpoint, Credentials("test", "test"))
    signature = {} if key == "none" else signed(own, method, path)
    for origin in (PAGE, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-origin"}):
        status, told, _ = ask(cloud, method, path, body, {**headers, **signature, **origin})
        assert status == 403
        assert not [name for name in told if name.lower().startswith("access-control")]
    assert nothing_happened(cloud)


def test_a_page_is_not_told_that_it_may_ask(cloud: LocalCloud) -> None:
    wanted = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type,x-amz-target"}
    status, told, _ = ask(cloud, "OPTIONS", "/", headers={**PAGE, **wanted})
    assert status == 403
    assert not [name for name in told if name.lower().startswith("access-control")]


def test_no_answer_says_that_a_page_may_read_it(cloud: LocalCloud, aws: Aws, bucket: str) -> None:
    aws("s3").put_object(Bucket=bucket, Key="a", Body=b"x")
    for headers in (aws("s3").get_object(Bucket=bucket, Key="a"), aws("sts").get_caller_identity()):
        told = headers["ResponseMetadata"]["HTTPHeaders"]
        assert not [name for name in told if name.startswith("access-control")]


@pytest.mark.parametrize("host", ["evil.example", "evil.example:5555", "127.0.0.1.evil.example", "", "127.0.0.2"])
def test_a_name_that_somebody_points_here_is_none_of_its_own(cloud: LocalCloud, host: str) -> None:
    for path in ("/_localcloud/health", "/_localcloud/clusters"):
        assert ask(cloud, "GET", path, headers={"Host": host})[0] == 403


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:1", "localhost:5555", "LOCALHOST", "api.127.0.0.1:5555"])
def test_it_is_known_by_its_own_names_on_any_port(cloud: LocalCloud, host: str) -> None:
    assert ask(cloud, "GET", "/_localcloud/health", headers={"Host": host})[0] == 200


def test_without_a_signature_there_is_only_its_health_which_says_nothing(cloud: LocalCloud) -> None:
    assert health(cloud.endpoint) == {"status": "ok"}
    for method, path in (("GET", "/"), ("POST", "/_localcloud/health"), ("GET", "/_localcloud/health/")):
        status, _, text = ask(cloud, method, path)
        assert status == 403
        assert str(cloud.settings.credentials_file) in text


CALLS = [
    ("s3", "list_buckets", "InvalidAccessKeyId", "SignatureDoesNotMatch"),
    ("sts", "get_caller_identity", "InvalidClientTokenId", "SignatureDoesNotMatch"),
    ("ec2", "describe_vpcs", "InvalidClientTokenId", "SignatureDoesNotMatch"),
    ("emr", "list_clusters", "UnrecognizedClientException", "InvalidSignatureException"),
    ("lambda", "list_functions", "UnrecognizedClientException", "InvalidSignatureException"),
]


@pytest.mark.parametrize(("service", "call", "unknown", "wrong"), CALLS)
def test_a_wrong_key_is_refused_as_aws_does_and_told_where_the_right_one_is(
    cloud: LocalCloud, service: str, call: str, unknown: str, wrong: str
) -> None:
    own = cloud.access.credentials.access_key
    for key, code in ((Credentials("test", "test"), unknown), (Credentials(own, "guessed"), wrong)):
        with pytest.raises(ClientError) as refused:
            getattr(client_at(Access(cloud.endpoint, key), service), call)()
        error = refused.value.response["Error"]
        assert error["Code"] == code
        assert f"in {cloud.settings.credentials_file}: set AWS_SHARED_CREDENTIALS_FILE to that" in error["Message"]
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_a_signature_by_another_clock_is_refused(cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    headers = signed(cloud.access, "GET", "/")
    assert ask(cloud, "GET", "/", headers=headers)[0] == 200

    class Later(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return super().now(tz) + gate_skew * 2

    gate_skew = sigv4._SKEW
    monkeypatch.setattr(gate, "datetime", Later)
    status, _, text = ask(cloud, "GET", "/", headers=headers)
    assert status == 403
    assert "RequestTimeTooSkewed" in text


def test_a_body_that_is_not_the_signed_one_is_refused(cloud: LocalCloud, aws: Aws, bucket: str) -> None:
    path = f"/{bucket}/k"
    headers = signed(cloud.access, "PUT", path, sigv4.body_hash(b"mine"))
    assert ask(cloud, "PUT", path, b"else", headers)[0] == 403
    assert ask(cloud, "PUT", path, b"mine", headers)[0] == 200
    assert aws("s3").get_object(Bucket=bucket, Key="k")["Body"].read() == b"mine"


@pytest.mark.parametrize("trailer", [False, True])
def test_a_body_in_signed_chunks_or_with_a_trailer_passes_by_its_first_signature(
    cloud: LocalCloud, aws: Aws, bucket: str, trailer: bool
) -> None:
    """As Java's SDK and Go's send it."""
    path = f"/{bucket}/chunked"
    payload = "STREAMING-UNSIGNED-PAYLOAD-TRAILER" if trailer else "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
    sign = "" if trailer else f";chunk-signature={'0' * 64}"
    end = b"x-amz-checksum-crc32:AAAAAA==\r\n" if trailer else b""
    body = f"4{sign}\r\ndata\r\n0{sign}\r\n".encode() + end + b"\r\n"
    more = {"Content-Encoding": "aws-chunked", "x-amz-decoded-content-length": "4"}
    headers = {**signed(cloud.access, "PUT", path, payload), **more}
    if trailer:
        headers["x-amz-trailer"] = "x-amz-checksum-crc32"
    assert ask(cloud, "PUT", path, body, headers)[0] == 200
    assert aws("s3").get_object(Bucket=bucket, Key="chunked")["Body"].read() == b"data"
    assert ask(cloud, "PUT", path, body, {**headers, "X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"})[0] == 403


def test_a_presigned_url_is_no_way_in(cloud: LocalCloud, aws: Aws, bucket: str) -> None:
    """Nothing here makes one. moto finds the service of such a request in its body, which nobody signed."""
    s3 = client_at(cloud.access, "s3", signature_version="s3v4")
    path = s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "k"}).removeprefix(cloud.endpoint)
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    scope = {"Authorization": "AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/elasticmapreduce/aws4_request"}
    for headers in ({}, form, EMR, {**EMR, **scope}):
        assert ask(cloud, "PUT", path, b"Action=AssumeRoleWithWebIdentity", headers)[0] == 403


@pytest.mark.parametrize("key", ["a b+c=d/é~!*'()&$@,;:?#[]%25 %2F//x", "a/../b", "a_b/.hidden/", "%"])
def test_odd_keys_get_in(aws: Aws, bucket: str, key: str) -> None:
    s3 = aws("s3")
    s3.put_object(Bucket=bucket, Key=key, Body=b"x", Metadata={"under_score": "a  b"})
    assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == b"x"
    assert [found["Key"] for found in s3.list_objects_v2(Bucket=bucket, Prefix=key)["Contents"]] == [key]


def test_a_key_of_its_iam_gets_in_until_it_is_switched_off(cloud: LocalCloud, aws: Aws) -> None:
    iam = aws("iam")
    iam.create_user(UserName="reader")
    made = iam.create_access_key(UserName="reader")["AccessKey"]
    own = Access(cloud.endpoint, Credentials(made["AccessKeyId"], made["SecretAccessKey"]))
    assert client_at(own, "sts").get_caller_identity()["Arn"].endswith(":user/reader")
    iam.update_access_key(UserName="reader", AccessKeyId=made["AccessKeyId"], Status="Inactive")
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        client_at(own, "sts").get_caller_identity()


def test_a_session_of_its_sts_gets_in_with_its_token_and_until_it_expires(cloud: LocalCloud, aws: Aws) -> None:
    role = {"RoleArn": "arn:aws:iam::999988887777:role/visitor", "RoleSessionName": "visit"}
    made = aws("sts").assume_role(**role)["Credentials"]
    key = Credentials(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])
    visitor = Access(cloud.endpoint, key)
    assert client_at(visitor, "sts").get_caller_identity()["Account"] == "999988887777"
    assert Client(visitor).faults() == []
    for token in ("", "of another session"):
        other = Access(cloud.endpoint, replace(key, token=token))
        with pytest.raises(ClientError, match="InvalidClientTokenId"):
            client_at(other, "sts").get_caller_identity()
    for session in sts_backends["999988887777"]["aws"].assumed_roles:
        session.expiration = datetime(2020, 1, 1)
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        client_at(visitor, "sts").get_caller_identity()


def test_the_keys_that_moto_gives_everybody_do_not_get_in(cloud: LocalCloud, aws: Aws) -> None:
    """GetSessionToken answers with the key of AWS's documentation."""
    made = aws("sts").get_session_token()["Credentials"]
    key = Credentials(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        client_at(Access(cloud.endpoint, key), "sts").get_caller_identity()


def test_each_server_has_a_key_of_its_own_that_it_forgets(tmp_path: Path) -> None:
    keys = []
    for home in (tmp_path / "one", tmp_path / "two", tmp_path / "two"):
        with LocalCloud(Settings(home=home, port=0), runner=PlayedSteps()) as cloud:
            file = home / "credentials"
            assert read(file) == cloud.access.credentials
            assert [place.stat().st_mode & 0o777 for place in (home, file)] == [0o700, 0o600]
            keys.append(cloud.access.credentials)
        assert not file.exists()
    assert len({key.access_key for key in keys}) == len({key.secret_key for key in keys}) == 3
    assert not [key for key in keys if key.secret_key in repr(key)]


def test_a_server_can_be_given_its_key(tmp_path: Path) -> None:
    """So that docker-compose.yaml's services know it before it is up, and after it was restarted."""
    given = tmp_path / "given"
    given.write_text("[default]\naws_access_key_id = KEYOFCOMPOSE0000\naws_secret_access_key = drawn%by$init\n")
    with LocalCloud(Settings(home=tmp_path / "home", port=0, credentials=str(given)), runner=PlayedSteps()) as cloud:
        assert cloud.access.credentials == Credentials("KEYOFCOMPOSE0000", "drawn%by$init")
        assert client_at(cloud.access, "sts").get_caller_identity()["Account"]
    assert given.exists()


@pytest.mark.parametrize("text", ["", "[default]\n", "[default]\naws_access_key_id = a\nsecret!", "[other]\nx = y\n"])
def test_a_file_without_a_key_is_named_and_not_shown(tmp_path: Path, text: str) -> None:
    file = tmp_path / "credentials"
    file.write_text(text)
    with pytest.raises(CredentialsError, match=f"{file} has no key") as refused:
        read(file)
    assert "secret!" not in str(refused.value)
    with pytest.raises(CredentialsError, match="cannot be read"):
        read(tmp_path / "absent")


@pytest.fixture
def open_place() -> Iterator[Path]:
    """A folder that every user of this machine may enter, as a home or a checkout often is."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


NEIGHBOUR = """
import encodings.idna, http.client, os, sys
from pathlib import Path
home, server = Path(sys.argv[1]), sys.argv[2]
os.setgroups([]), os.setgid(65534), os.setuid(65534)  # nobody; a Python of root's is none that they could start
for place in (home, home / "work", home / "credentials", home / "server.json"):
    try:
        print(place.name, [*place.iterdir()] if place.is_dir() else place.read_text())
    except PermissionError:
        print(place.name, "is closed")
for path in ("/", "/_localcloud/calls", "/_localcloud/faults"):
    link = http.client.HTTPConnection(server)
    link.request("GET", path)
    print(path, link.getresponse().status)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can play another user")
def test_another_user_of_this_machine_reads_no_key_and_gets_nothing(open_place: Path) -> None:
    home = open_place / ".localcloud"
    with LocalCloud(Settings(home=home, port=0)) as cloud:
        done = subprocess.run(
            [sys.executable, "-I", "-c", NEIGHBOUR, home, cloud.endpoint.removeprefix("http://")],
            capture_output=True,
            text=True,
            check=True,
            cwd="/",
        )
    closed = ["work is closed", "credentials is closed", "server.json is closed"]
    assert done.stdout.splitlines() == [
        f"{home.name} is closed",
        *closed,
        "/ 403",
        "/_localcloud/calls 403",
        "/_localcloud/faults 403",
    ]


def test_the_key_is_in_no_log(cloud: LocalCloud, aws: Aws, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", logger="localcloud")
    aws("sts").get_caller_identity()
    ask(cloud, "GET", "/", headers=PAGE)
    key = cloud.access.credentials
    assert key.secret_key not in caplog.text + repr(cloud.access) + json.dumps(Client(cloud.access).calls())
