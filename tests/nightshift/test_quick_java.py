"""Steps over a small input run in a JVM without the optimising compiler, whatever they run on."""

from dataclasses import replace
from datetime import date

import pytest

from mrhealth_sales.definition import PIPELINE as MRHEALTH_SALES
from nightshift.compute import jobs, targets
from nightshift.contracts.pipeline import Step
from nightshift.run import run_context
from tests.nightshift.conftest import ASKED_AT, RUN_ID

JOBS = "s3://acme-night-artifacts/jobs/abc/"
QUICK = [f"spark.{part}.extraJavaOptions" for part in ("driver", "executor")]
MB = 1024 * 1024


@pytest.fixture
def asked(settings):
    """What is asked of a target for a run with so many bytes of input."""

    def ask(target, size, pipeline=MRHEALTH_SALES, **changed):
        run = run_context.from_run(replace(settings, **changed), pipeline, RUN_ID, ASKED_AT, {"compute": target})
        return "\n".join(map(str, targets.of(run).plan(run, JOBS, jobs.of_run(run, JOBS, input_bytes=size))))

    return ask


@pytest.mark.parametrize("target", ["emr", "serverless", "eks", "kubernetes"])
def test_a_small_inputs_jvms_compile_quickly_and_no_others(asked, target):
    small = asked(target, 16 * MB - 1)
    assert all(small.count(name) == len(MRHEALTH_SALES.steps) for name in QUICK)
    assert small.count("-XX:TieredStopAtLevel=1") == 2 * len(MRHEALTH_SALES.steps)
    for large in (asked(target, 16 * MB), asked(target, 0), asked(target, MB, quick_java_mb=0)):
        assert not any(name in large for name in QUICK)


def test_glue_has_java_options_of_its_own_which_ours_would_replace(asked):
    assert "JavaOptions" not in asked("glue", 1)


def test_a_users_own_script_and_the_days_of_a_backfill_run_as_they_are(asked, night):
    script = replace(MRHEALTH_SALES, steps=(Step("script", ("gold",)),))
    assert "JavaOptions" not in asked("emr", 1, script)
    assert all(job.conf == {} for job in jobs.of_days(night, [date(2026, 1, 4)], JOBS))
