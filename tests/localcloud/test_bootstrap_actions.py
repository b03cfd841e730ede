"""Bootstrap actions really run on the primary: arguments, logs, failure, and what they leave running."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from localcloud.faults import Fault, FaultKind
from localcloud.server import LocalCloud
from localcloud.settings import Settings
from tests.localcloud.helpers import (
    Client,
    client_of,
    cluster_request,
    step,
    wait_for_cluster,
    wait_for_step,
)
from tests.patience import lives, until

DAEMON = """#!/bin/bash
setsid bash -c 'echo $$ >"$0"; while :; do sleep 0.1; done' "$1" </dev/null >/dev/null 2>&1 &
"""
SUICIDE = """
setsid bash -c 'sleep 0.5; aws emr terminate-clusters --region eu-west-1 --cluster-ids "$EMR_CLUSTER_ID"' </dev/null &
"""


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[LocalCloud]:
    """A localcloud whose steps are real processes."""
    with LocalCloud(Settings(home=tmp_path, port=0)) as running:
        yield running


@pytest.fixture
def action(aws: Client, bucket: str) -> Any:
    """Puts a script into S3; gives it as a bootstrap action."""

    def make(script: str, *args: str) -> dict[str, Any]:
        name = f"{abs(hash(script))}.sh"
        aws("s3").put_object(Bucket=bucket, Key=name, Body=script.encode())
        return {"Name": name, "ScriptBootstrapAction": {"Path": f"s3://{bucket}/{name}", "Args": list(args)}}

    return make


@pytest.fixture
def run(emr: Any, bucket: str) -> Any:
    return lambda *actions, **extra: emr.run_job_flow(
        **cluster_request(BootstrapActions=list(actions), LogUri=f"s3://{bucket}/emr/", **extra)
    )["JobFlowId"]


@pytest.fixture
def log(aws: Client, bucket: str) -> Any:
    """The text of an action's log, by cluster, number and name."""

    def read(cluster_id: str, number: int, name: str) -> str:
        found = aws("s3").list_objects_v2(Bucket=bucket, Prefix=f"emr/{cluster_id}/node/")["Contents"]
        (key,) = [o["Key"] for o in found if o["Key"].endswith(f"/bootstrap-actions/{number}/{name}.gz")]
        return gzip.decompress(aws("s3").get_object(Bucket=bucket, Key=key)["Body"].read()).decode()

    return read


def pid_in(file: Path) -> int:
    return int(until(lambda: file.read_text() if file.exists() else ""))


def test_an_action_runs_with_its_arguments_knows_its_cluster_and_logs_where_emr_logs(
    emr: Any, action: Any, run: Any, log: Any
) -> None:
    script = 'echo "$1 and $2"; cat "$EMR_INFO_DIR/job-flow.json"; grep isMaster "$EMR_INFO_DIR/instance.json" >&2'
    cluster_id = run(action(script, "one", "two words"))
    wait_for_cluster(emr, cluster_id, "WAITING")
    said = log(cluster_id, 1, "stdout")
    assert "one and two words" in said
    assert f'"jobFlowId": "{cluster_id}"' in said
    assert '"isMaster": true' in log(cluster_id, 1, "stderr")
    assert "Step succeeded" in log(cluster_id, 1, "controller")


def test_the_cluster_is_not_ready_before_its_actions_have_ended(emr: Any, action: Any, run: Any) -> None:
    timeline = wait_for_cluster(emr, run(action("sleep 0.5")), "WAITING")["Status"]["Timeline"]
    assert (timeline["ReadyDateTime"] - timeline["CreationDateTime"]).total_seconds() >= 0.5


def test_an_action_that_answers_non_zero_ends_the_cluster_and_the_next_is_not_run(
    emr: Any, aws: Client, bucket: str, action: Any, run: Any, log: Any
) -> None:
    cluster_id = run(action("exit 0"), action("echo no yum here >&2; exit 3"), action("echo never"))
    status = wait_for_cluster(emr, cluster_id, "TERMINATED_WITH_ERRORS")["Status"]
    assert status["StateChangeReason"]["Code"] == "BOOTSTRAP_FAILURE"
    assert "bootstrap action 2 returned a non-zero" in status["StateChangeReason"]["Message"]
    assert status["ErrorDetails"][0]["ErrorCode"] == "BOOTSTRAP_FAILURE_PRIMARY_WITH_NON_ZERO_CODE"
    assert "no yum here" in log(cluster_id, 2, "stderr")
    found = aws("s3").list_objects_v2(Bucket=bucket, Prefix=f"emr/{cluster_id}/node/")["Contents"]
    assert not [o for o in found if "/bootstrap-actions/3/" in o["Key"]]


def test_what_an_action_leaves_running_lives_as_long_as_the_cluster(
    emr: Any, action: Any, run: Any, tmp_path: Path
) -> None:
    cluster_id = run(action(DAEMON, str(tmp_path / "pid")))
    pid = pid_in(tmp_path / "pid")
    wait_for_cluster(emr, cluster_id, "WAITING")
    added = emr.add_job_flow_steps(JobFlowId=cluster_id, Steps=[step("true")])["StepIds"][0]
    wait_for_step(emr, cluster_id, added, "COMPLETED")
    assert lives(pid)
    emr.terminate_job_flows(JobFlowIds=[cluster_id])
    wait_for_cluster(emr, cluster_id, "TERMINATED")
    until(lambda: not lives(pid))


def test_what_an_action_leaves_running_ends_with_the_server(tmp_path: Path) -> None:
    with LocalCloud(Settings(home=tmp_path, port=0)) as cloud:
        client = client_of(cloud)
        client("s3", region="us-east-1").create_bucket(Bucket="ends-with-the-server")
        client("s3").put_object(Bucket="ends-with-the-server", Key="x.sh", Body=DAEMON.encode())
        script = {"Path": "s3://ends-with-the-server/x.sh", "Args": [str(tmp_path / "pid")]}
        actions = [{"Name": "x", "ScriptBootstrapAction": script}]
        client("emr").run_job_flow(**cluster_request(BootstrapActions=actions))
        pid = pid_in(tmp_path / "pid")
    assert not lives(pid)


def test_a_node_may_not_take_the_laptop_down(emr: Any, action: Any, run: Any, log: Any) -> None:
    cluster_id = run(action("sudo shutdown -h now || shutdown -h now || echo refused"))
    wait_for_cluster(emr, cluster_id, "WAITING")
    assert log(cluster_id, 1, "stdout") == "refused\n"


def test_a_cluster_that_is_terminated_while_it_bootstraps_ends_at_once(emr: Any, action: Any, run: Any) -> None:
    cluster_id = run(action("sleep 60"))
    wait_for_cluster(emr, cluster_id, "BOOTSTRAPPING")
    emr.terminate_job_flows(JobFlowIds=[cluster_id])
    wait_for_cluster(emr, cluster_id, "TERMINATED")


def test_a_step_that_hangs_runs_until_it_is_cancelled(emr: Any, cloud: LocalCloud, run: Any) -> None:
    cloud.faults.add(Fault(FaultKind.STEP_HANGS, step="gold*"))
    cluster_id = run(Steps=[step("true", name="gold")])
    (hanging,) = emr.list_steps(ClusterId=cluster_id)["Steps"]
    wait_for_step(emr, cluster_id, hanging["Id"], "RUNNING")
    emr.cancel_steps(ClusterId=cluster_id, StepIds=[hanging["Id"]], StepCancellationOption="TERMINATE_PROCESS")
    wait_for_step(emr, cluster_id, hanging["Id"], "CANCELLED")


def test_a_cluster_can_end_itself_from_one_of_its_nodes(emr: Any, action: Any, run: Any) -> None:
    status = wait_for_cluster(emr, run(action(SUICIDE)), "TERMINATED")["Status"]
    assert status["StateChangeReason"]["Code"] == "USER_REQUEST"
