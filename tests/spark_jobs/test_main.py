"""The entry point: its arguments, and one real spark-submit."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from functools import reduce
from importlib import import_module
from operator import add as plus
from pathlib import Path

import pytest

import main
from localcloud.steps.site import make_spark_home
from nightshift.pipelines import PIPELINES
from nightshift.report.spark_events import Usage, usage

GOOD = [
    "--pipeline",
    "wordcount",
    "--business-date",
    "2025-12-29",
    "--input",
    "/in/",
    "--lake",
    "/l/",
    "--staging",
    "/s",
]


def test_layers_run_in_the_order_they_are_named() -> None:
    args = main.parse([*GOOD, "--layers", "bronze,silver,gold"])
    assert args.layers == ["bronze", "silver", "gold"]
    assert (args.input, args.lake, args.encoding, args.reference) == ("/in", "/l", "utf-8", None)


@pytest.mark.parametrize(
    ("flag", "value", "told"),
    [
        ("--layers", "bronze,platinum", "unknown layer 'platinum'"),
        ("--layers", "", "unknown layer ''"),
        ("--pipeline", "sales", "no jobs of a pipeline 'sales'"),
        ("--business-date", "29/12/2025", "29/12/2025"),
    ],
)
def test_a_wrong_argument_is_told_before_anything_starts(
    capsys: pytest.CaptureFixture[str], flag: str, value: str, told: str
) -> None:
    with pytest.raises(SystemExit) as stop:
        main.parse([*GOOD, "--layers", "bronze", flag, value])
    assert stop.value.code == 2
    assert told in capsys.readouterr().err


def test_every_pipeline_has_the_three_layers() -> None:
    jobs = [import_module(f"{main.pipeline(name)}.jobs.job") for name in PIPELINES]
    assert all(callable(getattr(job, layer)) for job in jobs for layer in main.LAYERS)


def submit(jobs_zip: Path, *words: str, conf: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
    """A real spark-submit, as the step's runner does it: main.py alone, everything else in the zip."""
    home = make_spark_home(jobs_zip.with_name("spark-home"))
    env = {**os.environ, "SPARK_HOME": str(home), "PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"}
    options = ["--master", "local[2]", "--conf", "spark.ui.enabled=false", "--py-files", str(jobs_zip)]
    options += ["--driver-java-options", "-XX:TieredStopAtLevel=1", *(f"--conf={each}" for each in conf)]
    command = [str(home / "bin" / "spark-submit"), *options, str(Path(main.__file__)), *words]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=600)


@pytest.mark.spark
def test_a_submitted_step_writes_its_manifests_with_what_spark_used(jobs_zip: Path, tmp_path: Path) -> None:
    for folder in ("in", "events"):
        (tmp_path / folder).mkdir()
    (tmp_path / "in" / "a.txt").write_text("um dois dois\n", encoding="utf-8")
    words = ["--pipeline", "wordcount", "--layers", "bronze,silver,gold", "--business-date", "2025-12-29"]
    words += ["--input", str(tmp_path / "in"), "--lake", f"file://{tmp_path}/lake", "--staging", f"{tmp_path}/staging"]
    events = ("spark.eventLog.enabled=true", f"spark.eventLog.dir=file://{tmp_path}/events")
    done = submit(jobs_zip, *words, conf=(*events, "spark.executor.heartbeatInterval=200ms"))
    assert done.returncode == 0, done.stderr[-2000:]
    assert "gold lines: 1 in = 1 accepted" in done.stdout
    texts = [tmp_path / "staging" / "manifests" / f"{layer}.json" for layer in main.LAYERS]
    manifests = [json.loads(text.read_text()) for text in texts]
    assert manifests[-1]["gold"][0]["rows"] == 2
    told = reduce(plus, (Usage(**manifest["spark"]) for manifest in manifests))
    [log] = (tmp_path / "events").iterdir()
    known = usage(log.read_text().splitlines())
    assert (told.cores, told.shuffled, told.spilled) == (known.cores, known.shuffled, known.spilled)
    assert (told.tasks, told.cpu) == (pytest.approx(known.tasks, abs=0.2), pytest.approx(known.cpu, abs=0.2))
    assert 0 < told.tasks < told.wall < known.wall and told.heap > 0


@pytest.mark.spark
def test_a_step_that_cannot_work_fails_with_one_line_that_says_why(jobs_zip: Path, tmp_path: Path) -> None:
    words = ["--pipeline", "mrhealth_sales", "--layers", "bronze", "--business-date", "2025-12-29"]
    words += ["--input", f"{tmp_path}/absent", "--lake", f"{tmp_path}/lake", "--staging", f"{tmp_path}/staging"]
    done = submit(jobs_zip, *words)
    assert done.returncode == 1
    told = [line for line in done.stderr.splitlines() if line.startswith("mrhealth_sales 2025-12-29:")]
    assert len(told) == 1 and f"{tmp_path}/absent" in told[0], done.stderr[-3000:]
    assert "Traceback" not in done.stderr


def test_a_command_line_may_come_as_one_argument_among_those_of_glue():
    own = ["--pipeline", "wordcount", "--replay", "--option=a=b", "--option=c=d"]
    glues = ["--JOB_NAME", "x", "--JOB_RUN_ID", "jr_1", "--nightshift-run", "wordcount/x"]
    assert main.command_line([*glues, main.ARGV, json.dumps(own), "--TempDir", "s3://x/"]) == own
    assert main.command_line(own) == own
