"""The server itself: HTTP, its own API, settings, and what happens when it stops or breaks."""

from __future__ import annotations

import http.client
import socket
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud import settings as cloud_settings
from localcloud.client import Client, health
from localcloud.errors import PortTakenError, ServerError, SettingsError
from localcloud.server import LocalCloud
from localcloud.settings import Settings
from tests.localcloud.helpers import Client as Aws
from tests.localcloud.helpers import PlayedSteps, cluster_request, signed, step, wait_for_step


def connection(cloud: LocalCloud) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", int(cloud.endpoint.rpartition(":")[2]), timeout=60)


def test_one_connection_carries_many_requests_even_when_bodies_are_not_read(cloud: LocalCloud) -> None:
    link = connection(cloud)
    link.connect()
    first = link.sock
    for _ in range(3):
        link.request("GET", "/_localcloud/nowhere", body=b"x" * 100_000)
        assert link.getresponse().read()
    assert link.sock is first


def test_a_client_that_waits_for_continue_is_not_kept_waiting(cloud: LocalCloud, aws: Aws, bucket: str) -> None:
    with socket.create_connection(("127.0.0.1", int(cloud.endpoint.rpartition(":")[2])), timeout=60) as link:
        host = cloud.endpoint.removeprefix("http://")
        headers = {**signed(cloud.access, "PUT", f"/{bucket}/x"), "Host": host, "Content-Length": "2"}
        lines = [f"PUT /{bucket}/x HTTP/1.1", *(f"{k}: {v}" for k, v in headers.items()), "Expect: 100-continue"]
        link.sendall("\r\n".join([*lines, "", ""]).encode())
        assert link.recv(100).startswith(b"HTTP/1.1 100")
        link.sendall(b"ok")
        assert link.recv(1000).startswith(b"HTTP/1.1 200")
    assert aws("s3").get_object(Bucket=bucket, Key="x")["Body"].read() == b"ok"


def test_a_body_sent_in_chunks_arrives_whole(cloud: LocalCloud, aws: Aws, bucket: str) -> None:
    link = connection(cloud)
    headers = {**signed(cloud.access, "PUT", f"/{bucket}/chunked"), "Transfer-Encoding": "chunked"}
    link.request("PUT", f"/{bucket}/chunked", body=iter([b"one ", b"two"]), headers=headers, encode_chunked=True)
    assert link.getresponse().status == 200
    assert aws("s3").get_object(Bucket=bucket, Key="chunked")["Body"].read() == b"one two"


def test_large_objects_and_their_parts_come_back_as_they_went(aws: Aws, bucket: str) -> None:
    s3, data = aws("s3"), bytes(range(256)) * 50_000
    s3.put_object(Bucket=bucket, Key="big", Body=data)
    assert s3.get_object(Bucket=bucket, Key="big")["Body"].read() == data
    assert s3.head_object(Bucket=bucket, Key="big")["ContentLength"] == len(data)


def test_nothing_but_this_machine_can_reach_the_server(cloud: LocalCloud) -> None:
    assert cloud.endpoint.startswith("http://127.0.0.1:")
    port = int(cloud.endpoint.rpartition(":")[2])
    with socket.socket() as other:
        # Another loopback address stands for every other interface.
        assert other.connect_ex(("127.0.0.2", port)) != 0


def test_a_taken_port_is_one_clear_sentence(cloud: LocalCloud, tmp_path: Path) -> None:
    port = int(cloud.endpoint.rpartition(":")[2])
    with pytest.raises(PortTakenError, match=f"port {port} on 127.0.0.1 is taken"):
        LocalCloud(Settings(home=tmp_path, port=port), runner=PlayedSteps()).start()


def test_a_stopped_server_answers_no_more_even_on_open_connections(tmp_path: Path) -> None:
    cloud = LocalCloud(Settings(home=tmp_path, port=0), runner=PlayedSteps())
    cloud.start()
    link = connection(cloud)
    link.request("GET", "/_localcloud/health")
    assert link.getresponse().read()
    cloud.stop()
    with pytest.raises((http.client.HTTPException, OSError)):
        link.request("GET", "/_localcloud/health")
        link.getresponse()


def test_a_request_that_breaks_moto_is_answered_500_and_the_server_lives(
    cloud: LocalCloud, aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: Any) -> Any:
        raise RuntimeError("moto tripped")

    monkeypatch.setattr("moto.sqs.models.SQSBackend.list_queues", breaks)
    with pytest.raises(ClientError, match="moto tripped"):
        aws("sqs").list_queues()
    assert health(cloud.endpoint) == {"status": "ok"}


def test_a_runner_that_breaks_fails_its_step_and_the_server_lives(
    emr: Any, steps: PlayedSteps, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(_: Any) -> Any:
        raise OSError("no space left on device")

    monkeypatch.setattr(steps, "run", breaks)
    cluster_id = emr.run_job_flow(**cluster_request(Steps=[step()]))["JobFlowId"]
    (listed,) = emr.list_steps(ClusterId=cluster_id)["Steps"]
    failed = wait_for_step(emr, cluster_id, listed["Id"], "FAILED")
    assert "no space left on device" in failed["Status"]["FailureDetails"]["Message"]


def test_the_client_arms_lists_and_clears_faults(cloud: LocalCloud) -> None:
    client = Client(cloud.access)
    armed = client.add_fault("step-failure", step="gold*", times=None)
    assert (armed["id"], armed["kind"], armed["step"]) == ("fault-1", "step-failure", "gold*")
    client.add_fault("sns-down")
    assert [fault["kind"] for fault in client.faults()] == ["step-failure", "sns-down"]
    assert (client.clear_faults("fault-1"), client.clear_faults()) == (1, 1)
    with pytest.raises(ServerError, match="there is no fault 'flood'"):
        client.add_fault("flood")


def test_the_client_lists_the_clusters_of_every_region(cloud: LocalCloud, aws: Aws) -> None:
    for region in ("eu-west-1", "us-east-1"):
        aws("emr", region=region).run_job_flow(**cluster_request(Name=region, Steps=[step(name="only")]))
    found = Client(cloud.access).clusters()
    assert {(c["region"], c["Name"], c["Steps"][0]["Name"]) for c in found} == {
        ("eu-west-1", "eu-west-1", "only"),
        ("us-east-1", "us-east-1", "only"),
    }


def test_a_client_of_nobody_says_that_nobody_answers() -> None:
    with pytest.raises(ServerError, match=r"no localcloud answers at .*is it up"):
        health("http://127.0.0.1:1")


def test_settings_come_from_the_environment_and_options_win(tmp_path: Path) -> None:
    environ = {"LOCALCLOUD_HOME": str(tmp_path), "LOCALCLOUD_PORT": "7000", "LOCALCLOUD_PROVISIONING_SECONDS": "420"}
    found = cloud_settings.load({"port": 0, "region": None}, environ)
    assert (found.home, found.port, found.provisioning_seconds) == (tmp_path, 0, 420.0)
    assert found.region == "us-east-1"


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"LOCALCLOUD_PORT": "many"}, "LOCALCLOUD_PORT='many' is not a number"),
        ({"LOCALCLOUD_PORT": "70000"}, "70000 is not a TCP port"),
        ({"LOCALCLOUD_ACCOUNT": "me"}, "twelve digits"),
        ({"LOCALCLOUD_BOOTSTRAP_SECONDS": "-1"}, "bootstrap_seconds is no time to wait"),
        ({"LOCALCLOUD_LOG_DELAY_SECONDS": "nan"}, "log_delay_seconds is no time to wait"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(environ: dict[str, str], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        cloud_settings.load({}, environ)
