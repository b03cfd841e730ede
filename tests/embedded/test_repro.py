"""./nightshift repro without a night: which step, which objects of which moment, which lines, and where pdb stops. The
whole command, under a reader's role: tests/iam/test_nights.py."""

import json
import subprocess
import time
from argparse import Namespace
from datetime import UTC, datetime
from io import BytesIO
from zipfile import ZipFile

import boto3
import pytest

from embedded import cli
from embedded.repro import fetch, rows, session, submitted, verdict
from embedded.repro.place import Place
from embedded.repro.submitted import Submitted
from embedded.repro.verdict import Failure
from nightshift.lake.packaging import Package
from tools import toolchain
from tools.errors import InputRefused

RAW, LAKE = "acme-raw", "acme-lake"
DAY = "2026-01-05"
COMMON = ("--pipeline", "sales", "--business-date", DAY, "--input", f"s3://{RAW}/sales", "--lake", f"s3://{LAKE}")


def job(name, layers, *more):
    return Submitted(name, "s3://acme-artifacts/jobs/x/main.py", (*COMMON, "--layers", layers, *more))


BRONZE, SILVER, GOLD = (job(layer, layer) for layer in ("bronze", "silver", "gold"))
JOBS = [BRONZE, SILVER, GOLD]
NOTHING = {"failure": None, "steps": []}


def failed(task):
    return {"failure": {"task": task, "cause": "code", "message": "Step x is FAILED: KeyError: 'a'"}, "steps": []}


@pytest.fixture
def s3(s3_endpoint, monkeypatch):
    for name, value in {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}.items():
        monkeypatch.setenv(name, value)
    s3 = boto3.client("s3", endpoint_url=s3_endpoint, region_name="us-east-1")
    for bucket in (RAW, LAKE, "acme-artifacts"):
        s3.create_bucket(Bucket=bucket)
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    return s3


def test_the_step_is_the_one_that_failed_or_the_one_that_is_named():
    ended = {"failure": None, "steps": [{"name": "bronze", "state": "COMPLETED"}, {"name": "gold", "state": "FAILED"}]}
    assert submitted.chosen(JOBS, failed("job_silver"), None) is SILVER
    assert submitted.chosen(JOBS, failed("job_silver"), "gold") is GOLD
    assert submitted.chosen(JOBS, ended, None) is GOLD


@pytest.mark.parametrize(("record", "step"), [(NOTHING, None), (failed("audit"), None), (NOTHING, "brass")])
def test_without_a_step_that_failed_the_steps_are_named(record, step):
    with pytest.raises(InputRefused, match=r"choose one with --step \(bronze, silver, gold\)"):
        submitted.chosen(JOBS, record, step)


def test_a_few_rows_go_through_all_layers_up_to_the_step():
    assert submitted.up_to(JOBS, SILVER).layers == ("bronze", "silver")
    assert submitted.up_to(JOBS, BRONZE).layers == ("bronze",)


def test_flinks_steps_are_refused():
    with pytest.raises(InputRefused, match="Flink"):
        submitted.parsed({"jobs": [{"name": "count", "command": ["flink", "run"]}]})


def test_a_step_reads_the_input_only_where_bronze_is_made_and_the_lake_of_its_own_pipeline():
    lake = [f"s3://{LAKE}/{layer}/sales/" for layer in ("bronze", "silver", "gold", "quarantine")]
    assert fetch.prefixes(BRONZE, JOBS, None) == [f"s3://{RAW}/sales/", *lake]
    assert fetch.prefixes(SILVER, JOBS, None) == lake
    assert fetch.prefixes(GOLD, [GOLD], None) == [f"s3://{RAW}/sales/", *lake], "a script reads the input itself"
    assert fetch.prefixes(BRONZE, JOBS, fetch.Cut(3, lambda *_: False, "")) == [f"s3://{RAW}/sales/"]


def test_what_is_fetched_is_what_was_there_when_the_step_began(s3, tmp_path):
    own, other = (f"bronze/sales/orders/business_date={day}/p" for day in (DAY, "2026-01-04"))
    for key, text in ((own, "then"), (other, "another day"), ("silver/sales/a", "kept"), ("silver/sales/b", "gone")):
        s3.put_object(Bucket=LAKE, Key=key, Body=text.encode())
    time.sleep(1.1)  # S3 counts in seconds
    began = datetime.now(UTC)
    time.sleep(1.1)
    s3.put_object(Bucket=LAKE, Key=own, Body=b"later")
    s3.put_object(Bucket=LAKE, Key="silver/sales/late", Body=b"later")
    s3.delete_object(Bucket=LAKE, Key="silver/sales/b")
    objects = fetch.read_by(s3, SILVER, fetch.prefixes(SILVER, JOBS, None), began)
    fetch.download(s3, objects, tmp_path, None, f"s3://{RAW}/sales/")
    there = {str(file.relative_to(tmp_path / LAKE)): file.read_text() for file in tmp_path.rglob("*") if file.is_file()}
    assert there == {own: "then", "silver/sales/a": "kept", "silver/sales/b": "gone"}


def test_of_a_text_only_the_lines_around_the_failing_one_are_written(s3, tmp_path):
    text = "".join(f"{n};x\n" for n in range(1, 100))
    for key in ("sales/a.csv", "sales/b.csv", "sales/c.csv.gz"):
        s3.put_object(Bucket=RAW, Key=key, Body=text.encode())
    failure = {"message": "bad value at line 50", "input_file": f"s3://{RAW}/sales/b.csv"}
    cut = fetch.Cut(4, rows.failing_line(failure), failure["input_file"])
    objects = fetch.read_by(s3, BRONZE, [f"s3://{RAW}/sales/"], datetime(2100, 1, 1, tzinfo=UTC))
    fetch.download(s3, objects, tmp_path, cut, f"s3://{RAW}/sales/")
    lines = {file.name: [int(line.partition(";")[0]) for line in file.open()] for file in tmp_path.rglob("*.*")}
    assert lines == {"a.csv": [1, 2, 3, 4, 5], "b.csv": [1, 48, 49, 50, 51], "c.csv.gz": [*range(1, 100)]}


def test_a_line_is_known_by_the_text_that_the_error_quotes():
    is_it = rows.failing_line({"message": "ValueError: invalid literal for int(): 'doze'", "input_file": None})
    lines = [b"shop;amount\n", b"a;1\n", b"b;doze\n", b"c;3\n", b"d;4\n"]
    assert rows.around(iter(lines), 2, is_it) == [lines[0], lines[1], lines[2]]
    assert rows.around(iter(lines[2:]), 2, is_it) == lines[2:4], "the first line itself"
    assert rows.around(iter([]), 2, is_it) == []


def published(s3, **changed):
    """Jobs under their hash; gives the job."""
    archive = BytesIO()
    with ZipFile(archive, "w") as written:
        written.writestr("sales/jobs/job.py", "CONTRACT = 1\n")
    package = Package(b"main", archive.getvalue(), b"limit", {"ingest.sh": b"ingest"})
    prefix = f"jobs/{package.sha256}/"
    for name, body in {**package.files, **changed}.items():
        s3.put_object(Bucket="acme-artifacts", Key=f"{prefix}{name}", Body=body)
    return Submitted("gold", f"s3://acme-artifacts/{prefix}main.py", GOLD.arguments)


def test_the_program_is_unpacked_if_it_has_the_hash_that_it_is_named_by(s3, tmp_path):
    fetch.code(s3, published(s3), tmp_path / "jobs")
    assert (tmp_path / "jobs/spark_jobs.zip/sales/jobs/job.py").read_text() == "CONTRACT = 1\n"
    with pytest.raises(InputRefused, match="they were changed"):
        fetch.code(s3, published(s3, **{"main.py": b"another"}), tmp_path / "more")
    assert not (tmp_path / "more").exists()


def test_a_step_that_reads_a_database_is_refused_and_nothing_is_left(s3, s3_endpoint, monkeypatch, tmp_path):
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_endpoint)
    monkeypatch.setattr(session, "REPRO", tmp_path)
    reads = {"name": "bronze", "entry": "", "jars": [], "arguments": ["--source-secret", "s", *BRONZE.arguments]}
    content = json.dumps({"jobs": [reads]})
    s3.put_object(Bucket=LAKE, Key="runs/sales/r1/jobs.json", Body=content.encode())
    options = Namespace(name=f"s3://{LAKE}/runs/sales/r1/record.json", region=None, step="bronze", rows=None)
    record = {"dag_id": "sales", "slug": "r1", **NOTHING}
    with pytest.raises(InputRefused, match="reads a database"):
        session.play(options, None, record)
    assert list(tmp_path.iterdir()) == []


def test_a_run_without_a_name_that_is_known_is_refused(capsys):
    assert cli.main(["repro", "nothing/like-this"]) == 2
    assert "No kept run is called nothing/like-this" in capsys.readouterr().err


def test_failures_are_the_same_by_cause_line_and_kind_whatever_the_rows_were():
    there = verdict.there(failed("job_gold"), "gold")
    assert there == Failure("code", "KeyError: 'a'", "") and verdict.there(failed("audit"), "gold") is None
    crash = Failure("code", "ValueError: bad 'x1'", "sales/jobs/job.py line 5, in f")
    assert crash.is_like(Failure("code", "ValueError: bad 'y'", crash.place))
    assert not crash.is_like(Failure("code", "ValueError: bad 'x1'", "sales/jobs/job.py line 6, in f"))
    assert not crash.is_like(Failure("code", "KeyError: 'x1'", crash.place))
    refused = Failure("data", "sales 2026-01-05: 12 of 300 rows were refused", "")
    assert refused.is_like(Failure("data", "sales 2026-01-05: 1 of 6 rows were refused", ""))
    places = ("/srv/spark/a1f/mods.py line 2, in num", "/home/x/mods.py line 2, in num")
    there, here = (Failure("code", "ValueError: bad 'x'", place) for place in places)
    assert there.is_like(here), "wherever Spark kept a module"
    lost, again = (Failure("code", f"no file at {folder}/out.csv", "") for folder in ("s3://acme/b", "/tmp/x-8a1f/b"))
    assert lost.is_like(again) and not lost.is_like(Failure("code", "no file at /tmp/x-8a1f/other.csv", ""))


MAIN = """
import sys
from sales.jobs.job import gold
gold(sys.argv[1:])
"""
JOB = """import json


def gold(arguments):
    layers = arguments[arguments.index("--layers") + 1]
    return json.loads("{" + layers)
"""


def test_pdb_stops_in_the_steps_own_line_and_an_edited_job_is_what_runs_again(tmp_path):
    place = Place(tmp_path / "here")
    place.open()
    package = place.jobs / "spark_jobs.zip" / "sales" / "jobs"
    package.mkdir(parents=True)
    (place.jobs / "main.py").write_text(MAIN)
    (package / "job.py").write_text(JOB)
    place.write(GOLD, "sales/r1", toolchain.java())
    typed = "p 'it is ' + layers\nq\n"
    said = subprocess.run([place.script, "--pdb"], input=typed, capture_output=True, text=True, check=False)
    assert "sales/jobs/job.py(6)gold()" in said.stdout and "it is gold" in said.stdout
    assert "JSONDecodeError" in said.stderr
    (package / "job.py").write_text(JOB.replace('"{" + layers', '"{}"'))
    assert subprocess.run([place.script], check=False).returncode == 0
    assert sorted(path.name for path in (place.folder / "s3").iterdir()) == [LAKE, RAW]
