"""The target kubernetes against localcloud's Kubernetes: what a run has there is adopted, never doubled, ended with all
that it owns, and found by label. No Spark: drivers wait for their image, and a test writes how an application ended."""

import gzip
import json
import uuid
from dataclasses import replace
from datetime import timedelta

import boto3
import pytest

from card_movements.definition import PIPELINE as CARD_MOVEMENTS
from localcloud.client import Client
from localcloud.server import LocalCloud
from localcloud.settings import Settings as CloudSettings
from nightshift.compute import jobs, remembered, targets
from nightshift.compute.kubernetes import cluster, ends, logs, spec
from nightshift.compute.kubernetes.cluster import APPLICATIONS, PODS, ApiRefused, Cluster
from nightshift.compute.target import Ingredients, JobState, PlaceState, SubmittedJob
from nightshift.config import Settings
from nightshift.failures import cards
from nightshift.failures.causes import Cause
from nightshift.failures.errors import ComputeError
from nightshift.failures.symptoms import CUT_SHORT, STEP, cause_in
from nightshift.infrastructure import inventory
from nightshift.reaper import cleanup
from nightshift.reaper.verdict import Fate
from nightshift.run import run_context
from nightshift.waits import probes
from tests import dead_runs, kubernetes_rights
from tests.patience import until
from wordcount.definition import PIPELINE as WORDCOUNT

GIVEN = Ingredients({}, {}, "s3://acme-night-artifacts/jobs/abc/")
KINDS = ("runs in Kubernetes", "Spark applications", "pods")
IMAGE = "acme/jobs:1"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    home = tmp_path_factory.mktemp("kubernetes")
    with LocalCloud(CloudSettings(home=home, port=0, kubernetes=True)) as running:
        yield running


@pytest.fixture
def settings(cloud, monkeypatch):
    """Those of a deployment of the test's own, in the namespace default."""
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    for key, value in cloud.access.environment("us-east-1").items():
        monkeypatch.setenv(key, value)
    own = Settings(
        name=f"acme-{uuid.uuid4().hex[:8]}",
        kubernetes_config=str(cloud.kubernetes().kubeconfig),
        kubernetes_namespace="default",
        kubernetes_service_account="default",
        kubernetes_image=IMAGE,
        kubernetes_cores=1,
        kubernetes_memory_gib=1,  # the node is this machine, and a test before may have left a pod
    )
    yield own
    Client(cloud.access).clear_faults()


@pytest.fixture
def run(settings):
    requested_at = run_context.datetime.now(run_context.UTC)
    return run_context.from_run(settings, WORDCOUNT, "manual__x", requested_at, {"compute": "kubernetes"})


@pytest.fixture
def target(run):
    return targets.of(run)


@pytest.fixture
def place(cloud, target, run):
    """The run's place, where no driver gets its image."""
    Client(cloud.access).add_fault("image-pull-failure", times=1000)
    return target.start(run, GIVEN)


@pytest.fixture
def submit(run, target, place):
    """submit(known ids) -> the id of the run's one job."""

    def one(*known):
        specs = jobs.of_run(run, GIVEN.jobs_uri)
        return target.submit(run, place, specs, known, GIVEN, independent=False)["wordcount"]

    return one


@pytest.fixture
def end(settings, cloud):
    """end(job id, state, error) writes how the application ended, as the operator does."""

    def as_the_operator(job_id, state, error=""):
        until(lambda: (Cluster(settings).find(APPLICATIONS, job_id) or {}).get("status"))
        now = f"{run_context.datetime.now(run_context.UTC):%Y-%m-%dT%H:%M:%SZ}"
        told = {"applicationState": {"state": state, "errorMessage": error}, "terminationTime": now}
        api = cluster.connected(settings, 0)
        path = f"/apis/sparkoperator.k8s.io/v1beta2/namespaces/default/sparkapplications/{job_id}/status"
        about = {"header_params": {"Content-Type": "application/merge-patch+json"}, "auth_settings": ["BearerToken"]}
        api.call_api(path, "PATCH", body={"status": told}, _preload_content=False, **about)

    return as_the_operator


def alive(run):
    return [thing for kind in KINDS for thing in inventory.RESOURCE_FINDERS[kind](run.settings, run.run)]


def gone(run, place):
    return until(lambda: probes.places_gone(run.settings, run.compute, [place]))


def test_a_retry_adopts_the_place_that_the_first_try_made(run, target, place):
    assert target.start(run, GIVEN) == place == spec.name_of(run)
    assert [(there.id, there.state) for there in target.places(run)] == [(place, PlaceState.READY)]


def test_a_live_job_is_adopted_so_a_lost_answer_makes_no_second_one(target, place, submit):
    first = submit()
    assert submit() == first
    [job] = target.jobs(place)
    assert (job.id, job.name, job.state) == (first, "wordcount", JobState.PENDING)


def test_a_second_create_of_the_same_name_is_the_first_ones(settings, run, target, place, submit):
    job_id = submit()
    there = Cluster(settings).find(APPLICATIONS, job_id)
    again = {**there, "metadata": {"name": job_id, "labels": there["metadata"]["labels"]}}
    assert Cluster(settings).create(APPLICATIONS, again)["metadata"]["uid"] == there["metadata"]["uid"]


def test_a_job_that_failed_is_made_anew_and_so_is_a_completed_one_whose_task_is_cleared(target, place, submit, end):
    first = submit()
    end(first, "FAILED", "driver container failed with ExitCode: 1, Reason: Error")
    assert target.job(place, first).state == JobState.FAILED
    assert "ExitCode: 1" in target.job(place, first).said
    second = submit(first)
    end(second, "COMPLETED")
    assert submit(first) == second, "its completion was never heard of"
    third = submit(first, second)
    assert [job.id for job in target.jobs(place)] == [first, second, third]


def test_what_a_run_has_is_found_by_its_labels_and_by_no_others(settings, run, place, submit):
    job_id = submit()
    until(lambda: len(alive(run)) == 3)
    assert {thing.id for thing in alive(run)} == {place, job_id, f"{job_id}-driver"}
    assert {(thing.run, thing.expires) for thing in alive(run)} == {(run.run, run.expires.replace(microsecond=0))}
    assert alive(replace(run, run_id="manual__y")) == []
    assert alive(replace(run, settings=replace(settings, name="acme-other"))) == []


def test_the_end_of_a_place_ends_its_live_jobs_keeps_their_logs_and_leaves_nothing(
    settings, run, target, place, submit
):
    boto3.client("s3").create_bucket(Bucket=settings.bucket("logs"))
    job_id = submit()
    until(lambda: Cluster(settings).find(PODS, f"{job_id}-driver"))
    facts = remembered.facts(target.place(place), target.jobs(place))
    assert gone(run, place) == {"places": {place: "DELETED"}}
    assert alive(run) == []
    assert target.places(run) == []
    assert target.place(place).state == PlaceState.GONE
    assert (target.job(place, job_id).state, target.job(place, job_id).words) == (JobState.CANCELLED, "DELETED")
    [job] = remembered.jobs([{"act": remembered.ACT, **facts}], place)
    assert (job.id, job.name) == (job_id, "wordcount")
    target.stop([place])
    with pytest.raises(ComputeError, match=place):
        target.next_attempt(run, place)
    with pytest.raises(ComputeError, match="deleted"):
        submit()
    assert target.start(run, GIVEN) == place, "a run that is cleared after its end begins anew"


def test_the_reaper_ends_what_a_dead_run_left_with_the_rights_of_airflow_and_proves_it(
    settings, run, target, place, submit, monkeypatch
):
    run = replace(run, settings=replace(settings, poll_seconds=0.05))
    dead_runs.begun(run)
    live = replace(run, run_id="manual__live")
    beside, job_id = target.start(live, GIVEN), submit()
    until(lambda: Cluster(settings).find(PODS, f"{job_id}-driver"))
    [job] = jobs.of_run(run, GIVEN.jobs_uri)
    lost = spec.application(run, {"name": "gone", "uid": "87654321-9"}, job, 0)
    del lost["metadata"]["ownerReferences"]  # its ConfigMap was deleted without what it owns
    Cluster(settings).create(APPLICATIONS, lost)
    used = kubernetes_rights.recorded(monkeypatch)
    entries = dead_runs.reaped(run)
    assert alive(run) == []
    assert [thing.id for thing in alive(live)] == [beside]
    assert [job.id for job in remembered.jobs(entries, place)] == [job_id]
    assert used - kubernetes_rights.allowed("nightshift-airflow") == set()
    assert {("", "configmaps", "delete"), ("sparkoperator.k8s.io", "sparkapplications", "delete")} <= used


def test_a_run_in_kubernetes_of_which_no_ledger_is_left_is_reaped_past_its_expiry(run):
    for kind in ("raw", "lake", "artifacts", "logs", "state"):
        boto3.client("s3").create_bucket(Bucket=run.settings.bucket(kind))
    old = replace(run, started_at=run.requested_at - timedelta(hours=2 * run.settings.lifetime_hours))
    targets.of(old).start(old, GIVEN)
    [row] = cleanup.reap(run.settings, "a test").rows
    assert (row.run, row.fate, row.ok) == (run.run, Fate.DEAD, True), row.done
    assert alive(run) == []


def test_a_driver_without_its_image_ends_as_a_job_that_names_the_setting_and_its_next_try_is_another(
    run, target, place, submit
):
    first = submit()
    impatient = targets.named(replace(run.settings, kubernetes_start_seconds=-1), "kubernetes")
    job = until(lambda: impatient.job(place, first), lambda job: job.state.ended)
    assert job.state == JobState.CANCELLED
    assert "NIGHTSHIFT_KUBERNETES_IMAGE" in job.said
    assert cause_in(job.said, CUT_SHORT) is Cause.CODE
    second = impatient.submit(run, place, jobs.of_run(run, GIVEN.jobs_uri), (), GIVEN, independent=False)["wordcount"]
    assert second != first
    until(lambda: [job.id for job in impatient.jobs(place)] == [second])


def test_a_refused_submission_fails_its_job_with_kubernetes_words(run, target, place):
    nobody = replace(run, settings=replace(run.settings, kubernetes_service_account="nobody"))
    [job] = jobs.of_run(run, GIVEN.jobs_uri)
    job_id = targets.of(nobody).submit(nobody, place, [job], (), GIVEN, independent=False)["wordcount"]
    ended = until(lambda: target.job(place, job_id), lambda job: job.state.ended)
    assert ended.state == JobState.FAILED
    assert 'serviceaccount "nobody" not found' in ended.said


def test_a_drivers_log_is_its_pods_and_then_the_copy(settings, target):
    boto3.client("s3").create_bucket(Bucket=settings.bucket("logs"))
    pod = {"metadata": {"name": "words-1-driver"}, "spec": {"restartPolicy": "Never"}}
    pod["spec"]["containers"] = [{"name": "main", "image": "any", "command": ["sh", "-c", "echo one; echo two"]}]
    Cluster(settings).create(PODS, {"apiVersion": "v1", "kind": "Pod", **pod})
    until(lambda: target.logs("place", "words-1").ends(), lambda ends: ends == {"stderr": ["one", "two"]})
    logs.keep(settings, "place", {"metadata": {"name": "words-1"}})
    Cluster(settings).delete(PODS, "words-1-driver")
    until(lambda: Cluster(settings).find(PODS, "words-1-driver") is None)
    assert target.logs("place", "words-1").ends() == {"stderr": ["one", "two"]}
    kept = boto3.client("s3").get_object(Bucket=settings.bucket("logs"), Key="kubernetes/place/words-1/stderr.gz")
    assert gzip.decompress(kept["Body"].read()) == b"one\ntwo\n"


def test_an_application_has_the_program_the_limits_and_no_secret(settings, run):
    given = replace(run, settings=replace(settings, kubernetes_secret="aws-key", kubernetes_executors=2))
    [job] = jobs.of_run(given, GIVEN.jobs_uri, ("s3://a/jdbc/mysql.jar",))
    body = spec.application(given, {"name": "place", "uid": "12345678-9"}, job, 0)
    told = body["spec"]
    assert body["metadata"]["name"] == "wordcount-12345678-0"
    assert (told["image"], told["mainApplicationFile"]) == (IMAGE, f"{GIVEN.jobs_uri}main.py")
    assert told["deps"] == {"pyFiles": [f"{GIVEN.jobs_uri}spark_jobs.zip"], "jars": ["s3://a/jdbc/mysql.jar"]}
    assert told["arguments"] == list(job.arguments)
    assert (told["timeToLiveSeconds"], told["restartPolicy"]) == (24 * 3600, {"type": "Never"})
    assert told["executor"]["instances"] == 2
    for part in ("driver", "executor"):
        pod = told[part]["template"]["spec"]
        assert pod["activeDeadlineSeconds"] == settings.step_timeout_minutes * 60
        assert pod["securityContext"]["runAsNonRoot"]
        assert pod["containers"][0]["envFrom"] == [{"secretRef": {"name": "aws-key"}}]
        assert (told[part]["memory"], told[part]["memoryOverhead"]) == ("768m", "256m")
    assert "SECRET_ACCESS_KEY" not in json.dumps(body)


def test_pods_that_read_a_database_have_their_pipelines_account(settings):
    requested_at = run_context.datetime(2026, 1, 5, 3, tzinfo=run_context.UTC)
    cards_run = run_context.from_run(settings, CARD_MOVEMENTS, "manual__x", requested_at, {"compute": "kubernetes"})
    assert spec.service_account(cards_run) == "default-card-movements"
    place = targets.of(cards_run).start(cards_run, GIVEN)
    assert place.startswith(f"{settings.name}-card-movements-"), "a name in Kubernetes has no underscore"


def test_a_run_is_refused_where_no_cluster_or_no_image_is_named_and_what_a_cluster_only_can_do(run, target):
    def refused(**changed):
        return targets.named(replace(run.settings, **changed), "kubernetes").refusal(
            replace(run, settings=replace(run.settings, **changed))
        )

    assert target.refusal(run) == ""
    assert "NIGHTSHIFT_KUBERNETES_CLUSTER" in refused(kubernetes_config="")
    assert "NIGHTSHIFT_KUBERNETES_IMAGE" in refused(kubernetes_image="")
    assert refused(worker_type="Standard") == "", "pods have their own size"
    assert target.refusal(replace(run, options={"engine": "flink"})).endswith("run it with compute emr.")


def test_where_no_cluster_is_named_or_eks_has_none_of_the_name_nothing_is_looked_for(run):
    for changed in ({"kubernetes_config": ""}, {"kubernetes_config": "", "kubernetes_cluster": "acme-none"}):
        bare = replace(run, settings=replace(run.settings, **changed))
        assert alive(bare) == []
        assert targets.of(bare).places(bare) == []
    with pytest.raises(ComputeError, match="acme-none"):
        targets.of(bare).start(bare, GIVEN)


def test_an_eks_cluster_is_reached_by_the_identity_of_airflow(cloud, run):
    role = "arn:aws:iam::123456789012:role/eks"
    boto3.client("eks").create_cluster(name=run.settings.name, roleArn=role, resourcesVpcConfig={})
    on_eks = replace(run.settings, kubernetes_config="", kubernetes_cluster=run.settings.name)
    night = replace(run, settings=on_eks)
    place = targets.of(night).start(night, GIVEN)
    assert [there.id for there in targets.of(night).places(night)] == [place]
    assert on_eks.name in targets.of(night).links(night, place)["cluster"]


def test_an_api_that_refuses_is_quoted_and_one_that_is_silent_is_worth_a_retry(settings, run, target):
    lost = replace(run, settings=replace(settings, kubernetes_namespace="nowhere"))
    with pytest.raises(ApiRefused, match='404 namespaces "nowhere" not found') as refused:
        targets.of(lost).start(lost, GIVEN)
    assert not cards.is_worth_a_retry(cards.card(refused.value, "t"), refused.value)
    silent = ApiRefused("Kubernetes did not answer GET /api", 0)
    assert cards.is_worth_a_retry(cards.card(silent, "t"), silent)


def test_what_a_night_costs_is_that_of_a_node_for_each_pod(run, target):
    assert target.estimate(run, 10) == 0.192, "the guide's figure for four nodes and ten minutes"
    at = run_context.datetime(2026, 1, 5, tzinfo=run_context.UTC)
    job = SubmittedJob("words-1", "wordcount", JobState.COMPLETED, "COMPLETED", "", at, at.replace(minute=10))
    note = {"act": remembered.ACT, **remembered.facts(target.place("none"), [job])}
    assert target.measured(run, [], [note], at) == 0.128
    assert "m5.xlarge" in target.prices()["prices"]


def driver(reason="", message="", **container):
    return {"status": {"reason": reason, "message": message, "containerStatuses": [{"state": container}]}}


def application(state, error="", made="2026-01-01T00:00:00Z"):
    told = {"applicationState": {"state": state, "errorMessage": error}}
    return {"metadata": {"creationTimestamp": made}, "status": told}


@pytest.mark.parametrize(
    ("pod", "said", "cause"),
    [
        (driver(terminated={"reason": "OOMKilled", "exitCode": 137}), "OOMKilled", Cause.CAPACITY),
        (driver("Evicted", "The node was low on resource: memory."), "low on resource", Cause.CAPACITY),
        (driver("DeadlineExceeded", "Pod was active on the node longer"), "longer", Cause.TIMEOUT),
    ],
)
def test_a_driver_that_kubernetes_ended_did_not_fail_by_itself(settings, pod, said, cause):
    told = ends.end_of(application("FAILED", "driver container failed"), pod, settings)
    assert told.state == JobState.CANCELLED
    assert said in told.said
    assert cause_in(told.said, CUT_SHORT) is cause


def test_a_driver_that_waits_for_its_image_has_its_time_and_an_unknown_state_is_no_end(settings):
    waits = driver(waiting={"reason": "ImagePullBackOff", "message": "Back-off pulling"})
    now = f"{run_context.datetime.now(run_context.UTC):%Y-%m-%dT%H:%M:%SZ}"
    assert ends.end_of(application("SUBMITTED", made=now), waits, settings).state == JobState.PENDING
    late = ends.end_of(application("SUBMITTED"), waits, settings)
    assert (late.state, late.by_itself) == (JobState.CANCELLED, False)
    assert ends.end_of(application("SUSPENDED"), None, settings).state == JobState.PENDING


def test_an_exhausted_quota_is_a_lack_of_capacity():
    words = 'pods "x-driver" is forbidden: exceeded quota: nights, requested: pods=1, used: pods=16, limited: pods=16'
    assert cause_in(words, STEP) is Cause.CAPACITY
