"""Run Command: what is sent to an EC2 instance really runs, and ends with it. Nothing here is played."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud import credentials
from localcloud.client import Client as Admin
from localcloud.credentials import Access
from localcloud.faults import Fault, FaultKind
from localcloud.server import LocalCloud
from localcloud.settings import Settings
from localcloud.ssm.model import CANCELLED, HOST_GONE, Invocation, Status
from tests.localcloud.conftest import Terraform
from tests.localcloud.helpers import Client, PlayedSteps, client_at, client_of
from tests.patience import Clock, lives, until

ENDED = ("Success", "Failed", "TimedOut", "Cancelled")
STUBBORN = "trap '' TERM; bash -c 'trap \"\" TERM; echo $$ >{pid}; while :; do sleep 0.1; done'"
DAEMON = "setsid bash -c 'echo $$ >{pid}; while :; do sleep 0.1; done' </dev/null >/dev/null 2>&1 &"
SOURCE = Path(__file__).with_name("host.tf")
Send = Callable[..., str]


@pytest.fixture
def ssm(aws: Client) -> Any:
    return aws("ssm")


@pytest.fixture
def host(aws: Client) -> Iterator[str]:
    made = launch(aws)
    yield made
    aws("ec2").terminate_instances(InstanceIds=[made])


def launch(aws: Client, name: str = "ingestion") -> str:
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": name}]}]
    ran = aws("ec2").run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1, TagSpecifications=tags)
    return str(ran["Instances"][0]["InstanceId"])


@pytest.fixture
def send(ssm: Any, host: str) -> Send:
    """Sends lines to the host; gives the command's id."""

    def sent(*lines: str, **extra: Any) -> str:
        parameters = {"commands": list(lines), **extra.pop("parameters", {})}
        asked = {"InstanceIds": [host], "DocumentName": "AWS-RunShellScript", "Parameters": parameters, **extra}
        return str(ssm.send_command(**asked)["Command"]["CommandId"])

    return sent


@pytest.fixture
def told(ssm: Any, host: str) -> Callable[[str], dict[str, Any]]:
    return lambda command: ssm.get_command_invocation(CommandId=command, InstanceId=host)


@pytest.fixture
def ended(told: Any) -> Callable[[str], dict[str, Any]]:
    """How a command ended."""
    return lambda command: until(lambda: told(command), lambda found: found["Status"] in ENDED)


def pid_in(file: Path) -> int:
    return int(until(lambda: file.read_text() if file.exists() else ""))


def dies(pid: int) -> None:
    until(lambda: not lives(pid))


def test_the_lines_run_as_one_script_and_are_told_with_their_times(send: Send, ended: Any) -> None:
    found = ended(send("cd /tmp", "there=$PWD", "if [[ $there == /tmp ]]; then", "  echo in $there", "fi", Comment="c"))
    assert (found["Status"], found["StatusDetails"], found["ResponseCode"]) == ("Success", "Success", 0)
    assert (found["StandardOutputContent"], found["StandardErrorContent"]) == ("in /tmp\n", "")
    assert (found["PluginName"], found["Comment"]) == ("aws:runShellScript", "c")
    start, end = (datetime.fromisoformat(found[f"Execution{which}DateTime"]) for which in ("Start", "End"))
    assert end > start
    assert found["ExecutionElapsedTime"].startswith("PT")


def test_a_failing_script_is_told_with_its_status_and_what_the_agent_adds(send: Send, ended: Any) -> None:
    found = ended(send("echo out", "echo no disk >&2", "exit 3", "echo never"))
    assert (found["Status"], found["StatusDetails"], found["ResponseCode"]) == ("Failed", "Failed", 3)
    assert found["StandardOutputContent"] == "out\n"
    assert found["StandardErrorContent"] == "no disk\nfailed to run commands: exit status 3"


def test_only_the_last_line_decides_and_137_is_a_timeout_as_to_the_agent(send: Send, ended: Any) -> None:
    first, second = send("false", "true"), send("exit 137")
    assert ended(first)["Status"] == "Success"
    assert (ended(second)["Status"], ended(second)["StatusDetails"]) == ("TimedOut", "ExecutionTimedOut")


def test_a_script_that_names_its_interpreter_is_run_by_it(send: Send, ended: Any) -> None:
    assert ended(send("#!/usr/bin/env python3", "print(6 * 7)"))["StandardOutputContent"] == "42\n"


def test_a_host_has_aws_and_python_with_boto3_knows_itself_and_may_not_change_the_laptop(
    send: Send, ended: Any, aws: Client, bucket: str, host: str
) -> None:
    aws("s3").put_object(Bucket=bucket, Key="drop/a.csv", Body=b"1;2\n")
    found = ended(
        send(
            "set -eu",
            f"aws s3 cp s3://{bucket}/drop/a.csv - | tr ';' ',' | aws s3 cp - s3://{bucket}/raw/a.csv",
            "python3 - <<'END'",
            "import boto3, sys",
            f"body = boto3.client('s3').get_object(Bucket='{bucket}', Key='raw/a.csv')['Body'].read()",
            "print(sys.prefix, body)",
            "END",
            "echo $AWS_SSM_INSTANCE_ID $AWS_SSM_REGION_NAME",
            "sudo true || shutdown -h now || echo refused",
        )
    )
    assert found["StandardOutputContent"].splitlines() == [f"{sys.prefix} b'1,2\\n'", f"{host} eu-west-1", "refused"]


def test_a_host_is_no_node(send: Send, ended: Any, cloud: LocalCloud, host: str) -> None:
    ended(send("true"))
    programs = {path.name for path in (cloud.settings.work_dir / "hosts" / host / "bin").iterdir()}
    assert programs == {"aws", "python3", "sudo", "shutdown"}


def test_commands_of_a_host_share_its_disk_and_run_where_they_are_told(send: Send, ended: Any, tmp_path: Path) -> None:
    ended(send("echo kept >kept.txt"))
    assert ended(send("cat kept.txt ~/kept.txt"))["StandardOutputContent"] == "kept\nkept\n"
    where = {"workingDirectory": [str(tmp_path)]}
    assert ended(send("pwd", parameters=where))["StandardOutputContent"] == f"{tmp_path}\n"
    lost = ended(send("pwd", parameters={"workingDirectory": ["/no/such"]}))
    assert (lost["Status"], lost["ResponseCode"]) == ("Failed", 1)
    assert lost["StandardErrorContent"] == "failed to run commands: chdir /no/such: no such file or directory"


def test_a_running_command_is_in_progress_and_can_be_cancelled_though_it_ignores_term(
    ssm: Any, send: Send, told: Any, ended: Any, tmp_path: Path, host: str
) -> None:
    command = send("echo begun", STUBBORN.format(pid=tmp_path / "pid"))
    pid = pid_in(tmp_path / "pid")
    now = told(command)
    assert (now["Status"], now["StatusDetails"], now["ResponseCode"]) == ("InProgress", "InProgress", -1)
    assert (now["StandardOutputContent"], now["ExecutionEndDateTime"]) == ("", "")
    ssm.cancel_command(CommandId=command, InstanceIds=[host])
    after = ended(command)
    assert (after["Status"], after["StatusDetails"], after["ResponseCode"]) == ("Cancelled", "Cancelled", 137)
    assert not lives(pid)


def test_a_command_is_killed_when_its_execution_timeout_is_over(tmp_path: Path) -> None:
    clock = Clock()
    with LocalCloud(Settings(home=tmp_path, port=0), runner=PlayedSteps(), clock=clock) as cloud:
        aws = client_of(cloud)
        ssm, host = aws("ssm"), launch(aws)
        parameters = {"commands": [STUBBORN.format(pid=tmp_path / "pid")], "executionTimeout": ["600"]}
        sent = ssm.send_command(InstanceIds=[host], DocumentName="AWS-RunShellScript", Parameters=parameters)["Command"]
        pid = pid_in(tmp_path / "pid")

        def found() -> dict[str, Any]:
            return ssm.get_command_invocation(CommandId=sent["CommandId"], InstanceId=host)

        clock.forward(300)
        time.sleep(0.3)
        assert found()["Status"] == "InProgress"
        clock.forward(301)
        after = until(found, lambda now: now["Status"] in ENDED)
        assert (after["Status"], after["StatusDetails"], after["ResponseCode"]) == (
            "TimedOut",
            "ExecutionTimedOut",
            137,
        )
        assert not lives(pid)
        listed = ssm.list_commands(CommandId=sent["CommandId"])["Commands"][0]
        assert (listed["Status"], listed["ErrorCount"], listed["CompletedCount"]) == ("TimedOut", 1, 1)
        assert listed["ExpiresAfter"] - listed["RequestedDateTime"] == timedelta(seconds=3600 + 600)


def test_the_whole_output_is_in_s3_and_its_beginning_is_told(
    send: Send, ended: Any, aws: Client, bucket: str, host: str
) -> None:
    lines = ("printf 'é%.0s' {1..25000}", "printf 'x%.0s' {1..9000} >&2")
    command = send(*lines, OutputS3BucketName=bucket, OutputS3KeyPrefix="ssm/out/")
    found = ended(command)
    assert (found["StandardOutputContent"], found["StandardErrorContent"]) == ("é" * 24_000, "x" * 8_000)
    folder = f"ssm/out/{command}/{host}/awsrunShellScript/0.awsrunShellScript"
    assert found["StandardOutputUrl"] == f"https://s3.eu-west-1.amazonaws.com/{bucket}/{folder}/stdout"
    body = aws("s3").get_object(Bucket=bucket, Key=f"{folder}/stdout")["Body"].read()
    assert body.decode() == "é" * 25_000
    quiet = send("echo only out", OutputS3BucketName=bucket)
    ended(quiet)
    keys = [found["Key"] for found in aws("s3").list_objects_v2(Bucket=bucket, Prefix=quiet)["Contents"]]
    assert keys == [f"{quiet}/{host}/awsrunShellScript/0.awsrunShellScript/stdout"]


def test_a_bucket_that_is_not_there_costs_the_output_alone(send: Send, ended: Any) -> None:
    assert ended(send("echo x", OutputS3BucketName="no-such-bucket"))["StandardOutputContent"] == "x\n"


@pytest.mark.parametrize("end", ["terminate_instances", "stop_instances"])
def test_a_host_takes_its_command_with_it(
    aws: Client, send: Send, ended: Any, tmp_path: Path, host: str, end: str
) -> None:
    command = send(DAEMON.format(pid=tmp_path / "daemon"), STUBBORN.format(pid=tmp_path / "child"))
    pids = [pid_in(tmp_path / name) for name in ("daemon", "child")]
    getattr(aws("ec2"), end)(InstanceIds=[host])
    after = ended(command)
    assert (after["Status"], after["StatusDetails"], after["ResponseCode"]) == ("TimedOut", "DeliveryTimedOut", -1)
    assert not any(map(lives, pids))
    with pytest.raises(ClientError, match="InvalidInstanceId"):
        send("true")


def test_a_stopped_host_keeps_its_disk_and_works_again_and_a_terminated_one_loses_it(
    aws: Client, cloud: LocalCloud, send: Send, ended: Any, told: Any, host: str
) -> None:
    ec2, home = aws("ec2"), cloud.settings.work_dir / "hosts" / host
    first = send("echo kept >kept.txt", "sleep 600")
    until((home / "home" / "kept.txt").exists)
    ec2.stop_instances(InstanceIds=[host])
    ended(first)
    ec2.start_instances(InstanceIds=[host])
    second = send("cat kept.txt", "sleep 600")
    until(lambda: told(second)["Status"], lambda status: status == "InProgress")
    said = home / second / "stdout"
    until(lambda: said.exists() and said.read_text(), lambda text: text == "kept\n")
    ec2.terminate_instances(InstanceIds=[host])
    ended(second)
    until(home.exists, lambda there: not there)


def test_what_a_command_leaves_running_lives_as_long_as_its_host(
    aws: Client, send: Send, ended: Any, tmp_path: Path, host: str
) -> None:
    assert ended(send(DAEMON.format(pid=tmp_path / "pid")))["Status"] == "Success"
    pid = pid_in(tmp_path / "pid")
    time.sleep(0.3)
    assert lives(pid)
    aws("ec2").terminate_instances(InstanceIds=[host])
    dies(pid)


def test_nothing_of_a_host_outlives_the_server(tmp_path: Path) -> None:
    with LocalCloud(Settings(home=tmp_path, port=0), runner=PlayedSteps()) as cloud:
        aws = client_of(cloud)
        lines = [DAEMON.format(pid=tmp_path / "daemon"), STUBBORN.format(pid=tmp_path / "child")]
        aws("ssm").send_command(
            InstanceIds=[launch(aws)], DocumentName="AWS-RunShellScript", Parameters={"commands": lines}
        )
        pids = [pid_in(tmp_path / name) for name in ("daemon", "child")]
    assert not any(map(lives, pids))


def test_a_server_that_is_killed_leaves_nothing_of_a_host_either(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from localcloud.server import LocalCloud;"
        "from localcloud.settings import Settings; cloud = LocalCloud(Settings(home=Path(sys.argv[1]), port=0));"
        "cloud.start(); print(cloud.endpoint, flush=True); time.sleep(600)"
    )
    server = subprocess.Popen([sys.executable, "-c", program, tmp_path], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        access = Access(server.stdout.readline().strip(), credentials.read(tmp_path / "credentials"))
        aws = partial(client_at, access)
        lines = [DAEMON.format(pid=tmp_path / "daemon"), STUBBORN.format(pid=tmp_path / "child")]
        aws("ssm").send_command(
            InstanceIds=[launch(aws)], DocumentName="AWS-RunShellScript", Parameters={"commands": lines}
        )
        pids = [pid_in(tmp_path / name) for name in ("daemon", "child")]
    finally:
        server.kill()
        server.wait()
    for pid in pids:
        dies(pid)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"InstanceIds": ["i-0123456789abcdef0"]}, "InvalidInstanceId"),
        ({"InstanceIds": []}, "InvalidInstanceId"),
        ({"DocumentName": "AWS-RunPatchBaseline"}, "InvalidDocument"),
        ({"Parameters": {"commands": []}}, "InvalidParameters"),
        ({"Parameters": {"commands": ["true"], "timeout": ["9"]}}, "InvalidParameters"),
        ({"Parameters": {"commands": ["true"], "executionTimeout": ["soon"]}}, "InvalidParameters"),
        ({"Targets": [{"Key": "tag:Name", "Values": ["ingestion"]}]}, "ValidationException"),
    ],
)
def test_what_cannot_be_run_is_refused_by_the_name_aws_gives_it(
    ssm: Any, host: str, change: dict[str, Any], code: str
) -> None:
    asked = {"InstanceIds": [host], "DocumentName": "AWS-RunShellScript", "Parameters": {"commands": ["true"]}}
    with pytest.raises(ClientError) as refused:
        ssm.send_command(**{**asked, **change})
    assert refused.value.response["Error"]["Code"] == code
    assert ssm.list_commands(InstanceId=host)["Commands"] == []


def test_a_command_that_was_never_sent_there_does_not_exist(ssm: Any, send: Send, ended: Any) -> None:
    command, elsewhere = send("true"), "i-0123456789abcdef0"
    ended(command)
    for asked in ((str(uuid.uuid4()), elsewhere), (command, elsewhere)):
        with pytest.raises(ClientError, match="InvocationDoesNotExist"):
            ssm.get_command_invocation(CommandId=asked[0], InstanceId=asked[1])
    with pytest.raises(ClientError, match="InvalidCommandId"):
        ssm.cancel_command(CommandId=str(uuid.uuid4()))


def test_a_command_of_two_hosts_is_listed_with_both_and_found_by_either(
    ssm: Any, aws: Client, host: str, ended: Any
) -> None:
    other = launch(aws)
    asked = {"DocumentName": "AWS-RunShellScript", "Comment": "night 2026-11-20"}
    script = {"commands": [f"echo here; [ $AWS_SSM_INSTANCE_ID = {host} ]"]}
    command = ssm.send_command(InstanceIds=[host, other], Parameters=script, **asked)["Command"]["CommandId"]
    alone = ssm.send_command(InstanceIds=[host], Parameters={"commands": ["true"]}, **asked)["Command"]["CommandId"]
    ended(alone)

    def found() -> list[dict[str, Any]]:
        return ssm.list_command_invocations(CommandId=command, Details=True)["CommandInvocations"]

    both = until(found, lambda now: all(i["Status"] in ENDED for i in now))
    assert {i["InstanceId"]: i["Status"] for i in both} == {host: "Success", other: "Failed"}
    assert {i["CommandPlugins"][0]["Output"].splitlines()[0] for i in both} == {"here"}
    (only,) = ssm.list_command_invocations(CommandId=command, InstanceId=other)["CommandInvocations"]
    assert (only["InstanceId"], only["CommandPlugins"]) == (other, [])
    of_host = ssm.list_commands(InstanceId=host)["Commands"]
    assert [c["CommandId"] for c in of_host] == [alone, command]
    assert {c["Comment"] for c in of_host} == {"night 2026-11-20"}
    failed = [{"key": "Status", "value": "Failed"}]
    assert [c["CommandId"] for c in ssm.list_commands(InstanceId=host, Filters=failed)["Commands"]] == [command]
    page = ssm.list_commands(InstanceId=host, MaxResults=1)
    assert [c["CommandId"] for c in page["Commands"]] == [alone]
    rest = ssm.list_commands(InstanceId=host, MaxResults=1, NextToken=page["NextToken"])
    assert [c["CommandId"] for c in rest["Commands"]] == [command]


def test_systems_manager_knows_running_instances_and_forgets_terminated_ones(ssm: Any, aws: Client, host: str) -> None:
    ec2 = aws("ec2")

    def known() -> list[dict[str, Any]]:
        asked = [{"Key": "InstanceIds", "Values": [host]}]
        return ssm.describe_instance_information(Filters=asked)["InstanceInformationList"]

    (found,) = known()
    assert (found["PingStatus"], found["PlatformName"], found["ResourceType"]) == (
        "Online",
        "Amazon Linux",
        "EC2Instance",
    )
    assert found["AgentVersion"]
    ec2.stop_instances(InstanceIds=[host])
    assert [i["PingStatus"] for i in known()] == ["ConnectionLost"]
    ec2.terminate_instances(InstanceIds=[host])
    assert known() == []


def test_an_agent_can_be_kept_offline_by_the_hosts_name(ssm: Any, aws: Client, cloud: LocalCloud, host: str) -> None:
    late = launch(aws, "late-comer")
    cloud.faults.add(Fault(FaultKind.AGENT_OFFLINE, host="late-*", times=3))

    def online() -> list[str]:
        asked = [{"Key": "InstanceIds", "Values": [host, late]}, {"Key": "PingStatus", "Values": ["Online"]}]
        found = ssm.describe_instance_information(Filters=asked)["InstanceInformationList"]
        return [information["InstanceId"] for information in found]

    assert [online(), online()] == [[host], [host]]
    sent = {"DocumentName": "AWS-RunShellScript", "Parameters": {"commands": ["true"]}}
    with pytest.raises(ClientError, match=rf"Instances \[\[{late}\]\] not in a valid state for account 123456789012"):
        ssm.send_command(InstanceIds=[host, late], **sent)
    assert online() == [host, late]
    assert ssm.send_command(InstanceIds=[host, late], **sent)


def test_any_call_of_ssm_can_be_throttled(ssm: Any, cloud: LocalCloud, send: Send) -> None:
    cloud.faults.add(Fault(FaultKind.SSM_THROTTLED, operation="SendCommand"))
    cloud.faults.add(Fault(FaultKind.SSM_THROTTLED, operation="GetParameter"))
    image = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
    for call in (lambda: send("true"), lambda: ssm.get_parameter(Name=image)):
        with pytest.raises(ClientError, match="ThrottlingException"):
            call()
        assert call()


def test_the_recorder_sees_commands_with_the_hosts_tags_and_without_the_script(
    cloud: LocalCloud, send: Send, ended: Any, host: str
) -> None:
    ended(send("echo my-secret"))
    calls = {call["operation"]: call for call in Admin(cloud.access).calls() if call["service"] == "ssm"}
    assert calls.keys() == {"SendCommand", "GetCommandInvocation"}
    assert calls["SendCommand"]["params"]["InstanceIds"] == [host]
    assert calls["SendCommand"]["resource_tags"] == {host: {"Name": "ingestion"}}
    assert "my-secret" not in json.dumps(calls)


def test_a_command_that_was_done_before_it_was_cancelled_is_done() -> None:
    now = datetime.now(UTC)
    one = Invocation("i-1")
    one.start(now)
    assert one.kill_for(CANCELLED)
    assert not one.kill_for(HOST_GONE), "the first reason stands"
    one.finish(0, now)
    assert one.status is Status.SUCCESS


@pytest.mark.terraform
def test_a_host_is_applied_kept_used_and_destroyed_by_terraform(
    terraform: Terraform, aws: Client, ssm: Any, tmp_path: Path
) -> None:
    shutil.copy(SOURCE, tmp_path / "main.tf")
    profile = aws("iam").create_instance_profile(InstanceProfileName=f"host-{uuid.uuid4().hex}")["InstanceProfile"]
    key = aws("kms").create_key()["KeyMetadata"]["Arn"]
    given = {"kms_key": key, "instance_profile": profile["InstanceProfileName"]}
    terraform("init")
    terraform("apply", "-auto-approve", **given)
    host = json.loads((tmp_path / "terraform.tfstate").read_text())["outputs"]["instance"]["value"]
    sent = ssm.send_command(
        InstanceIds=[host],
        DocumentName="AWS-RunShellScript",
        Parameters={"commands": [STUBBORN.format(pid=tmp_path / "pid")]},
    )
    pid = pid_in(tmp_path / "pid")
    terraform("plan", "-detailed-exitcode", **given)
    terraform("destroy", "-refresh=false", "-auto-approve", **given)
    dies(pid)
    command = sent["Command"]["CommandId"]
    until(
        lambda: ssm.get_command_invocation(CommandId=command, InstanceId=host)["StatusDetails"],
        lambda status: status == "DeliveryTimedOut",
    )
