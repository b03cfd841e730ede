"""What the tasks of a night do at the edges: nothing to tear down, a lost XCom, keep, dry run, bad news."""

import gzip
from dataclasses import replace
from datetime import UTC, date, datetime
from types import SimpleNamespace

import pytest
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk.exceptions import AirflowFailException, DownstreamTasksSkipped

from medallion.errors import NoInputError, last_lines
from nightshift.aws import clients
from nightshift.compute.emr.target import STATES
from nightshift.compute.target import JobState
from nightshift.failures import cards
from nightshift.failures.errors import PreflightError, SomethingLeft, TerraformError
from nightshift.infrastructure import inventory, terraform
from nightshift.infrastructure.terraform import TerraformHook
from nightshift.operators.compute import StopComputeOperator
from nightshift.operators.jobs import WaitForJobOperator
from nightshift.operators.preflight import PreflightOperator
from nightshift.operators.proof import ProveNothingLeftOperator
from nightshift.operators.terraform import ApplyTransientOperator, DestroyTransientOperator
from nightshift.state.ledger import Ledger
from wordcount.definition import PIPELINE as WORDCOUNT

FOUNDATION = {"vpc_id": "vpc-1", "kms_key_arn": "arn:key", "subnet_ids": ["subnet-1"]}


class TaskInstance:
    """The little of a task instance that operators use."""

    try_number = 1
    map_index = -1

    def __init__(self, **xcoms):
        self.xcoms, self.pushed = xcoms, {}

    def xcom_pull(self, task_ids):
        return self.xcoms.get(task_ids)

    def xcom_push(self, key, value):
        self.pushed[key] = value


AFTER = EmptyOperator(task_id="open_state")
ASKED = datetime(2026, 1, 5, 3, tzinfo=UTC)
RUN = SimpleNamespace(run_id="manual__2026-01-05T03:00:00+00:00", run_after=ASKED, start_date=ASKED)


def context(ti, **params):
    dag_run = RUN
    return {
        "ti": ti,
        "dag_run": dag_run,
        "params": params,
        "task": SimpleNamespace(get_flat_relatives=lambda **_: [AFTER]),
    }


@pytest.fixture
def task(settings, aws):
    def make(operator, task_id="task", **arguments):
        return operator(task_id=task_id, pipeline=WORDCOUNT, settings=settings, **arguments)

    return make


@pytest.fixture
def calls(monkeypatch):
    """terraform, told what to answer instead of run: {"outputs": …, "destroy": error}."""
    made, answers = [], {"outputs": {}}

    def record(verb):
        def call(self, variables=None):
            made.append((verb, self.stack, variables))
            if isinstance(answers.get(verb), Exception):
                raise answers[verb]
            return answers.get(verb)

        return call

    monkeypatch.setattr(TerraformHook, "managed", lambda self: set())
    for verb in ("init", "apply", "destroy", "outputs"):
        monkeypatch.setattr(TerraformHook, verb, record(verb))
    return SimpleNamespace(made=made, answers=answers)


def destroyed(calls):
    return [variables for verb, _, variables in calls.made if verb == "destroy"]


@pytest.mark.parametrize("outputs", [{}, {"kms_key_arn": "arn:key"}])
def test_without_a_whole_foundation_there_is_nothing_to_destroy(task, calls, outputs):
    calls.answers["outputs"] = outputs
    task(DestroyTransientOperator).execute(context(TaskInstance()))
    assert destroyed(calls) == []


def test_a_run_that_was_stopped_before_there_was_a_lake_is_torn_down_and_proven(task, calls, aws, words):
    aws("s3").delete_bucket(Bucket="acme-night-lake")
    task(DestroyTransientOperator, "destroy_transient").execute(context(TaskInstance()))
    proof = task(ProveNothingLeftOperator, "prove_nothing_left").execute(context(TaskInstance()))
    assert proof["alive"] == []
    told = [(entry["task"], entry["phase"]) for entry in Ledger(aws("s3"), words).entries()]
    assert told == [(name, phase) for name in ("destroy_transient", "prove_nothing_left") for phase in ("begin", "end")]


def test_a_destroy_finds_its_variables_though_the_xcom_was_lost(task, calls):
    calls.answers["outputs"] = FOUNDATION
    task(DestroyTransientOperator).execute(context(TaskInstance()))
    assert [v["vpc_id"] for v in destroyed(calls)] == ["vpc-1"]


def test_a_destroy_takes_the_state_and_what_was_staged_along(task, calls, aws, words):
    s3 = aws("s3")
    s3.put_object(Bucket="acme-night-state", Key=words.state_key, Body=b"{}")
    s3.put_object(Bucket="acme-night-lake", Key=f"{words.staging_prefix}x", Body=b"x")
    task(DestroyTransientOperator).execute(context(TaskInstance(apply_foundation=FOUNDATION)))
    assert s3.list_objects_v2(Bucket="acme-night-state")["KeyCount"] == 0
    assert s3.list_objects_v2(Bucket="acme-night-lake", Prefix="staging/")["KeyCount"] == 0


def test_a_destroy_that_fails_keeps_the_state_that_still_names_what_is_left(task, calls, aws, words):
    aws("s3").put_object(Bucket="acme-night-state", Key=words.state_key, Body=b"{}")
    calls.answers["destroy"] = TerraformError("destroy", "transient", 1, "Error: DependencyViolation")
    with pytest.raises(TerraformError, match="DependencyViolation"):
        task(DestroyTransientOperator).execute(context(TaskInstance(apply_foundation=FOUNDATION)))
    assert aws("s3").list_objects_v2(Bucket="acme-night-state")["KeyCount"] == 1


@pytest.fixture(autouse=True)
def no_security_configurations(monkeypatch):
    """moto's EMR cannot list them; against localcloud they are looked for in tests/chaos."""
    looks = {kind: look for kind, look in inventory.RESOURCE_FINDERS.items() if kind != "security configurations"}
    monkeypatch.setattr(inventory, "RESOURCE_FINDERS", looks)


def test_a_kept_night_is_not_torn_down_and_its_proof_is_not_red(task, calls, aws, words):
    aws("s3").put_object(Bucket="acme-night-state", Key=words.state_key, Body=b"{}")
    asked = context(TaskInstance(apply_foundation=FOUNDATION), keep_cluster=True)
    assert task(DestroyTransientOperator).execute(asked) == {"kept": True}
    assert task(StopComputeOperator, wait_minutes=1).execute(asked) == {"kept": True}
    proof = task(ProveNothingLeftOperator).execute(asked)
    assert proof["alive"] == [f"terraform states: s3://acme-night-state/{words.state_key}"]


def test_what_is_left_turns_the_proof_red_and_is_named(task, aws, words):
    aws("s3").put_object(Bucket="acme-night-lake", Key=f"{words.staging_prefix}x", Body=b"x")
    with pytest.raises(SomethingLeft, match="left staging: s3://acme-night-lake/staging/"):
        task(ProveNothingLeftOperator).execute(context(TaskInstance()))


def test_a_private_key_goes_to_terraform_only_when_ssh_is_asked_for(task, calls):
    calls.answers["apply"] = {}
    task(ApplyTransientOperator).execute(context(TaskInstance(apply_foundation=FOUNDATION)))
    task(ApplyTransientOperator).execute(context(TaskInstance(apply_foundation=FOUNDATION), ssh_cidr="198.51.100.7/32"))
    plain, with_ssh = [variables for verb, _, variables in calls.made if verb == "apply"]
    assert "ssh_private_key" not in plain
    assert with_ssh["ssh_private_key"].startswith("-----BEGIN")
    assert with_ssh["ssh_cidr"] == "198.51.100.7/32"


def test_a_dry_run_prices_the_night_skips_the_rest_and_writes_nothing(task, aws, monkeypatch):
    monkeypatch.setattr(terraform, "version", lambda: "Terraform v1.11.4")
    ti = TaskInstance()
    with pytest.raises(DownstreamTasksSkipped):
        task(PreflightOperator).execute(context(ti, dry_run=True))
    assert ti.pushed["return_value"]["estimate_usd"] > 0
    assert ti.pushed["return_value"]["plan"] == [
        "reads s3://acme-night-raw/wordcount/2026/01/04/",
        "runs wordcount on a cluster (emr) for about 10 minutes",
        "costs about $0.35 and takes 17 minutes by the plan (fewer than 5 nights like it are known)",
        "publishes word_counts of 2026-01-04",
    ]
    assert aws("s3").list_objects_v2(Bucket="acme-night-lake")["KeyCount"] == 0


def test_a_dry_run_needs_no_state_bucket_and_says_that_it_is_not_there(task, aws, monkeypatch):
    monkeypatch.setattr(terraform, "version", lambda: "Terraform v1.11.4")
    aws("s3").delete_bucket(Bucket="acme-night-state")
    ti = TaskInstance()
    with pytest.raises(DownstreamTasksSkipped):
        task(PreflightOperator).execute(context(ti, dry_run=True))
    assert "acme-night-state is not there yet" in ti.pushed["return_value"]["warning"]
    with pytest.raises(AirflowFailException, match="acme-night-state cannot be read"):
        task(PreflightOperator).execute(context(TaskInstance()))


@pytest.mark.parametrize("params", [{"encoding": "klingon"}, {"business_date": "2026-13-01"}])
def test_a_refused_dry_run_says_why_in_its_card_and_in_the_ledger(task, aws, words, monkeypatch, params):
    monkeypatch.setattr(terraform, "version", lambda: "Terraform v1.11.4")
    [value], preflight = params.values(), task(PreflightOperator, "preflight")
    with pytest.raises(AirflowFailException, match=value):
        preflight.execute(context(TaskInstance(), dry_run=True, **params))
    assert "FAILED in preflight (data)" in preflight.last_words
    assert value in Ledger(aws("s3"), words).entries()[-1]["message"]


def test_a_night_over_its_budget_is_refused(task, monkeypatch):
    monkeypatch.setattr(terraform, "version", lambda: "Terraform v1.11.4")
    preflight = task(PreflightOperator)
    preflight.settings = replace(preflight.settings, max_usd_per_night=0.01)
    with pytest.raises(AirflowFailException, match=r"by the plan, more than its limit of \$0.01.*max_usd"):
        preflight.execute(context(TaskInstance()))


@pytest.mark.parametrize(
    ("change", "missing"),
    [
        ({"task_types": ("m5.xlarge", "m9z.xlarge")}, "m9z.xlarge"),
        ({"spare_types": ("r9z.4xlarge",)}, "r9z.4xlarge"),
        ({"region": "ca-west-1"}, "m5.xlarge m5a.xlarge m6i.xlarge m6a.xlarge"),
    ],
)
def test_a_type_or_region_without_a_price_is_refused_before_aws_is_called(task, monkeypatch, change, missing):
    monkeypatch.setattr(clients, "client", lambda *_: pytest.fail("AWS was called"))
    preflight = task(PreflightOperator)
    preflight.settings = replace(preflight.settings, **change)
    with pytest.raises(PreflightError, match=rf"\./nightshift prices {missing} --region {preflight.settings.region}"):
        preflight.checked(preflight.night(context(TaskInstance())))


def test_flink_on_graviton_is_refused_and_spark_is_not(task, monkeypatch):
    monkeypatch.setattr(terraform, "version", lambda: "Terraform v1.11.4")
    arm = dict.fromkeys(("primary_types", "core_types", "task_types"), ("m6g.xlarge",))
    preflight = task(PreflightOperator)
    preflight.settings = replace(preflight.settings, **arm)
    with pytest.raises(PreflightError, match=r"not run on Graviton \(m6g.xlarge\).*choose the engine spark"):
        preflight.checked(preflight.night(context(TaskInstance(), engine="flink")))
    assert preflight.checked(preflight.night(context(TaskInstance(), engine="spark")))["estimate_usd"] > 0


def test_a_missing_state_bucket_is_one_sentence_that_says_what_to_do(task, aws, monkeypatch):
    monkeypatch.setattr(terraform, "version", lambda: "Terraform v1.11.4")
    aws("s3").delete_bucket(Bucket="acme-night-state")
    with pytest.raises(
        AirflowFailException, match=r"acme-night-state cannot be read \(404\).*terraform/stacks/bootstrap once"
    ):
        task(PreflightOperator).execute(context(TaskInstance()))


def test_a_machine_without_terraform_is_told_before_anything_starts(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(PreflightError, match="terraform is not on PATH"):
        terraform.version()


FAILED = {"place_id": "j-1", "job_id": "s-1"}
LOST = "its cluster is TERMINATED_WITH_ERRORS (INSTANCE_FAILURE: Master instance (i-1) was terminated)"


def resumed(task, aws, words, said="Traceback\nValueError: no such page", lost="", emr="FAILED"):
    """What a person gets to see of a step that ended so: (the exception's text, the ledger's card)."""
    wait = task(WaitForJobOperator, "job_wordcount", step="wordcount", wait_minutes=1)
    with pytest.raises(AirflowFailException) as failed:
        wait.resume(context(TaskInstance()), {**FAILED, "state": STATES[emr], "words": emr, "said": said, "lost": lost})
    return str(failed.value), Ledger(aws("s3"), words).entries()[-1]


def test_a_failed_step_without_logs_fails_with_emrs_words_and_no_retry(task, aws, words):
    said, card = resumed(task, aws, words)
    assert said.startswith("Step wordcount is FAILED: ValueError: no such page Next: ")
    assert (card["task"], card["cause"]) == ("job_wordcount", "code")


@pytest.mark.parametrize(
    ("word", "said", "cause"),
    [
        ("TIMEOUT", "", "timeout"),
        ("CANCELLED", "Job run timed out: it exceeded executionTimeoutMinutes, 180.", "timeout"),
        ("STOPPED", "", "stopped"),
    ],
)
def test_a_job_that_reached_its_time_limit_is_told_from_one_that_was_stopped(task, aws, words, word, said, cause):
    wait = task(WaitForJobOperator, "job_wordcount", step="wordcount", wait_minutes=1)
    answer = {**FAILED, "state": JobState.CANCELLED, "words": word, "said": said, "lost": ""}
    with pytest.raises(AirflowFailException, match=f"Step wordcount is {word}"):
        wait.resume(context(TaskInstance()), answer)
    assert Ledger(aws("s3"), words).entries()[-1]["cause"] == cause


def test_a_failed_step_tells_file_line_input_tail_and_links_in_the_log_and_in_the_ledger(task, aws, words):
    stdout = """Traceback (most recent call last):
  File "/mnt/tmp/spark-1/userFiles-2/spark_jobs.zip/wordcount/job.py", line 26, in bronze
    text = spark.read.text(run.input)
ValueError: no such page in s3://acme-night-raw/a.txt
"""
    for name, text in {"stdout": stdout, "stderr": "26/01/05 03:00:00 INFO Client: all is well\n"}.items():
        aws("s3").put_object(
            Bucket="acme-night-logs", Key=f"emr/j-1/steps/s-1/{name}.gz", Body=gzip.compress(text.encode())
        )
    _, card = resumed(task, aws, words)
    place = {"file": "wordcount/job.py", "line": 26, "function": "bronze"}
    assert card["traceback"] == {**place, "error": "ValueError: no such page in s3://acme-night-raw/a.txt"}
    assert card["input_file"] == "s3://acme-night-raw/a.txt"
    assert card["tail"] == stdout.splitlines()
    assert card["links"]["cluster"].endswith("#/clusterDetails/j-1")
    assert card["links"]["step_log"] == "s3://acme-night-logs/emr/j-1/steps/s-1/"
    assert card["links"]["record"] == f"s3://acme-night-lake/{words.record_prefix}record.json"
    shown = cards.text(card)
    assert "At wordcount/job.py line 26, in bronze" in shown
    assert "| ValueError: no such page" in shown


def test_a_log_that_was_cut_off_is_read_as_far_as_it_goes(task, aws, words):
    why = last_lines("wordcount", date(2026, 1, 4), NoInputError("reading text files: nothing at s3://r/x/"))
    body = gzip.compress(f"{why}\n".encode() * 2000)
    aws("s3").put_object(Bucket="acme-night-logs", Key="emr/j-1/steps/s-1/stderr.gz", Body=body[:-20])
    said, card = resumed(task, aws, words)
    assert "nothing at s3://r/x/" in said
    assert (card["cause"], card["input_file"]) == ("upstream", "s3://r/x/")


@pytest.mark.parametrize("state", ["CANCELLED", "INTERRUPTED", "PENDING"])
def test_only_completed_is_success(task, aws, words, state):
    said, card = resumed(task, aws, words, emr=state, said="why")
    assert f"Step wordcount is {state}: why" in said
    assert card["cause"] == "stopped"


def test_a_step_whose_cluster_was_lost_tells_what_became_of_the_cluster(task, aws, words):
    for state in ("FAILED", "CANCELLED", "PENDING"):
        said, card = resumed(task, aws, words, emr=state, lost=LOST)
        assert LOST in said
        assert card["cause"] == "capacity"


def test_a_wait_that_ran_out_says_what_it_waited_for(task):
    wait = task(WaitForJobOperator, "job_wordcount", step="wordcount", wait_minutes=2)
    with pytest.raises(AirflowFailException, match=r"job_wordcount of wordcount/.* timed out after 2 minutes"):
        wait.resume(context(TaskInstance()), {"overdue": True})
