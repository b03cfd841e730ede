"""The time limit that a cluster carries itself: the script alone, and in a real cluster whose step hangs."""

import os
import subprocess
import uuid
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import boto3
import pytest

from localcloud.faults import Fault, FaultKind
from nightshift.compute import cost, cost_limit, instances
from nightshift.compute.emr import spec
from nightshift.compute.emr.client import EmrClient
from nightshift.compute.emr.target import place_of
from nightshift.config import Settings
from nightshift.lake import packaging
from nightshift.lake.storage import LakeHook
from nightshift.run.run_context import from_run
from tests import timers
from tests.nightshift.emr import emr_steps
from tests.patience import Clock, until
from wordcount.definition import PIPELINE as WORDCOUNT

SCRIPT = Settings().time_limit_script
FAKE = """#!/bin/sh
echo "$(basename "$0") $*" >>"{log}"
exit {status}
"""


class Node:
    """A node of EMR: its two files of facts, and programs that write down how they were called."""

    def __init__(self, home: Path):
        self.home, self.log = home, home / "log"
        for name, facts in {"instance": '{"isMaster": true}', "job-flow": '{"jobFlowId": "j-1ABC"}'}.items():
            (home / f"{name}.json").write_text(facts)
        self.answers(aws=0, sudo=0, sleep=0)

    def answers(self, **statuses: int) -> None:
        (self.home / "bin").mkdir(exist_ok=True)
        for name, status in statuses.items():
            program = self.home / "bin" / name
            program.write_text(FAKE.format(log=self.log, status=status))
            program.chmod(0o755)

    def run(self, *args: str) -> subprocess.CompletedProcess:
        path = f"{self.home / 'bin'}{os.pathsep}{os.environ['PATH']}"
        environ = {"PATH": path, "EMR_INFO_DIR": str(self.home)}
        return subprocess.run([SCRIPT, *args], env=environ, capture_output=True, text=True, timeout=300, check=False)

    def calls(self, last: str) -> list[str]:
        """What was called, once the call that begins with `last` is among it."""
        until(lambda: any(line.startswith(last) for line in self._lines()))
        return self._lines()

    def _lines(self) -> list[str]:
        return self.log.read_text().splitlines() if self.log.exists() else []


@pytest.fixture
def node(tmp_path):
    return Node(tmp_path)


def test_the_primary_asks_emr_to_end_its_own_cluster_after_the_limit(node):
    assert node.run("21600", "sa-east-1").returncode == 0
    calls = node.calls("aws")
    assert calls[0] == "sleep 21600"
    assert calls[1].startswith("aws emr terminate-clusters --region sa-east-1 --cluster-ids j-1ABC ")


def test_a_primary_that_cannot_reach_emr_tries_again_and_then_goes_down(node):
    node.answers(aws=255)
    assert node.run("1", "sa-east-1").returncode == 0
    calls = node.calls("sudo")
    assert [line.split()[0] for line in calls].count("aws") == 5
    assert calls[-1] == "sudo shutdown -h now"


def test_other_nodes_leave_it_to_the_primary(node):
    (node.home / "instance.json").write_text('{"isMaster": false}')
    done = node.run("1", "sa-east-1")
    assert (done.returncode, done.stdout) == (0, "")


def test_a_node_that_does_not_know_its_cluster_is_refused_rather_than_left_without_a_limit(node):
    (node.home / "job-flow.json").write_text("{}")
    done = node.run("1", "sa-east-1")
    assert done.returncode == 1
    assert "names no cluster" in done.stderr


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def cloud(localcloud, clock):
    return localcloud(clock=clock)


@pytest.fixture
def start(cloud):
    """Start a night's own cluster, but for its subnets and groups; gives the hook and the cluster's id."""

    def make(minutes, bought=None):
        """`bought`: the minutes of work that the night's dollars pay for."""
        settings = Settings(
            name=f"limit-{uuid.uuid4().hex[:12]}", step_timeout_minutes=0, cluster_limit_minutes=minutes
        )
        night = from_run(settings, WORDCOUNT, "manual__limit", datetime.now(UTC), {})
        if bought:
            hourly = cost.hourly(spec.fleets(night), instances.of(settings))
            night = replace(night, max_usd=hourly * (cost.PROVISIONING_MINUTES + bought) / 60)
        s3, emr = boto3.client("s3"), EmrClient(boto3.client("emr"))
        for kind in ("artifacts", "logs"):
            s3.create_bucket(Bucket=settings.bucket(kind))
        jobs_uri = LakeHook(s3, night).publish_jobs(packaging.package(settings.jobs_dir, SCRIPT))
        foundation = {"subnet_ids": [], "emr_service_role_arn": "service", "emr_instance_profile_arn": "nodes"}
        groups = dict.fromkeys((f"{role}_security_group_id" for role in ("master", "worker", "service")), "")
        body = spec.job_flow(night, foundation, {"security_configuration": "", **groups}, jobs_uri=jobs_uri)
        return emr, emr.adopt_or_create(night, body), emr_steps(night, jobs_uri)

    return make


def test_a_cluster_whose_step_hangs_ends_itself_when_its_dollars_are_used_and_says_so(cloud, start, clock):
    """By the same timer as at its time limit."""
    cloud.faults.add(Fault(FaultKind.STEP_HANGS))
    emr, cluster_id, steps = start(minutes=360, bought=10)
    emr.submit(cluster_id, steps)
    until(lambda: emr.cluster(cluster_id)["Status"]["State"] == "RUNNING")
    clock.forward(600)
    assert timers.hasten(cluster_id) == pytest.approx(600, abs=1)
    until(lambda: emr.cluster(cluster_id)["Status"]["State"] == "TERMINATED")
    (step,) = emr.steps(cluster_id)
    assert step["Status"]["State"] == "CANCELLED"
    reason = place_of(emr.cluster(cluster_id)).reason
    assert reason.startswith(cost_limit.REACHED) and "max_usd $" in reason


def test_the_sleeping_timer_does_not_keep_an_idle_cluster_alive(start, clock):
    emr, cluster_id, _ = start(minutes=360)
    until(lambda: emr.cluster(cluster_id)["Status"]["State"] == "WAITING")
    clock.forward(901)
    until(lambda: emr.cluster(cluster_id)["Status"]["State"] == "TERMINATED")
    assert "auto-termination" in emr.cluster(cluster_id)["Status"]["StateChangeReason"]["Message"]
