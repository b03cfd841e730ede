"""Clusters of a run: adopted, never doubled, found by tag; against localcloud's EMR."""

from dataclasses import dataclass, field, replace
from threading import Event

import boto3
import pytest
from botocore.exceptions import BotoCoreError

from localcloud.client import Client
from localcloud.emr.seam import StepOutcome
from nightshift.aws import clients
from nightshift.compute.emr import spec
from nightshift.compute.emr.client import EmrClient, ended, refuse_if_dead
from nightshift.compute.emr.target import EmrTarget
from nightshift.failures.errors import ComputeError
from nightshift.waits import probes
from tests.nightshift.emr import emr_steps
from tests.patience import until

FOUNDATION = {"subnet_ids": [], "emr_service_role_arn": "service", "emr_instance_profile_arn": "nodes"}
TRANSIENT = {
    "security_configuration": "conf",
    "master_security_group_id": "sg-1",
    "worker_security_group_id": "sg-2",
    "service_security_group_id": "sg-3",
}


BEYOND = {"SecurityConfiguration", "BootstrapActions"}  # what these clusters do without


@dataclass
class Script:
    """A step runner that does as it is told instead of starting processes."""

    exit_code: int = 0
    go: Event = field(default_factory=Event)
    hold: str = "nothing"
    held: Event = field(default_factory=Event)

    def run(self, request):
        self.go.wait(600)
        if " ".join(request.args).startswith(self.hold):
            self.held.wait(600)
        return StepOutcome(self.exit_code, "boom" if self.exit_code else "")

    def kill(self, cluster_id, step_id):
        self.go.set()

    def forget(self, cluster_id): ...

    def close(self):
        self.go.set()
        self.held.set()


@pytest.fixture
def script():
    return Script()


@pytest.fixture
def cloud(localcloud, script):
    return localcloud(runner=script)


@pytest.fixture
def client(cloud):
    return boto3.client("emr", region_name="us-east-1")


@pytest.fixture
def emr(client):
    return EmrClient(client)


@pytest.fixture
def body(night):
    job_flow = spec.job_flow(night, FOUNDATION, TRANSIENT, jobs_uri="s3://jobs/")
    instances = {k: v for k, v in job_flow["Instances"].items() if k == "InstanceFleets" or k.startswith("Keep")}
    return {**{k: v for k, v in job_flow.items() if k not in BEYOND}, "Instances": instances}


def test_a_retry_adopts_the_cluster_that_the_first_try_made(emr, night, body):
    assert emr.adopt_or_create(night, body) == emr.adopt_or_create(night, body)
    assert len(emr.clusters(night)) == 1


def test_a_lost_answer_costs_no_second_cluster(cloud, night, body):
    emr = EmrClient(clients.client(night.settings, "emr", tries=1))
    Client(cloud.access).add_fault("run-job-flow-answer-lost", times=1)
    with pytest.raises(BotoCoreError):
        emr.adopt_or_create(night, body)
    adopted = emr.adopt_or_create(night, body)  # the task's retry
    assert [c["Id"] for c in emr.clusters(night)] == [adopted]


def test_the_runs_clusters_come_oldest_first_however_emr_lists_them(client, emr, night, body):
    made = [client.run_job_flow(**body)["JobFlowId"] for _ in range(6)]
    assert [cluster["Id"] for cluster in emr.clusters(night)] == made
    assert [cluster["Id"] for cluster in emr.tried(night, made[4])] == made[4:]


def test_another_runs_cluster_is_never_adopted_even_under_the_same_name(client, emr, night, body):
    foreign = {**body, "Tags": [{"Key": "nightshift:run", "Value": "mrhealth_sales/another"}]}
    other = client.run_job_flow(**foreign)["JobFlowId"]
    assert emr.adopt_or_create(night, body) != other


def test_a_dead_cluster_is_not_adopted_and_says_why(emr, night, body):
    first = emr.adopt_or_create(night, body)
    emr.terminate([first])
    until(lambda: probes.places_gone(night.settings, "emr", [first]))
    assert emr.adopt_or_create(night, body) != first
    with pytest.raises(ComputeError, match=r"TERMINATED \(USER_REQUEST: "):
        refuse_if_dead(emr.cluster(first))


def test_steps_go_in_once_however_often_they_are_submitted(emr, night, body):
    cluster_id = emr.adopt_or_create(night, body)
    steps = emr_steps(night, "s3://jobs/")
    assert emr.submit(cluster_id, steps) == emr.submit(cluster_id, steps)
    assert [s["Name"] for s in emr.steps(cluster_id)] == ["bronze", "silver", "gold"]


def test_what_a_lost_answer_put_there_is_adopted_though_it_has_completed(night, emr, body, script):
    script.go.set()
    cluster_id = emr.adopt_or_create(night, body)
    steps = emr_steps(night, "s3://jobs/")
    first = emr.submit(cluster_id, steps)
    until(lambda: probes.job_ended(night.settings, "emr", cluster_id, first["gold"]))
    assert emr.submit(cluster_id, steps) == first


def test_steps_that_completed_are_run_again_when_the_task_is_cleared(night, emr, body, script):
    script.go.set()
    cluster_id = emr.adopt_or_create(night, body)
    steps = emr_steps(night, "s3://jobs/")
    first = emr.submit(cluster_id, steps)
    until(lambda: probes.job_ended(night.settings, "emr", cluster_id, first["gold"]))
    assert set(emr.submit(cluster_id, steps, known=first.values()).values()).isdisjoint(first.values())


def test_nothing_is_run_beside_a_submission_that_is_still_going_on(night, emr, body, script):
    cluster_id = emr.adopt_or_create(night, body)
    steps = emr_steps(night, "s3://jobs/")
    script.hold = "spark-submit --deploy-mode client --name mrhealth_sales-silver"
    script.go.set()
    first = emr.submit(cluster_id, steps)
    until(lambda: probes.job_ended(night.settings, "emr", cluster_id, first["bronze"]))
    assert emr.submit(cluster_id, steps, known=first.values()) == first
    script.held.set()


def test_a_failed_step_is_submitted_again_with_those_it_cancelled(emr, night, body, script):
    script.exit_code = 1
    script.go.set()
    cluster_id = emr.adopt_or_create(night, body)
    steps = emr_steps(night, "s3://jobs/")
    first = emr.submit(cluster_id, steps)
    news = until(lambda: probes.job_ended(night.settings, "emr", cluster_id, first["gold"]))
    assert news["state"] == "CANCELLED"
    script.go.clear()
    assert set(emr.submit(cluster_id, steps).values()).isdisjoint(first.values())


def test_a_step_is_no_news_while_it_runs_and_its_failure_is_news_with_a_reason(emr, night, body, script):
    cluster_id = emr.adopt_or_create(night, body)
    step_id = emr.submit(cluster_id, emr_steps(night, "s3://jobs/"))["bronze"]
    assert probes.job_ended(night.settings, "emr", cluster_id, step_id) is None
    script.exit_code = 1
    script.go.set()
    news = until(lambda: probes.job_ended(night.settings, "emr", cluster_id, step_id))
    assert (news["state"], news["lost"]) == ("FAILED", "")
    assert "boom" in news["said"]


def test_the_news_of_a_failed_step_is_early_until_emr_has_pushed_its_logs_or_the_wait_is_over(emr, night, body, script):
    s3 = clients.client(night.settings, "s3")
    s3.create_bucket(Bucket="acme-night-logs")
    script.exit_code = 1
    script.go.set()
    cluster_id = emr.adopt_or_create(night, body)
    step_id = emr.submit(cluster_id, emr_steps(night, "s3://jobs/"))["bronze"]
    patient, hasty = night.settings, replace(night.settings, log_wait_seconds=0)
    news = until(lambda: probes.job_ended(patient, "emr", cluster_id, step_id))
    pushed = [item["Key"] for item in s3.list_objects_v2(Bucket="acme-night-logs").get("Contents", [])]
    assert (news.get("early"), pushed) == (True, [])
    assert "early" not in probes.job_ended(hasty, "emr", cluster_id, step_id)
    s3.put_object(Bucket="acme-night-logs", Key=f"emr/{cluster_id}/steps/{step_id}/stdout.gz", Body=b"")
    assert "early" not in probes.job_ended(patient, "emr", cluster_id, step_id)


def test_a_steps_logs_are_where_emr_puts_them(emr, night, body):
    cluster_id = emr.adopt_or_create(night, body)
    step_id = emr.submit(cluster_id, emr_steps(night, "s3://jobs/"))["bronze"]
    [job, *_] = EmrTarget(night.settings).jobs(cluster_id)
    assert (job.name, job.log_uri) == ("bronze", f"s3://acme-night-logs/emr/{cluster_id}/steps/{step_id}/")


def test_terminating_ends_a_protected_cluster_too(client, emr, night, body):
    protected = {**body, "Instances": {**body["Instances"], "TerminationProtected": True}}
    cluster_id = emr.adopt_or_create(night, protected)
    emr.terminate([cluster_id])
    until(lambda: probes.places_gone(night.settings, "emr", [cluster_id]))
    assert emr.clusters(night) == []


def test_a_night_that_looks_for_clusters_finds_only_its_own(emr, night, body):
    emr.adopt_or_create(night, body)
    tomorrow = replace(night, run_id="scheduled__2026-01-06")
    assert emr.clusters(tomorrow) == []


@pytest.mark.parametrize(
    ("code", "detail", "message", "kind"),
    [
        ("INSTANCE_FLEET_TIMEOUT", None, "Failed to provision", "capacity"),
        ("INTERNAL_ERROR", "INTERNAL_ERROR_EC2_INSUFFICIENT_CAPACITY_AZ", "", "capacity"),
        ("INTERNAL_ERROR", "INTERNAL_ERROR_SPOT_NO_CAPACITY_PRIMARY", "", "capacity"),
        ("INTERNAL_ERROR", None, "EC2 has insufficient capacity for r5.xlarge", "capacity"),
        ("INTERNAL_ERROR", None, "Failed to start the job flow due to an internal error", "other"),
        ("BOOTSTRAP_FAILURE", "BOOTSTRAP_FAILURE_PRIMARY_WITH_NON_ZERO_CODE", "", "bootstrap"),
        ("INSTANCE_FAILURE", None, "Master instance (i-1) was terminated", "lost"),
        ("VALIDATION_ERROR", "VALIDATION_ERROR_INVALID_SSH_KEY_NAME", "", "other"),
        ("USER_REQUEST", None, "Terminated by user request", "other"),
        (None, None, "", "other"),
    ],
)
def test_why_a_cluster_ended_is_read_from_emrs_codes(code, detail, message, kind):
    reason = {"Code": code, "Message": message} if code else {}
    details = [{"ErrorCode": detail}] if detail else []
    status = {"State": "TERMINATED_WITH_ERRORS", "StateChangeReason": reason, "ErrorDetails": details}
    error = ended({"Id": "j-1", "Status": status})
    assert (error.kind, error.code) == (kind, detail or code or "")
    assert message in str(error)
