"""A night that reads a database: its drivers, its secret, its one claim, the file that it delivers."""

from hashlib import sha256
from threading import Event
from types import SimpleNamespace

import pytest
from airflow.sdk.exceptions import AirflowFailException

from card_movements.definition import PIPELINE as CARD_MOVEMENTS
from nightshift.failures.errors import AuditFailed, DriverRefused, ParameterError
from nightshift.lake import packaging
from nightshift.lake.storage import LakeHook
from nightshift.operators.gold import PublishOperator
from nightshift.operators.inputs import WaitForInputsOperator
from nightshift.run import run_context
from nightshift.state.partition_locks import Claim
from tests.nightshift.conftest import ASKED_AT, RUN_ID
from tests.nightshift.emr import emr_steps

LAKE = "acme-night-lake"
ROOT = "gold/card_movements/movimento_flat/"
FILE = "movimento_flat.csv"


@pytest.fixture
def cards(settings):
    """A night of card movements with the params that a test names."""
    return lambda **params: run_context.from_run(settings, CARD_MOVEMENTS, RUN_ID, ASKED_AT, params)


@pytest.fixture
def s3(aws, cards):
    """A lake with yesterday's gold, and what a run of card movements has staged."""
    s3, staged = aws("s3"), cards().staging_prefix
    s3.put_object(Bucket=LAKE, Key=f"{ROOT}business_date=2026-01-03/part-00000.parquet", Body=b"yesterday")
    s3.put_object(Bucket=LAKE, Key=f"{staged}gold/movimento_flat/part-0.parquet", Body=b"new")
    s3.put_object(Bucket=LAKE, Key=f"{staged}exports/{FILE}/part-0.csv", Body=b"all")
    s3.put_object(Bucket=LAKE, Key=f"{staged}exports/{FILE}/_SUCCESS", Body=b"")
    aws("glue").create_database(DatabaseInput={"Name": cards().settings.database("gold")})
    return s3


def context(**params):
    dag_run = SimpleNamespace(run_id=RUN_ID, run_after=ASKED_AT, start_date=None)
    return {"ti": SimpleNamespace(try_number=1), "dag_run": dag_run, "params": params}


def publish(settings, **params):
    task = PublishOperator(task_id="publish", pipeline=CARD_MOVEMENTS, settings=settings)
    return task.execute(context(**params))


def keys(s3, prefix, bucket=LAKE):
    return [o["Key"] for o in s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])]


def body(s3, key, bucket=LAKE):
    return s3.get_object(Bucket=bucket, Key=key)["Body"].read()


def drivers(folder, **files):
    folder.mkdir()
    for name, content in files.items():
        (folder / f"{name}.jar").write_bytes(content)
    lines = [f"{sha256(content).hexdigest()}  {name}.jar\n" for name, content in files.items()]
    (folder / "SHA256SUMS").write_text("".join(lines))
    return folder


def test_drivers_go_to_the_cluster_under_their_hashes_and_once(s3, cards, tmp_path):
    found = packaging.drivers(drivers(tmp_path / "jdbc", one=b"1", two=b"2"))
    lake = LakeHook(s3, cards())
    jars = lake.publish_drivers(found)
    assert jars == [f"s3://acme-night-artifacts/jdbc/{d.sha256}/{d.name}" for d in found]
    s3.put_object(Bucket="acme-night-artifacts", Key=f"jdbc/{found[0].sha256}/one.jar", Body=b"there")
    assert lake.publish_drivers(found) == jars
    assert body(s3, f"jdbc/{found[0].sha256}/one.jar", "acme-night-artifacts") == b"there"
    [step] = emr_steps(cards(), "s3://jobs/", jars)
    words = step["HadoopJarStep"]["Args"]
    assert words[words.index("--jars") + 1] == ",".join(jars)


def test_a_driver_that_is_not_what_was_written_down_is_refused(tmp_path):
    folder = drivers(tmp_path / "jdbc", one=b"1")
    (folder / "one.jar").write_bytes(b"something else")
    with pytest.raises(DriverRefused, match=r"one\.jar has SHA-256 .* it was not used\. Next: Put the drivers"):
        packaging.drivers(folder)


def test_drivers_that_are_not_there_are_told_with_what_to_do(tmp_path):
    with pytest.raises(DriverRefused, match="NIGHTSHIFT_JDBC_DIR"):
        packaging.drivers(tmp_path / "none")


def test_the_step_is_told_the_secrets_name_and_the_options_and_no_password(cards):
    [step] = emr_steps(cards(delimiter=";"), "s3://jobs/")
    words = step["HadoopJarStep"]["Args"]
    assert words[words.index("--source-secret") + 1] == "acme-night/sources/cards"
    assert {"--option=delimiter=;", "--option=header=true", "--option=full_reload=false"} <= set(words)
    assert "--jars" not in words


@pytest.mark.parametrize(
    "params",
    [
        {"output": "file:///etc"},
        {"output": "s3://b"},
        {"delimiter": "::"},
        {"full_reload": "all"},
        {"full_reload": "true"},
    ],
)
def test_an_option_that_makes_no_sense_is_refused_by_name(cards, params):
    with pytest.raises(ParameterError, match=next(iter(params))):
        cards(**params)


def test_nights_of_any_two_dates_wait_for_each_other_where_dates_depend_on_each_other(cards, night, words):
    assert cards().claim_key == cards(business_date="2025-12-01").claim_key == "claims/card_movements/every-date.json"
    assert night.claim_key == "claims/mrhealth_sales/every-date.json"
    assert words.claim_key == "claims/wordcount/2026-01-04.json"


def test_no_file_is_waited_for(cards, settings, aws):
    task = WaitForInputsOperator(task_id="t", pipeline=CARD_MOVEMENTS, settings=settings, wait_minutes=1)
    assert task.execute(context()) == {"files": 0, "bytes": 0}


def test_publishing_delivers_the_file_beside_gold_and_leaves_other_dates(s3, settings, cards):
    Claim(s3, cards()).take()
    told = publish(settings)
    assert told[FILE] == f"s3://{LAKE}/exports/card_movements/{FILE}"
    assert body(s3, f"exports/card_movements/{FILE}") == b"all"
    assert keys(s3, ROOT) == [f"{ROOT}business_date=2026-01-0{day}/part-00000.parquet" for day in (3, 4)]
    assert publish(settings) == told, "a second try adopts it"


def test_the_file_goes_where_the_run_says(s3, settings, cards):
    s3.create_bucket(Bucket="acme-elsewhere")
    Claim(s3, cards()).take()
    assert publish(settings, output="s3://acme-elsewhere/cards/")[FILE] == f"s3://acme-elsewhere/cards/{FILE}"
    assert body(s3, f"cards/{FILE}", "acme-elsewhere") == b"all"
    assert keys(s3, "exports/") == []


def restage(s3, cards, *days):
    """What a run stages that changes other dates: a file a day."""
    staged = f"{cards().staging_prefix}gold/movimento_flat/"
    s3.delete_object(Bucket=LAKE, Key=f"{staged}part-0.parquet")
    for day in days:
        s3.put_object(Bucket=LAKE, Key=f"{staged}business_date={day}/part-0.parquet", Body=f"new {day}".encode())


def test_a_full_reload_changes_each_date_where_it_lies_and_drops_none(s3, settings, cards):
    restage(s3, cards, "2026-01-03", "2026-01-04")
    s3.put_object(Bucket=LAKE, Key=f"{ROOT}business_date=2026-01-02/part-00000.parquet", Body=b"as it was")
    Claim(s3, cards()).take()
    publish(settings, full_reload=True)
    assert [body(s3, key) for key in keys(s3, ROOT)] == [b"as it was", b"new 2026-01-03", b"new 2026-01-04"]


def test_a_full_reload_killed_between_two_dates_leaves_each_date_whole_and_once(s3, settings, cards, monkeypatch):
    restage(s3, cards, "2026-01-02", "2026-01-03", "2026-01-04")
    s3.put_object(Bucket=LAKE, Key=f"{ROOT}business_date=2026-01-02/part-00000.parquet", Body=b"the day before")
    Claim(s3, cards()).take()
    swap, first_done = LakeHook._swap, Event()

    def killed(hook, *where):
        if "business_date=2026-01-02" not in str(where):
            first_done.wait(timeout=300)
            raise KeyboardInterrupt
        swap(hook, *where)
        first_done.set()

    monkeypatch.setattr(LakeHook, "_swap", killed)
    with pytest.raises(KeyboardInterrupt):
        publish(settings, full_reload=True)
    assert [body(s3, key) for key in keys(s3, ROOT)] == [b"new 2026-01-02", b"yesterday"]


def test_a_full_reload_that_lost_its_claim_changes_nothing(s3, settings, cards):
    s3.put_object(Bucket=LAKE, Key=cards().claim_key, Body=b'{"run": "card_movements/rival"}')
    with pytest.raises(AirflowFailException, match="no longer holds"):
        publish(settings, full_reload=True)
    assert keys(s3, ROOT) == [f"{ROOT}business_date=2026-01-03/part-00000.parquet"]


def test_the_first_publish_writes_down_whose_movements_they_are_and_a_file_of_nobody_does_not(s3, settings, cards):
    lake = LakeHook(s3, cards())
    lake.keep_source()
    assert lake.source() == ""
    s3.put_object(Bucket=LAKE, Key=f"{cards().manifests_prefix}bronze.json", Body=b'{"source": "the bank"}')
    Claim(s3, cards()).take()
    publish(settings)
    assert lake.source() == "the bank"


def test_a_file_that_was_not_staged_whole_is_not_delivered(s3, cards):
    s3.put_object(Bucket=LAKE, Key=f"{cards().staging_prefix}exports/{FILE}/part-1.csv", Body=b"more")
    with pytest.raises(AuditFailed, match="holds 2 CSV files, one was expected"):
        LakeHook(s3, cards()).deliver(FILE)
    assert keys(s3, "exports/") == []
