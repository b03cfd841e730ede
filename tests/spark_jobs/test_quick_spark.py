"""The tests' own Spark session."""

from __future__ import annotations

import signal
import subprocess
import threading
from typing import Any

import pytest

from tests.patience import until
from tests.spark_jobs.quick_spark import JCMD

SLEEPS = "java.util.concurrent.TimeUnit.sleep"


def test_a_call_that_runs_out_of_time_shows_javas_threads_and_leaves_no_answer_to_the_next(
    spark: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    if not JCMD.exists():
        pytest.skip(f"this Java has no {JCMD}")
    java, threads = spark.sparkContext._jvm.java, [JCMD, str(spark.sparkContext._gateway.proc.pid), "Thread.print"]

    def run_out_of_time() -> None:
        """As soon as Java is at work on the call."""
        until(lambda: SLEEPS in subprocess.run(threads, capture_output=True, text=True, check=True).stdout)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGALRM)

    before = signal.signal(signal.SIGALRM, lambda *_: pytest.fail("out of time"))
    try:
        with pytest.raises(pytest.fail.Exception, match="out of time"):
            threading.Thread(target=run_out_of_time).start()
            java.util.concurrent.TimeUnit.HOURS.sleep(1)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert [java.lang.String.valueOf(number) for number in (7, 8)] == ["7", "8"]
    assert SLEEPS in capfd.readouterr().err
