"""What EMR is asked for when Flink counts the words."""

from dataclasses import replace

import pytest

from nightshift.compute import flink as flink_commands
from nightshift.compute import jobs
from nightshift.contracts.pipeline import Step
from nightshift.failures.errors import ParameterError
from nightshift.report import outcome_rules
from nightshift.run.run_context import from_run
from tests.nightshift.conftest import ASKED_AT, RUN_ID
from tests.nightshift.emr import emr_steps
from tests.nightshift.findings import jobs as finished_jobs
from tests.nightshift.test_emr_spec import JOBS, job_flow, refused_by_botocore
from wordcount.definition import PIPELINE as WORDCOUNT

NAMES = ["wordcount_clear", "wordcount_copy_jobs", "wordcount_copy_in", "wordcount_count", "wordcount"]


@pytest.fixture
def flink(settings):
    return from_run(settings, WORDCOUNT, RUN_ID, ASKED_AT, {"engine": "flink", "encoding": "latin-1"})


@pytest.fixture
def lines(flink):
    return {step["Name"]: " ".join(step["HadoopJarStep"]["Args"]) for step in emr_steps(flink, JOBS)}


def test_the_applications_follow_the_engine(flink, words):
    assert [a["Name"] for a in job_flow(flink)["Applications"]] == ["Flink", "Hadoop"]
    assert [a["Name"] for a in job_flow(words)["Applications"]] == ["Hadoop", "Spark"]


def test_the_bodies_have_the_shape_that_emrs_own_model_asks_for(flink):
    assert refused_by_botocore("RunJobFlow", job_flow(flink)) == ""
    steps = {"JobFlowId": "j-1", "Steps": emr_steps(flink, JOBS)}
    assert refused_by_botocore("AddJobFlowSteps", steps) == ""


def test_every_node_gets_flinks_python_after_the_time_limit(flink):
    limit, python = job_flow(flink)["BootstrapActions"]
    assert limit["Name"] == "time limit"
    script = python["ScriptBootstrapAction"]
    assert script["Path"] == f"{JOBS}flink_python.sh"
    assert script["Args"] == [
        "/usr/bin/python3.11",
        f"{JOBS}flink_requirements.txt",
        "/opt/nightshift/flink",
        "s3://acme-night-artifacts/flink/wheels/",
    ]


def test_text_goes_through_hdfs_and_the_last_step_bears_the_tasks_name(flink, lines):
    place = f"hdfs:///nightshift/wordcount/{flink.slug}"
    assert list(lines) == NAMES == jobs.names(flink, WORDCOUNT.steps[0])
    raw = "s3://acme-night-raw/wordcount/2026/01/04/"
    assert lines["wordcount_copy_in"] == f"s3-dist-cp --src {raw} --dest {place}/in"
    assert lines["wordcount_copy_jobs"].startswith(f"s3-dist-cp --src {JOBS} --dest {place}/jobs --srcPattern ")
    assert lines["wordcount"] == f"s3-dist-cp --src {place}/out --dest s3://acme-night-lake/"


def test_what_an_earlier_run_of_the_date_left_is_cleared_and_nothing_of_another_date(flink, lines):
    day = "lines/business_date=2026-01-04"
    assert lines["wordcount_clear"].split(" ")[6:] == [
        f"hdfs:///nightshift/wordcount/{flink.slug}",
        f"s3://acme-night-lake/bronze/wordcount/{day}",
        f"s3://acme-night-lake/silver/wordcount/{day}",
        f"s3://acme-night-lake/quarantine/wordcount/bronze/{day}",
    ]


def test_the_command_line_of_the_program_is_the_contract_with_the_job(flink):
    slug = flink.slug
    assert " ".join(flink_commands.flink_run(flink, "hdfs:///x")) == (
        "flink run -m yarn-cluster -Dexecution.runtime-mode=BATCH"
        " -pyexec /opt/nightshift/flink/bin/python -pyclientexec /opt/nightshift/flink/bin/python"
        " -pyfs hdfs:///x/jobs/spark_jobs.zip,hdfs:///x/jobs/flink_jobs.zip -pym flink_wordcount.main"
        " --business-date 2026-01-04 --input s3://acme-night-raw/wordcount/2026/01/04/ --copy hdfs:///x/in"
        " --lake s3://acme-night-lake --out hdfs:///x/out --scratch hdfs:///x/scratch"
        f" --staging s3://acme-night-lake/staging/wordcount/{slug}"
        f" --manifests s3://acme-night-lake/runs/wordcount/{slug}/manifests --encoding iso8859-1"
    )


@pytest.mark.parametrize("params", [{"engine": "hive"}, {"engine": "flink", "replay": True}])
def test_an_engine_that_is_not_there_or_cannot_do_it_is_refused(settings, params):
    with pytest.raises(ParameterError, match=r"expected .*spark"):
        from_run(settings, WORDCOUNT, RUN_ID, ASKED_AT, params)


def test_a_replay_of_a_pipeline_without_bronze_is_refused_before_anything_starts(settings):
    script = replace(WORDCOUNT, steps=(Step("script", ("gold",)),))
    with pytest.raises(ParameterError, match="wordcount keeps no bronze: run the date again with its input"):
        from_run(settings, script, RUN_ID, ASKED_AT, {"replay": True})


def test_a_night_is_no_success_unless_each_of_its_emr_steps_completed(flink):
    found = finished_jobs(*["COMPLETED"] * len(NAMES), names=NAMES)
    lost = outcome_rules.RunFacts(entries=[], states={}, jobs=[j for j in found if j.name != "wordcount_clear"])
    missing = "step wordcount_clear was never submitted"
    assert missing in [doubt.words for doubt in outcome_rules.doubts(flink, lost)]
    assert missing not in [doubt.words for doubt in outcome_rules.doubts(flink, replace(lost, jobs=found))]
