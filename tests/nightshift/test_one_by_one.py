"""Targets without a queue, EMR Serverless, Glue and EMR on EKS: places and jobs are adopted, never doubled, ended and
found by tag; against localcloud's services."""

import json
import uuid
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise
from threading import Event
from types import SimpleNamespace

import boto3
import pytest
from airflow.sdk.exceptions import TaskDeferred
from botocore.exceptions import BotoCoreError, ClientError

from card_movements.definition import PIPELINE as CARD_MOVEMENTS
from localcloud.client import Client
from localcloud.emr.seam import StepOutcome
from nightshift.compute import jobs, one_by_one, remembered, targets
from nightshift.compute.glue import spec as glue
from nightshift.compute.serverless import spec as serverless
from nightshift.compute.target import Ingredients, JobState, PlaceState
from nightshift.failures.causes import Cause
from nightshift.failures.errors import ComputeError
from nightshift.failures.symptoms import CUT_SHORT, cause_in
from nightshift.infrastructure import inventory
from nightshift.operators.backfill import WaitForDaysOperator
from nightshift.pipelines import BACKFILLS
from nightshift.run import run_context
from nightshift.waits import probes
from tests import dead_runs
from tests.patience import until
from wordcount.definition import PIPELINE as WORDCOUNT

ROLE = "arn:aws:iam::123456789012:role/jobs"
GIVEN = Ingredients(
    {f"{of}_job_role_arn": ROLE for of in ("serverless", "glue", "kubernetes")} | {"subnet_ids": ["sn-1"]},
    {"worker_security_group_id": "sg-2"},
    "s3://acme-night-artifacts/jobs/abc/",
)
SERVICES = ["glue.amazonaws.com", "emr-serverless.amazonaws.com", "pods.eks.amazonaws.com"]
TRUST = {"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": SERVICES}}]}
KINDS = ("serverless applications", "Glue jobs", "virtual clusters")
EKS = "nights"


class Runner:
    """A step runner that does as it is told instead of starting processes."""

    def __init__(self):
        self.exit_code, self.go, self.requests = 0, Event(), []
        self.bad = ""  # a word of the job that fails

    def run(self, request):
        self.requests.append(request)
        self.go.wait(600)
        exit_code = 1 if self.bad and self.bad in " ".join(request.args) else self.exit_code
        return StepOutcome(exit_code, "boom" if exit_code else "")

    def kill(self, place_id, run_id):
        self.go.set()

    def forget(self, place_id): ...

    def close(self):
        self.go.set()


@pytest.fixture
def runner():
    return Runner()


@pytest.fixture
def cloud(localcloud, runner):
    return localcloud(runner=runner)


@pytest.fixture(params=["serverless", "glue", "eks"])
def run(request, settings, cloud):
    if request.param == "eks" and EKS not in boto3.client("eks").list_clusters()["clusters"]:
        boto3.client("eks").create_cluster(name=EKS, roleArn=ROLE, resourcesVpcConfig={})
    night = run_context.from_run(
        replace(settings, kubernetes_cluster=EKS),
        WORDCOUNT,
        "manual__x",
        run_context.datetime.now(run_context.UTC),
        {"compute": request.param},
    )
    with suppress(ClientError):  # moto keeps what an earlier test of this process made
        boto3.client("iam").create_role(RoleName="jobs", AssumeRolePolicyDocument=json.dumps(TRUST))
    return night


@pytest.fixture
def target(run):
    return targets.of(run)


@pytest.fixture
def place(target, run):
    place_id = target.start(run, GIVEN)
    until(lambda: target.place(place_id).state == PlaceState.READY)
    return place_id


@pytest.fixture
def submit(run, target, place):
    """submit(known ids) -> the id of the run's one job."""

    def one(*known):
        specs = jobs.of_run(run, GIVEN.jobs_uri)
        return target.submit(run, place, specs, known, GIVEN, independent=False)["wordcount"]

    return one


def ended(run, place, job_id):
    return until(lambda: probes.job_ended(replace(run.settings, log_wait_seconds=0), run.compute, place, job_id))


def gone(run, place):
    return until(lambda: probes.places_gone(run.settings, run.compute, [place]))


def alive(run):
    return [thing for kind, found in inventory.alive(run).items() if kind in KINDS for thing in found]


def test_a_retry_adopts_the_place_that_the_first_try_made(run, target, place):
    assert target.start(run, GIVEN) == place
    assert [there.id for there in target.places(run)] == [place]
    assert len(alive(run)) == 1


def test_a_lost_answer_makes_no_second_place(cloud, run, target):
    once = targets.named(replace(run.settings, api_tries=1), run.compute)
    Client(cloud.access).add_fault("run-answer-lost", times=1, operation="Create*")
    with pytest.raises(BotoCoreError):
        once.start(run, GIVEN)
    assert target.start(run, GIVEN) == target.places(run)[0].id
    assert len(alive(run)) == 1


def test_a_place_is_found_by_the_tags_of_its_run_and_by_no_others(run, place):
    [thing] = [thing for thing in inventory.everything(run.settings) if thing.kind in KINDS]
    assert (thing.id, thing.run, thing.expires.date()) == (place, run.run, run.expires.date())
    assert alive(replace(run, run_id="manual__y")) == []
    assert not [t for t in inventory.everything(replace(run.settings, name="acme")) if t.kind in KINDS]


def test_a_job_gets_the_program_its_arguments_and_a_time_limit(run, target, place, submit, runner):
    job_id = submit()
    until(lambda: runner.requests)
    words = " ".join(runner.requests[0].args)
    assert words.startswith("spark-submit ") and f"{GIVEN.jobs_uri}main.py" in words
    assert f"--py-files {GIVEN.jobs_uri}spark_jobs.zip" in words
    assert "--pipeline" in words and "s3://acme-night-raw/" in words
    if run.compute == "serverless":
        told = boto3.client("emr-serverless").get_job_run(applicationId=place, jobRunId=job_id)["jobRun"]
        assert told["executionTimeoutMinutes"] == run.settings.step_timeout_minutes
    elif run.compute == "glue":
        assert boto3.client("glue").get_job_run(JobName=place, RunId=job_id)["JobRun"]["Timeout"] == 180
    runner.go.set()


def test_a_live_job_is_adopted(submit):
    assert submit() == submit()


def test_a_lost_answer_makes_no_second_job(cloud, run, target, place, submit, runner):
    once = targets.named(replace(run.settings, api_tries=1), run.compute)
    Client(cloud.access).add_fault("run-answer-lost", times=1, operation="StartJobRun")
    with pytest.raises(BotoCoreError):
        once.submit(run, place, jobs.of_run(run, GIVEN.jobs_uri), (), GIVEN, independent=False)
    runner.go.set()
    [job] = target.jobs(place)
    ended(run, place, job.id)
    assert submit() == job.id, "its completion was never heard of"
    assert len(target.jobs(place)) == 1


def test_a_job_that_failed_is_made_anew_and_so_is_a_completed_one_whose_task_is_cleared(
    run, target, place, submit, runner
):
    runner.exit_code = 1
    runner.go.set()
    first = submit()
    news = ended(run, place, first)
    assert (news["state"], news["lost"]) == ("FAILED", "")
    assert ("USER_ERROR" if run.compute == "eks" else "boom") in news["said"]
    runner.exit_code = 0
    second = submit()
    assert ended(run, place, second)["state"] == "COMPLETED"
    assert len({first, second, submit(first, second)}) == 3


def test_a_throttled_start_is_tried_again(cloud, target, place, submit):
    Client(cloud.access).add_fault("run-throttled", times=1, operation="StartJobRun")
    job_id = submit()
    assert [job.id for job in target.jobs(place)] == [job_id]


def test_a_place_with_a_live_job_is_stopped_step_by_step_and_nothing_is_left(run, target, place, submit, runner):
    job_id = submit()
    until(lambda: runner.requests)
    told = remembered.facts(target.place(place), target.jobs(place))
    target.stop([place])
    assert gone(run, place)["places"].keys() == {place}
    assert alive(run) == []
    assert target.place(place).state == PlaceState.GONE
    [job] = remembered.jobs([{"act": remembered.ACT, **told}], place)
    assert (job.id, job.name) == (job_id, "wordcount")


def test_the_reaper_cancels_the_job_of_a_dead_run_deletes_its_place_and_proves_it(run, runner):
    dead = replace(run, settings=replace(run.settings, name=f"acme-{uuid.uuid4().hex[:8]}"))
    live = replace(dead, run_id="manual__live")
    target = targets.of(dead)
    dead_runs.begun(dead)
    place = target.start(dead, GIVEN)
    until(lambda: target.place(place).state == PlaceState.READY)
    job_id = target.submit(dead, place, jobs.of_run(dead, GIVEN.jobs_uri), (), GIVEN, independent=False)["wordcount"]
    until(lambda: runner.requests)
    beside = "" if run.compute == "eks" else target.start(live, GIVEN)  # a namespace has one virtual cluster at a time
    entries = dead_runs.reaped(dead)
    assert (alive(dead), bool(alive(live))) == ([], bool(beside))
    [job] = remembered.jobs(entries, place)
    assert (job.id, job.name) == (job_id, "wordcount")
    assert dead_runs.reaped(dead) == entries, "the next pass finds nothing of it"


def test_stopping_a_place_that_is_gone_is_no_error(run, target, place):
    target.stop([place])
    gone(run, place)
    target.stop([place])
    with pytest.raises(ComputeError, match=place):
        target.next_attempt(run, place)


def test_a_lost_answer_to_a_deletion_is_no_error(cloud, run, target, place):
    Client(cloud.access).add_fault("run-answer-lost", times=1, operation="Delete*")
    target.stop([place])
    gone(run, place)
    assert not [fault for fault in Client(cloud.access).faults() if fault["left"]]


def test_a_run_that_is_cleared_after_its_end_gets_a_place_of_its_own(run, target, place):
    target.stop([place])
    gone(run, place)
    again = target.start(run, GIVEN)
    assert target.place(again).usable


def test_a_cancelled_job_is_no_failure_of_its_own(run, target, place, submit, runner):
    job_id = submit()
    until(lambda: runner.requests)
    target.stop([place])
    until(lambda: target.job(place, job_id).state.ended)
    assert target.job(place, job_id).state == JobState.CANCELLED
    assert target.place(place).usable, "it is deleted by the next call"


def test_what_a_job_cost_is_measured_by_what_the_service_bills(run, target, place, submit, runner):
    runner.go.set()
    ended(run, place, submit())
    note = {"act": remembered.ACT, **remembered.facts(target.place(place), target.jobs(place))}
    measured = target.measured(run, [], [note, note], run.requested_at)
    assert 0 <= measured <= target.estimate(run, 1), "a second run note counts once; a minute is the least"


def test_what_only_a_cluster_can_do_is_refused_with_what_can(run, target):
    assert target.refusal(run) == ""
    flink = replace(run, options={"engine": "flink"})
    assert target.refusal(flink) == f"The target {run.compute} has no Flink: run it with compute emr."
    assert "ssh_cidr" in target.refusal(replace(run, ssh_cidr="198.51.100.7/32"))
    assert target.refusal(replace(run, pipeline=BACKFILLS["backfill_wordcount"])) == ""
    odd = target.refusal(replace(run, settings=replace(run.settings, worker_type="Standard")))
    assert odd == "" if run.compute == "eks" else "G.1X, G.2X, G.4X" in odd


def test_the_days_of_a_backfill_are_made_one_after_the_other_and_a_killed_wait_makes_none_twice(
    run, target, place, runner
):
    days = ["2026-01-01", "2026-01-02", "2026-01-03"]
    fill = replace(run, pipeline=BACKFILLS["backfill_wordcount"])
    given = {"apply_foundation": GIVEN.foundation, "apply_transient": GIVEN.transient, "claim_days": {"days": days}}
    xcoms = {**given, "publish_jobs": {"jobs_uri": GIVEN.jobs_uri}, "wait_for_compute": {"id": place}}
    settings = replace(run.settings, deferrable=True, log_wait_seconds=0)
    task = WaitForDaysOperator(task_id="wait_for_days", pipeline=fill.pipeline, settings=settings, wait_minutes=10)
    task._context = {"ti": SimpleNamespace(xcom_pull=lambda task_ids: xcoms[task_ids], try_number=1)}
    runner.bad = days[1]
    with pytest.raises(TaskDeferred):
        task.work(fill, task._context)
    until(lambda: runner.requests)
    runner.go.set()
    until(lambda: target.jobs(place)[0].state.ended)
    again = WaitForDaysOperator(
        task_id="wait_for_days", pipeline=fill.pipeline, settings=replace(settings, deferrable=False), wait_minutes=10
    )
    again._context = task._context
    result = again.work(fill, task._context)
    assert [job.name for job in target.jobs(place)] == days
    assert [day in " ".join(request.args) for day, request in zip(days, runner.requests, strict=True)] == [True] * 3
    assert result.keys() == {"failed", *days}
    assert result["failed"].keys() == {days[1]}
    spans = [(job.started_at, job.ended_at) for job in target.jobs(place)]
    assert all(ended <= started for (_, ended), (started, _) in pairwise(spans)), "one after the other"


def test_a_dry_run_shows_every_request(run, target):
    told = list(target.plan(run, GIVEN.jobs_uri, jobs.of_run(run, GIVEN.jobs_uri)))
    assert len(told) == 2
    assert one_by_one.place_name(run) in told[0]


@pytest.mark.parametrize("run", ["eks"], indirect=True)
def test_a_job_past_its_time_limit_is_cancelled_by_who_looks_since_emr_on_eks_has_none(
    run, target, place, submit, runner
):
    job_id = submit()
    until(lambda: runner.requests)
    assert not target.job(place, job_id).state.ended
    strict = targets.named(replace(run.settings, step_timeout_minutes=-1), run.compute)
    job = until(lambda: strict.job(place, job_id), lambda job: job.state.ended)
    assert (job.state, cause_in(job.said, CUT_SHORT)) == (JobState.CANCELLED, Cause.TIMEOUT)


@pytest.mark.parametrize("run", ["eks"], indirect=True)
def test_a_namespace_that_another_run_has_is_refused_with_what_to_do(run, place):
    other = replace(run, run_id="manual__y")
    with pytest.raises(ComputeError, match="already exists in the given namespace") as refused:
        targets.of(other).start(other, GIVEN)
    assert "NIGHTSHIFT_EKS_NAMESPACE" in str(refused.value)


def test_glues_logs_are_those_of_the_streams_that_have_the_runs_id(settings, cloud):
    logs, target = boto3.client("logs"), targets.named(settings, "glue")
    assert not target.logs("job", "jr_1").are_there()
    with suppress(logs.exceptions.ResourceAlreadyExistsException):  # moto's backend is the process's
        logs.create_log_group(logGroupName="/aws-glue/jobs/error")
    logs.create_log_stream(logGroupName="/aws-glue/jobs/error", logStreamName="jr_1")
    now = int(run_context.datetime.now(run_context.UTC).timestamp() * 1000)
    events = [{"timestamp": now, "message": f"line {number}\nmore"} for number in range(2)]
    logs.put_log_events(logGroupName="/aws-glue/jobs/error", logStreamName="jr_1", logEvents=events)
    there = target.logs("job", "jr_1")
    assert there.are_there()
    assert there.ends() == {"stderr": ["line 0", "more", "line 1", "more"]}


@pytest.fixture
def cards(settings):
    """A run that reads a database."""
    asked_at = run_context.datetime(2026, 1, 5, 3, tzinfo=run_context.UTC)
    return run_context.from_run(settings, CARD_MOVEMENTS, "manual__x", asked_at, {})


SOURCES = {"card_movements": "arn:aws:iam::1:role/of-cards"}
OF_CARDS = replace(
    GIVEN, foundation={**GIVEN.foundation, "serverless_source_role_arns": SOURCES, "glue_source_role_arns": SOURCES}
)
JARS = ("s3://a/jdbc/postgresql.jar", "s3://a/jdbc/mysql.jar")


def test_a_job_that_reads_a_database_has_its_pipelines_role_the_drivers_and_a_way_into_the_network(cards):
    [job, *_] = jobs.of_run(cards, GIVEN.jobs_uri, JARS)
    application = serverless.application(cards, OF_CARDS, "t")
    assert application["networkConfiguration"] == {"subnetIds": ["sn-1"], "securityGroupIds": ["sg-2"]}
    asked = serverless.job_run(cards, "00f", job, OF_CARDS.foundation, "t")
    assert asked["executionRoleArn"] == SOURCES["card_movements"]
    assert f"--jars {','.join(JARS)} --py-files" in asked["jobDriver"]["sparkSubmit"]["sparkSubmitParameters"]
    connected = replace(cards, settings=replace(cards.settings, glue_connections=("coop",), glue_flex=True))
    glue_job = glue.job(connected, OF_CARDS)
    assert (glue_job["Role"], glue_job["ExecutionClass"]) == (SOURCES["card_movements"], "FLEX")
    assert glue_job["Connections"] == {"Connections": ["coop"]}
    assert glue.arguments(cards, job)["--extra-jars"] == ",".join(JARS)
    assert "networkConfiguration" not in serverless.application(replace(cards, pipeline=WORDCOUNT), OF_CARDS, "t")


@pytest.mark.parametrize(
    ("python", "archives", "interpreter"),
    [
        ("s3://a/python.tar.gz", "s3://a/python.tar.gz#environment", "./environment/bin/python"),
        ("/usr/bin/python3.11", None, "/usr/bin/python3.11"),
    ],
)
def test_a_serverless_job_has_the_python_that_the_settings_name(night, python, archives, interpreter):
    run = replace(night, settings=replace(night.settings, serverless_python=python, serverless_image="1.ecr/x:1"))
    [job, *_] = jobs.of_run(run, GIVEN.jobs_uri)
    words = serverless.job_run(run, "00f", job, GIVEN.foundation, "t")["jobDriver"]["sparkSubmit"]
    conf = dict(word.split("=", 1) for word in words["sparkSubmitParameters"].split(" --conf ")[1:])
    assert conf.get("spark.archives") == archives
    assert {value for name, value in conf.items() if name.endswith("_PYTHON")} == {interpreter}
    assert serverless.application(run, GIVEN, "t")["imageConfiguration"] == {"imageUri": "1.ecr/x:1"}


@pytest.mark.parametrize(("kind", "cpus", "memory", "heap"), [("G.1X", 4, 16, "14g"), ("G.2X", 8, 32, "28g")])
def test_a_worker_is_as_large_as_its_type_says_and_its_heap_leaves_room_for_the_rest(night, kind, cpus, memory, heap):
    run = replace(night, settings=replace(night.settings, worker_type=kind, workers=3))
    assert serverless.application(run, GIVEN, "t")["maximumCapacity"] == {
        "cpu": f"{4 * cpus} vCPU",
        "memory": f"{4 * memory} GB",
    }
    [job, *_] = jobs.of_run(run, GIVEN.jobs_uri)
    words = serverless.job_run(run, "00f", job, GIVEN.foundation, "t")["jobDriver"]["sparkSubmit"]
    for conf in (f"spark.executor.cores={cpus}", f"spark.executor.memory={heap}", "spark.executor.instances=2"):
        assert f"--conf {conf}" in words["sparkSubmitParameters"]
    assert (glue.job(run, GIVEN)["WorkerType"], glue.job(run, GIVEN)["NumberOfWorkers"]) == (kind, 3)


def test_a_night_of_ten_minutes_costs_what_the_guide_says(night):
    on = {name: targets.named(night.settings, name).estimate(night, 10) for name in ("serverless", "glue", "eks")}
    assert on == {"serverless": 0.202, "glue": 0.2933, "eks": 0.2294}, "pods have 14 GB, of a node's 16"
    flex = replace(night.settings, glue_flex=True)
    assert targets.named(flex, "glue").estimate(replace(night, settings=flex), 10) == 0.1933
    far = replace(night.settings, region="sa-east-1")
    assert targets.named(far, "glue").estimate(replace(night, settings=far), 10) > 0.2933
    assert "as much dearer as m5.xlarge is in sa-east-1" in targets.named(far, "glue").prices()["prices"]
