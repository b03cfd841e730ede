"""The tests' own Spark session."""

from __future__ import annotations

import signal
from typing import Any

import pytest

from tests.spark_jobs.quick_spark import JCMD


def test_a_call_that_runs_out_of_time_shows_javas_threads_and_leaves_no_answer_to_the_next(
    spark: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    java = spark.sparkContext._jvm.java.lang
    before = signal.signal(signal.SIGALRM, lambda *_: pytest.fail("out of time"))
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        with pytest.raises(pytest.fail.Exception, match="out of time"):
            java.Thread.sleep(1000)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert [java.String.valueOf(number) for number in (7, 8)] == ["7", "8"]
    assert not JCMD.exists() or "java.lang.Thread.sleep" in capfd.readouterr().err
