"""Glue's job definitions and runs: arguments, capacity, concurrency, time limits, retries."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.runs.glue import arguments
from tests.localcloud.helpers import Client, PlayedSteps
from tests.localcloud.runs.conftest import SCRIPT, Service, job
from tests.patience import Clock, until


def test_the_script_gets_pairs_and_spark_submit_what_glue_consumes() -> None:
    given = {
        "--job-language": "python",
        "--extra-py-files": "s3://a/jobs.zip,s3://a/main.py",
        "--extra-jars": "s3://a/x.jar",
        "--conf": "spark.a=b --conf spark.c=d e",
        "--enable-metrics": "",
        "--argv": '["--day", "2026-01-02"]',
    }
    assert arguments.command(SCRIPT, "night", "jr_01_attempt_1", given) == (
        *("spark-submit", "--py-files", "s3://a/jobs.zip,s3://a/main.py", "--jars", "s3://a/x.jar"),
        *("--conf", "spark.a=b", "--conf", "spark.c=d e", SCRIPT),
        *("--JOB_NAME", "night", "--JOB_ID", "j_01", "--JOB_RUN_ID", "jr_01_attempt_1"),
        *("--enable-metrics", "--argv", '["--day", "2026-01-02"]'),
    )


def test_modules_that_are_not_installed_are_named_in_the_log_of_errors() -> None:
    (note,) = arguments.notes({"--additional-python-modules": "numpy==2.0"})
    assert "numpy==2.0: nothing is installed" in note


def test_arguments_of_a_run_win_over_defaults_and_lose_to_the_fixed_ones(aws: Client, steps: PlayedSteps) -> None:
    client = aws("glue")
    fixed = {"DefaultArguments": {"--a": "1", "--b": "1"}, "NonOverridableArguments": {"--c": "3"}}
    client.create_job(**job("night", **fixed))
    run = client.start_job_run(JobName="night", Arguments={"--b": "2", "--c": "2"})["JobRunId"]
    shown = client.get_job_run(JobName="night", RunId=run)["JobRun"]
    assert shown["Arguments"] == {"--a": "1", "--b": "2", "--c": "3"}


def test_a_job_is_read_back_with_glues_defaults(aws: Client) -> None:
    client = aws("glue")
    client.create_job(**job("night", Tags={"team": "night"}))
    found = client.get_job(JobName="night")["Job"]
    assert {name: found[name] for name in ("Timeout", "MaxCapacity", "MaxRetries", "ExecutionProperty")} == {
        "Timeout": 480,
        "MaxCapacity": 3.0,
        "MaxRetries": 0,
        "ExecutionProperty": {"MaxConcurrentRuns": 1},
    }
    arn = "arn:aws:glue:eu-west-1:123456789012:job/night"
    client.tag_resource(ResourceArn=arn, TagsToAdd={"run": "1"})
    client.untag_resource(ResourceArn=arn, TagsToRemove=["team"])
    assert client.get_tags(ResourceArn=arn)["Tags"] == {"run": "1"}
    assert client.list_jobs(Tags={"run": "1"})["JobNames"] == ["night"]
    assert client.list_jobs(Tags={"run": "2"})["JobNames"] == []


def test_an_update_replaces_the_definition_and_a_deleted_job_is_gone(aws: Client) -> None:
    client = aws("glue")
    client.create_job(**job("night", Description="old", Timeout=10))
    update = {name: value for name, value in job("night", NumberOfWorkers=5).items() if name != "Name"}
    client.update_job(JobName="night", JobUpdate=update)
    found = client.get_job(JobName="night")["Job"]
    assert (found.get("Description"), found["Timeout"], found["NumberOfWorkers"]) == (None, 480, 5)
    client.delete_job(JobName="night")
    client.delete_job(JobName="night")
    assert client.batch_get_jobs(JobNames=["night"])["JobsNotFound"] == ["night"]
    with pytest.raises(client.exceptions.EntityNotFoundException, match="Job with name: night not found"):
        client.get_job(JobName="night")


def test_the_same_job_again_is_the_same_and_another_of_its_name_is_refused(aws: Client) -> None:
    client = aws("glue")
    assert client.create_job(**job("night"))["Name"] == client.create_job(**job("night"))["Name"]
    with pytest.raises(client.exceptions.IdempotentParameterMismatchException):
        client.create_job(**job("night", Timeout=1))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"MaxCapacity": 2.0}, "do not set Max Capacity"),
        ({"WorkerType": "G.3X"}, "Worker type G.3X is not one of"),
        ({"NumberOfWorkers": 1}, "at least 2"),
        ({"ExecutionClass": "CHEAP"}, "ExecutionClass CHEAP"),
        ({"Timeout": 0}, "valid min value: 1"),
    ],
)
def test_a_job_that_makes_no_sense_is_refused(aws: Client, options: dict[str, Any], words: str) -> None:
    client = aws("glue", parameter_validation=False)
    with pytest.raises(ClientError, match=f"InvalidInputException.*{words}"):
        client.create_job(**job("night", **options))


def test_a_second_run_is_refused_until_the_first_has_ended(glue: Service, steps: PlayedSteps) -> None:
    first = glue.start("hold")
    with pytest.raises(glue.client.exceptions.ConcurrentRunsExceededException):
        glue.start("ok")
    glue.wait(first, "RUNNING")
    steps.let_go(first)
    glue.wait(first, "SUCCEEDED")
    glue.wait(glue.start("ok"), "SUCCEEDED")


def test_a_queued_run_waits_until_the_first_has_ended(glue: Service, steps: PlayedSteps) -> None:
    first = glue.start("hold")
    second = glue.start("ok", JobRunQueuingEnabled=True)
    glue.wait(first, "RUNNING")
    assert glue.look(second)["JobRunState"] == "WAITING"
    steps.let_go(first)
    glue.wait(second, "SUCCEEDED")
    assert [run["Id"] for run in glue.client.get_job_runs(JobName=glue.place)["JobRuns"]] == [second, first]


def test_a_run_that_takes_too_long_ends_timeout(glue: Service, clock: Clock) -> None:
    clock.stop()
    run = glue.start("hold", Timeout=2)
    glue.wait(run, "RUNNING")
    clock.forward(119)
    assert glue.look(run)["JobRunState"] == "RUNNING"
    clock.forward(1)
    found = glue.wait(run, "TIMEOUT")
    assert (found["ExecutionTime"], found["Timeout"]) == (120, 2)
    assert "timeout of 2 minutes" in found["ErrorMessage"]


@pytest.mark.parametrize(
    ("options", "dpu_seconds"),
    [
        ({}, None),
        ({"ExecutionClass": "FLEX"}, 300.0),
        ({"Arguments": {"--enable-auto-scaling": "true", "--word": "hold"}}, 300.0),
    ],
)
def test_only_flex_and_scaling_runs_have_dpu_seconds(
    aws: Client, steps: PlayedSteps, clock: Clock, options: dict[str, Any], dpu_seconds: float | None
) -> None:
    clock.stop()
    client = aws("glue")
    client.create_job(**job("night"))
    run = client.start_job_run(JobName="night", **{"Arguments": {"--word": "hold"}, **options})["JobRunId"]

    def look() -> dict[str, Any]:
        return client.get_job_run(JobName="night", RunId=run)["JobRun"]

    until(lambda: look()["JobRunState"] == "RUNNING")
    clock.forward(100)
    steps.let_go(run)
    found = until(look, lambda shown: shown["JobRunState"] == "SUCCEEDED")
    assert found.get("DPUSeconds") == dpu_seconds
    assert (found["ExecutionTime"], found["WorkerType"], found["MaxCapacity"]) == (100, "G.1X", 3.0)


def test_a_failed_run_is_retried_as_often_as_its_job_says(aws: Client) -> None:
    client = aws("glue")
    client.create_job(**job("night", MaxRetries=1))
    run = client.start_job_run(JobName="night", Arguments={"--word": "fail"})["JobRunId"]

    def runs() -> list[dict[str, Any]]:
        return client.get_job_runs(JobName="night")["JobRuns"]

    both = until(runs, lambda found: [one["JobRunState"] for one in found] == ["FAILED", "FAILED"])
    assert [(one["Id"], one["Attempt"]) for one in both] == [(f"{run}_attempt_1", 1), (run, 0)]
    assert both[0]["PreviousRunId"] == run


def test_stopping_says_which_runs_could_not_be_stopped(glue: Service) -> None:
    run = glue.start("ok")
    glue.wait(run, "SUCCEEDED")
    answer = glue.client.batch_stop_job_run(JobName=glue.place, JobRunIds=[run, "jr_none"])
    assert answer["SuccessfulSubmissions"] == []
    codes = [error["ErrorDetail"]["ErrorCode"] for error in answer["Errors"]]
    assert codes == ["JobRunInTerminalStateException", "EntityNotFoundException"]


def test_a_deleted_job_takes_its_run_with_it(glue: Service, cloud: Any) -> None:
    glue.wait(glue.start("hold"), "RUNNING")
    glue.client.delete_job(JobName=glue.place)
    (run,) = cloud.runs.runs.values()
    until(lambda: run.state == "STOPPED")
    with pytest.raises(glue.client.exceptions.EntityNotFoundException, match="missing metadata"):
        glue.start("ok")


def test_a_job_that_is_no_pyspark_is_refused_when_it_is_started(aws: Client) -> None:
    client = aws("glue")
    client.create_job(**{**job("shell"), "Command": {"Name": "pythonshell", "ScriptLocation": SCRIPT}})
    with pytest.raises(client.exceptions.InvalidInputException, match="localcloud runs PySpark jobs only"):
        client.start_job_run(JobName="shell")


def test_the_catalog_is_still_motos(aws: Client) -> None:
    client = aws("glue")
    client.create_database(DatabaseInput={"Name": "lake"}, Tags={"a": "b"})
    arn = "arn:aws:glue:eu-west-1:123456789012:database/lake"
    try:
        assert client.get_tags(ResourceArn=arn)["Tags"] == {"a": "b"}
    finally:
        client.delete_database(Name="lake")
