"""The ingestion host as a night uses it: what it is asked for, and what becomes of what it answers."""

import json
import shlex
import threading
from dataclasses import replace
from types import SimpleNamespace

import boto3
import pytest

from covid_hospitals.definition import PIPELINE as COVID_HOSPITALS
from localcloud.faults import Fault, FaultKind
from nightshift.compute import ingest_spec
from nightshift.compute.host import HostHook
from nightshift.contracts.pipeline import backfill_of
from nightshift.failures.causes import Cause
from nightshift.failures.errors import IngestFailed, ParameterError
from nightshift.infrastructure import stacks
from nightshift.lake.packaging import package
from nightshift.lake.storage import LakeHook
from nightshift.operators.ingest import IngestOperator, StopHostOperator
from nightshift.run import parameters, run_context
from tests.bed_api import DAY, BedApi, serving
from tests.nightshift.conftest import ASKED_AT, RUN_ID

JOBS = "s3://acme-night-artifacts/jobs/abc/"
GROUND = {
    "vpc_id": "vpc-1",
    "kms_key_arn": "arn:key",
    "public_subnet_id": "subnet-9",
    "ingest_instance_profiles": {"covid_hospitals": "acme-night-ingest-host-covid_hospitals"},
}
ANSWER = {"command_id": "c-1", "state": "Failed", "code": 1, "stdout": "", "stderr": ""}


@pytest.fixture
def covid(settings):
    def asked(**params):
        return run_context.from_run(settings, COVID_HOSPITALS, RUN_ID, ASKED_AT, params)

    return asked


@pytest.fixture
def operator(settings):
    task = IngestOperator(task_id="ingest", pipeline=COVID_HOSPITALS, settings=settings, wait_minutes=1)
    outputs = {"apply_transient": {"ingest_instance_id": "i-1"}, "publish_jobs": {"jobs_uri": JOBS}}
    task._context = {"ti": SimpleNamespace(xcom_pull=lambda task_ids: outputs[task_ids])}
    return task


@pytest.mark.parametrize(
    ("params", "routes"),
    [
        ({}, []),
        ({"ingest": "none"}, []),
        ({"ingest": "api"}, ["api"]),
        ({"ingest": "all"}, ["api", "population"]),
        ({"ingest": "all", "replay": True}, []),
    ],
)
def test_a_run_fetches_what_it_was_asked_to_and_a_replay_nothing(covid, params, routes):
    assert [route.name for route in covid(**params).routes] == routes


def test_a_route_that_there_is_not_is_refused(covid):
    with pytest.raises(ParameterError, match="expected none or api or population or all"):
        covid(ingest="ftp")


def test_a_backfill_makes_days_of_what_is_there():
    filled = backfill_of(COVID_HOSPITALS)
    assert (filled.routes, [option.name for option in filled.options]) == ((), [])


def test_the_stack_has_a_host_only_for_a_run_that_fetches(covid):
    assert stacks.transient(covid(), GROUND)["ingest_host"] is None
    assert stacks.transient(covid(ingest="api"), GROUND)["ingest_host"] == {
        "subnet_id": "subnet-9",
        "instance_profile": "acme-night-ingest-host-covid_hospitals",
        "limit_minutes": 150,
    }


def test_the_command_runs_one_ingestion_after_the_other_with_secrets_named_and_not_told(covid):
    *begin, api, population = ingest_spec.script(covid(ingest="all", business_date="2026-01-02"), JOBS)
    assert begin == [
        "set -eu",
        'cd "$(mktemp -d)"',
        "export AWS_DEFAULT_REGION=us-east-1",
        f"aws s3 cp --only-show-errors {JOBS}ingest.sh ingest.sh",
    ]
    shared = ["--bucket", "acme-night-raw", "--prefix", "covid"]
    assert shlex.split(api) == [
        *("bash", "ingest.sh", JOBS, "api", "--secret", "acme-night/sources/covid_api", *shared),
        *("--business-date", "2026-01-02"),
    ]
    assert shlex.split(population) == [
        *("bash", "ingest.sh", JOBS, "table", "--table", "populacao_por_municipio"),
        *("--name", "populacao-por-municipio-2020", "--secret", "acme-night/sources/covid_tables", *shared),
    ]


def test_a_run_that_fetches_nothing_asks_for_nothing(covid, operator, monkeypatch):
    monkeypatch.setattr(operator, "wait", lambda *_: pytest.fail("it waited"))
    assert operator.work(covid(), {}) == {"fetched": []}


def test_a_failed_command_tells_its_last_line_and_the_way_to_the_rest(covid, operator):
    said = "one\n\ningesting: https://beds answered 404; see it. Files in S3 stay; run it again to continue.\n"
    said += "failed to run commands: exit status 1"
    with pytest.raises(IngestFailed, match="ended as Failed: ingesting: https://beds answered 404") as failed:
        operator.finish(covid(ingest="api"), {**ANSWER, "stderr": said})
    assert (failed.value.cause, failed.value.final) == (Cause.UPSTREAM, True)
    assert [failed.value.details["tail"][0], failed.value.details["tail_of"]] == ["one", "stderr"]
    assert failed.value.details["links"]["step_log"].endswith("/c-1/")


def test_a_right_that_is_missing_is_told_as_such(covid, operator):
    with pytest.raises(IngestFailed) as failed:
        operator.finish(covid(ingest="api"), {**ANSWER, "stderr": "ingesting: AccessDenied when calling PutObject"})
    assert failed.value.cause is Cause.IAM


def test_a_command_without_a_word_is_told_by_its_status(covid, operator):
    with pytest.raises(IngestFailed, match="ended as TimedOut: exit status 137 without output"):
        operator.finish(covid(ingest="api"), {**ANSWER, "state": "TimedOut", "code": 137})


def test_a_host_that_is_gone_is_told(covid, operator):
    with pytest.raises(IngestFailed, match="The host i-1 is terminated, and the ingestion of api did not end"):
        operator.finish(covid(ingest="api"), {"state": "Gone", "said": "terminated"})


def test_without_a_host_there_is_none_to_stop(covid, settings):
    task = StopHostOperator(task_id="stop_host", pipeline=COVID_HOSPITALS, settings=settings)
    context = {"ti": SimpleNamespace(xcom_pull=lambda task_ids: {"ingest_instance_id": None})}
    assert task.work(covid(), context) == {"stopped": None}


def test_the_form_offers_the_routes():
    [option] = COVID_HOSPITALS.options
    assert parameters.option(option, None) == "none"
    assert option.choices == ("none", "api", "population", "all")


@pytest.fixture
def host(localcloud, settings, covid):
    """A host of localcloud with the program where it fetches it, and an API with its address in the secret."""
    cloud = localcloud()
    s3 = boto3.client("s3")
    for kind in ("raw", "artifacts", "logs"):
        s3.create_bucket(Bucket=settings.bucket(kind))
    packed = package(settings.jobs_dir, settings.time_limit_script, ingest_dir=settings.ingest_dir)
    [instance] = boto3.client("ec2").run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1)["Instances"]
    with serving(BedApi()) as beds:
        told, name = {"url": beds.url, "username": "reader", "password": "geheim"}, f"{settings.name}/sources/covid_api"
        vault = boto3.client("secretsmanager")
        vault.create_secret(Name=name, SecretString=json.dumps(told))
        jobs_uri = LakeHook(s3, covid()).publish_jobs(packed)
        yield SimpleNamespace(id=instance["InstanceId"], jobs_uri=jobs_uri, beds=beds, cloud=cloud)
    vault.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)  # moto keeps all as long as the process lives
    for item in s3.list_objects_v2(Bucket=settings.bucket("raw")).get("Contents", []):
        s3.delete_object(Bucket=settings.bucket("raw"), Key=item["Key"])


@pytest.fixture
def fetch(host, settings, covid):
    """Play the task ingest on that host, in this process."""
    task = IngestOperator(
        task_id="ingest",
        pipeline=COVID_HOSPITALS,
        settings=replace(settings, deferrable=False, poll_seconds=0.1),
        wait_minutes=5,
    )
    outputs = {"apply_transient": {"ingest_instance_id": host.id}, "publish_jobs": {"jobs_uri": host.jobs_uri}}
    task._context = {"ti": SimpleNamespace(xcom_pull=lambda task_ids: outputs[task_ids])}
    return lambda: task.work(covid(ingest="api", business_date=str(DAY)), {})


def no_answer(_beds):
    """As long as a test may take."""
    threading.Event().wait(600)


def landed(settings):
    listed = boto3.client("s3").list_objects_v2(Bucket=settings.bucket("raw"), Prefix="covid/2021/")
    return [item["Key"] for item in listed.get("Contents", [])]


def test_a_host_really_fetches_the_days_snapshot(host, fetch, settings):
    assert fetch() == {"fetched": ["api"]}
    assert landed(settings) == [f"covid/{DAY:%Y/%m/%d}/occupation/data_{DAY}.csv.gz"]
    assert len(host.beds.asked) == 1


def test_an_agent_that_comes_late_and_a_throttled_call_are_waited_for(host, fetch, settings):
    host.cloud.faults.add(Fault(FaultKind.AGENT_OFFLINE, times=3))
    host.cloud.faults.add(Fault(FaultKind.SSM_THROTTLED, operation="SendCommand", times=2))
    assert fetch() == {"fetched": ["api"]}
    assert len(host.beds.asked) == 1


def test_what_the_program_died_of_is_the_tasks_message(host, fetch, settings):
    host.beds.user = "somebody:else"
    with pytest.raises(IngestFailed, match=r"ended as Failed: ingesting: http.* answered 401") as failed:
        fetch()
    assert "geheim" not in f"{failed.value} {failed.value.details}"
    assert landed(settings) == []


def test_a_try_that_follows_adopts_the_command_that_is_under_way(host, settings, covid):
    night, hook = covid(ingest="api", business_date=str(DAY)), HostHook(settings, host.id)
    host.beds.before_answer = no_answer
    first = hook.adopt_or_send(night, host.jobs_uri)
    assert hook.adopt_or_send(night, host.jobs_uri) == first


def test_a_host_that_goes_while_it_works_is_told(host, fetch, settings):
    host.beds.before_answer = lambda beds: (HostHook(settings, host.id).end(), no_answer(beds))
    with pytest.raises(IngestFailed, match=f"{host.id}"):
        fetch()
    assert landed(settings) == []
