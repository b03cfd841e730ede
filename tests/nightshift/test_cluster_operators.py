"""Waiting for the cluster: what is told, which cluster is replaced, by what, and when it is given up."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import boto3
import pytest
from airflow.sdk.bases.operator import TRIGGER_FAIL_REPR, TriggerFailureReason
from airflow.sdk.exceptions import AirflowFailException, TaskDeferred
from botocore.exceptions import BotoCoreError

from localcloud.client import Client
from localcloud.emr.seam import StepOutcome
from nightshift.compute.emr import client as hook
from nightshift.config import Settings
from nightshift.operators.compute import StartComputeOperator, SubmitJobsOperator, WaitForComputeOperator
from nightshift.operators.jobs import WaitForJobOperator
from nightshift.run.run_context import from_run
from nightshift.state.ledger import Ledger, lease_of
from tests.nightshift.emr import emr_steps
from tests.patience import until
from wordcount.definition import PIPELINE as WORDCOUNT

LIMIT_MINUTES = 5


class Runner:
    """Steps and bootstrap actions that end well at once."""

    def run(self, request):
        return StepOutcome(0, "")

    def kill(self, cluster_id, step_id): ...

    def forget(self, cluster_id): ...

    def close(self): ...


class Rig:
    """A run of which everything up to the cluster is done, on a localcloud with subnets in two zones."""

    def __init__(self, access, settings):
        self.settings, self.faults = settings, Client(access)
        self.emr, self.s3 = boto3.client("emr"), boto3.client("s3")
        run = SimpleNamespace(run_id=f"manual__{uuid.uuid4().hex}", run_after=datetime.now(UTC) - timedelta(minutes=1))
        run.start_date = run.run_after
        self.night = from_run(settings, WORDCOUNT, run.run_id, run.run_after, {})
        self.zones, groups = _network()
        self.xcoms = {
            "apply_foundation": {
                "subnet_ids": list(self.zones.values()),
                "emr_service_role_arn": "service",
                "emr_instance_profile_arn": "nodes",
            },
            "apply_transient": {"security_configuration": self._security(), **groups},
            "publish_jobs": {"jobs_uri": f"s3://{settings.bucket('artifacts')}/jobs/abc/"},
        }
        ti = SimpleNamespace(try_number=1, map_index=-1, xcom_pull=self._pull, xcom_push=lambda **_: None)
        self.context = {"ti": ti, "dag_run": run, "params": {}}
        for kind in ("lake", "artifacts", "logs"):
            self.s3.create_bucket(Bucket=settings.bucket(kind))
        self.s3.put_object(Bucket=settings.bucket("artifacts"), Key="jobs/abc/time_limit.sh", Body=b"exit 0")

    def task(self, operator, task_id, **arguments):
        return operator(task_id=task_id, pipeline=WORDCOUNT, settings=self.settings, **arguments)

    def create(self):
        self.xcoms["start_compute"] = self.task(StartComputeOperator, "start_compute").execute(self.context)

    def waiting(self, minutes=LIMIT_MINUTES):
        return self.task(WaitForComputeOperator, "wait_for_compute", wait_minutes=minutes)

    def wait(self, minutes=LIMIT_MINUTES):
        self.xcoms["wait_for_compute"] = self.waiting(minutes).execute(self.context)
        return self.xcoms["wait_for_compute"]["id"]

    def lose_the_answer(self):
        """A try of wait_for_compute that asks for a cluster and does not hear that it got one."""
        self.faults.add_fault("run-job-flow-answer-lost", times=1)
        with pytest.raises(BotoCoreError):
            self.wait()

    def submit(self):
        return self.task(SubmitJobsOperator, "submit_jobs").execute(self.context)

    def _pull(self, task_ids):
        return self.xcoms.get(task_ids)

    @property
    def clusters(self):
        """Every cluster of the run, oldest first."""
        return hook.EmrClient(self.emr).clusters(self.night, (*hook.ALIVE, *hook.GONE))

    @property
    def alive(self):
        return [c["Id"] for c in self.clusters if c["Status"]["State"] not in hook.GONE]

    @property
    def notes(self):
        return [e for e in Ledger(self.s3, self.night).entries() if e["phase"] == "note"]

    def fleets(self, cluster_id):
        return self.emr.list_instance_fleets(ClusterId=cluster_id)["InstanceFleets"]

    def _security(self):
        name = f"conf-{uuid.uuid4().hex}"
        self.emr.create_security_configuration(Name=name, SecurityConfiguration="{}")
        return name


def _network():
    ec2 = boto3.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    zones = {
        f"us-east-1{letter}": ec2.create_subnet(
            VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"us-east-1{letter}"
        )["Subnet"]["SubnetId"]
        for number, letter in enumerate("ab")
    }
    groups = {
        f"{role}_security_group_id": ec2.create_security_group(GroupName=role, Description=role, VpcId=vpc)["GroupId"]
        for role in ("master", "worker", "service")
    }
    return zones, groups


@pytest.fixture
def rig(localcloud):
    settings = Settings(name=f"rig-{uuid.uuid4().hex[:12]}", poll_seconds=0.02, deferrable=False, api_tries=2)
    return Rig(localcloud(runner=Runner()).access, settings)


def test_a_ready_cluster_is_handed_on(rig):
    rig.create()
    assert rig.wait() == rig.xcoms["start_compute"]["id"]
    assert rig.notes == []


def test_a_throttled_request_is_made_again_because_emr_did_nothing(rig):
    rig.faults.add_fault("run-job-flow-throttled", times=1)
    rig.create()
    assert rig.alive == [rig.xcoms["start_compute"]["id"]]


def test_each_state_is_told_as_it_comes(rig, capsys):
    rig.settings = replace(rig.settings, deferrable=True)
    rig.faults.add_fault("slow-start", seconds=600)
    rig.create()
    cluster_id = rig.xcoms["start_compute"]["id"]
    with pytest.raises(TaskDeferred):
        rig.wait()
    assert f"Cluster {cluster_id} is STARTING. " in capsys.readouterr().out
    news = {"id": cluster_id, "state": "STARTING", "words": "BOOTSTRAPPING", "why": "Running bootstrap actions"}
    with pytest.raises(TaskDeferred):
        rig.waiting().resume(rig.context, news)
    assert f"Cluster {cluster_id} is BOOTSTRAPPING. Running bootstrap actions" in capsys.readouterr().out


def test_a_zone_without_capacity_is_left_for_another_and_spare_types_are_asked_for_too(rig):
    rig.faults.add_fault("capacity-refused", zone="us-east-1a", times=None)
    rig.create()
    cluster_id = rig.wait()
    assert rig.alive == [cluster_id]
    assert rig.clusters[-1]["Ec2InstanceAttributes"]["Ec2AvailabilityZone"] == "us-east-1b"
    types = {t["InstanceType"] for f in rig.fleets(cluster_id) for t in f["InstanceTypeSpecifications"]}
    assert types > {*rig.settings.types, "r5.xlarge", "r6i.xlarge"}
    (note,) = rig.notes
    assert (note["act"], note["attempt"]) == ("replace_place", 2)
    assert "INSTANCE_FLEET_TIMEOUT" in note["why"]
    assert lease_of([note]) > datetime.now(UTC) + timedelta(minutes=LIMIT_MINUTES), "a new cluster, a new wait"


def test_where_spot_has_run_out_the_third_cluster_is_on_demand(rig):
    rig.faults.add_fault("capacity-refused", market="spot", times=None)
    rig.create()
    cluster_id = rig.wait()
    assert len(rig.clusters) == 3
    assert {f["TargetSpotCapacity"] for f in rig.fleets(cluster_id)} == {0}


def test_after_three_clusters_without_capacity_the_task_fails_and_says_so(rig):
    rig.faults.add_fault("capacity-refused", times=None)
    rig.create()
    with pytest.raises(AirflowFailException, match=r"insufficient EC2 capacity.*Next: Wait an hour") as failed:
        rig.wait()
    assert (len(rig.clusters), rig.alive) == (3, [])
    assert (failed.value.__context__.kind, failed.value.__context__.code[:12]) == ("capacity", "INTERNAL_ERR")


def test_a_failed_bootstrap_is_given_one_new_cluster_and_no_more(rig):
    rig.faults.add_fault("bootstrap-failure", times=1)
    rig.create()
    cluster_id = rig.wait()
    assert rig.alive == [cluster_id]
    assert len(rig.clusters) == 2


def test_a_bootstrap_that_fails_again_fails_the_task(rig):
    rig.faults.add_fault("bootstrap-failure", times=None)
    rig.create()
    with pytest.raises(AirflowFailException, match=r"BOOTSTRAP_FAILURE.*bootstrap-actions/") as failed:
        rig.wait()
    assert (len(rig.clusters), failed.value.__context__.kind) == (2, "bootstrap")


def test_a_cluster_that_somebody_ended_is_not_replaced(rig):
    rig.create()
    rig.emr.terminate_job_flows(JobFlowIds=rig.alive)
    with pytest.raises(AirflowFailException, match="USER_REQUEST"):
        rig.wait()
    assert len(rig.clusters) == 1


def test_a_retry_adopts_the_replacement_whose_answer_was_lost(rig):
    rig.faults.add_fault("capacity-refused", times=1)
    rig.create()
    rig.lose_the_answer()
    cluster_id = rig.wait()
    assert rig.alive == [cluster_id]
    assert len(rig.clusters) == 2


def test_a_retry_goes_on_where_the_killed_task_was(rig):
    """Two clusters have died for want of capacity, the second after its task was killed: the third is the last."""
    rig.faults.add_fault("capacity-refused", times=2)
    rig.create()
    rig.lose_the_answer()
    assert {f["TargetSpotCapacity"] for f in rig.fleets(rig.wait())} == {0}
    assert len(rig.clusters) == 3


def test_after_a_clear_the_clusters_of_the_earlier_try_do_not_count(rig):
    rig.faults.add_fault("capacity-refused", times=4)
    rig.create()
    with pytest.raises(AirflowFailException):
        rig.wait()
    rig.create()
    cluster_id = rig.wait()
    assert rig.alive == [cluster_id]
    assert len(rig.clusters) == 5


def test_a_cluster_that_does_not_start_in_time_is_told_with_emrs_last_words(rig):
    rig.faults.add_fault("slow-start", seconds=600)
    rig.create()
    with pytest.raises(AirflowFailException, match=r"is still STARTING after 0.01 minutes"):
        rig.wait(minutes=0.01)


def test_a_deferred_wait_has_the_deadline_of_the_clusters_own_start(rig):
    rig.settings = replace(rig.settings, deferrable=True)
    rig.faults.add_fault("slow-start", seconds=600)
    rig.create()
    with pytest.raises(TaskDeferred) as deferred:
        rig.wait()
    trigger = deferred.value.trigger
    created = rig.clusters[0]["Status"]["Timeline"]["CreationDateTime"].timestamp()
    assert trigger.deadline == pytest.approx(created + LIMIT_MINUTES * 60, abs=60)
    assert trigger.arguments["seen"] == "STARTING"


def test_a_deferred_task_that_is_told_of_a_dead_cluster_replaces_it_and_defers_again(rig):
    rig.settings = replace(rig.settings, deferrable=True)
    rig.faults.add_fault("capacity-refused", times=1)
    rig.faults.add_fault("slow-start", seconds=600)
    rig.create()
    dead = rig.xcoms["start_compute"]["id"]
    news = {"id": dead, "state": "GONE", "words": "TERMINATED_WITH_ERRORS", "why": "INSTANCE_FLEET_TIMEOUT"}
    until(lambda: rig.alive == [])
    with pytest.raises(TaskDeferred) as deferred:
        rig.waiting().resume(rig.context, news)
    assert rig.alive == [deferred.value.trigger.arguments["place_id"]] != [dead]


def silent(task, context):
    """What Airflow does, in a process of its own, to a deferred task whose trigger nobody ran until the belt."""
    return task.resume_execution(TRIGGER_FAIL_REPR, {"error": TriggerFailureReason.TRIGGER_TIMEOUT}, context)


def test_after_a_dead_triggerer_a_cluster_that_became_ready_meanwhile_is_handed_on(rig):
    rig.create()
    until(lambda: rig.clusters[0]["Status"]["State"] == "WAITING")
    assert silent(rig.waiting(), rig.context) == rig.xcoms["start_compute"]


def test_after_a_dead_triggerer_a_cluster_that_is_not_ready_has_had_its_time(rig):
    rig.faults.add_fault("slow-start", seconds=600)
    rig.create()
    with pytest.raises(AirflowFailException, match=r"is still STARTING after 5 minutes"):
        silent(rig.waiting(), rig.context)


def test_a_retry_adopts_steps_whose_answer_was_lost_and_a_clear_runs_them_again(rig):
    rig.create()
    cluster_id, emr = rig.wait(), hook.EmrClient(rig.emr)
    lost = emr.submit(cluster_id, emr_steps(rig.night, rig.xcoms["publish_jobs"]["jobs_uri"]))
    until(lambda: emr.steps(cluster_id)[-1]["Status"]["State"] == "COMPLETED")
    assert rig.submit() == lost
    assert set(rig.submit().values()).isdisjoint(lost.values())


class FailingFlink(Runner):
    """`flink run` fails, everything else ends well."""

    def run(self, request):
        return StepOutcome(1, "ValueError: no such word") if "flink" in request.args else super().run(request)


def test_of_a_step_that_is_several_emr_steps_the_one_that_failed_speaks(localcloud):
    settings = Settings(name=f"rig-{uuid.uuid4().hex[:12]}", poll_seconds=0.02, deferrable=False, log_wait_seconds=0)
    rig = Rig(localcloud(runner=FailingFlink()).access, settings)
    rig.context["params"] = {"engine": "flink"}
    rig.s3.put_object(Bucket=settings.bucket("artifacts"), Key="jobs/abc/flink_python.sh", Body=b"exit 0")
    rig.create()
    cluster_id = rig.wait()
    rig.xcoms["submit_jobs"] = rig.submit()
    waiting = rig.task(WaitForJobOperator, "job_wordcount", step="wordcount", wait_minutes=LIMIT_MINUTES)
    with pytest.raises(AirflowFailException, match=r"Step wordcount_count is FAILED: ValueError: no such word"):
        waiting.execute(rig.context)
    states = [step["Status"]["State"] for step in hook.EmrClient(rig.emr).steps(cluster_id)]
    assert states == ["COMPLETED", "COMPLETED", "COMPLETED", "FAILED", "CANCELLED"]
