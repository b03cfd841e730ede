"""An API that pages, fails, is cut off and changes; an ingestion that lands each document once and goes on."""

import gzip
import itertools
import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from types import SimpleNamespace

import boto3
import pytest
from tenacity import RetryCallState

from covid_hospitals.jobs.bronze import rows_of as bronze_rows
from covid_hospitals.jobs.tables import OCCUPANCY
from ingest import api as of_api
from ingest.__main__ import ingest, main
from ingest.errors import OddAnswer, Refused, Unavailable
from ingest.landing import Landing
from tests.ingest.helpers import BUCKET, DAY, SNAPSHOT, body, keys, rows, rows_of, state
from tests.spark_jobs.rows import singly

REAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "covid" / "occupation" / f"data_{DAY}.csv.gz"


@pytest.fixture
def landing(s3):
    return Landing(s3, BUCKET, "covid", DAY)


def landed(s3):
    return [row["_id"] for row in rows(s3)]


def test_every_document_lands_once_in_order_in_one_file(beds, reader, landing, s3):
    done = ingest(reader(), landing)
    assert landed(s3) == sorted(beds.documents)
    assert (done.pages, done.rows, done.total, done.done) == (5, 23, 23, True)
    assert keys(s3) == [SNAPSHOT]
    assert [len(beds.asked), beds.asked[1]["search_after"]] == [5, [sorted(beds.documents)[4]]]


def test_the_jobs_take_a_landed_snapshot_for_what_it_is(beds, reader, landing, s3):
    ingest(reader(), landing)
    judged = list(singly(bronze_rows(SNAPSHOT, body(s3, SNAPSHOT))))
    assert {(row[0], row[4]) for row in judged} == {(OCCUPANCY.name, "accepted")}
    assert len(judged) == 23


@pytest.mark.parametrize("failure", [500, 503, 429, "cut", "garbage", "gone"])
def test_a_page_that_fails_is_asked_for_again(beds, reader, landing, s3, failure):
    beds.failures = [None, failure, failure]
    ingest(reader(), landing)
    assert landed(s3) == sorted(beds.documents)
    assert len(beds.asked) == 7
    assert beds.asked[1] == beds.asked[2] == beds.asked[3]


def test_an_api_that_stays_down_ends_the_try_and_the_next_goes_on_behind_the_last_page(beds, reader, landing, s3):
    beds.failures = [None, None, 500, 502, 503, "cut"]
    with pytest.raises(Unavailable, match="gave no complete response"):
        ingest(reader(), landing)
    assert (state(s3)["pages"], state(s3)["rows"], state(s3)["done"]) == (2, 10, False)
    assert keys(s3) == [], "a night must not take a part of a snapshot for the whole"
    before = len(beds.asked)
    ingest(reader(), landing)
    assert landed(s3) == sorted(beds.documents)
    assert len(beds.asked) - before == 3


def test_a_crash_between_a_page_and_its_state_puts_that_page_once_more(beds, reader, landing, s3, monkeypatch):
    def crash(progress):
        if progress.pages == 2:
            raise KeyboardInterrupt

    remember = landing._remember
    monkeypatch.setattr(landing, "_remember", lambda progress: crash(progress) or remember(progress))
    with pytest.raises(KeyboardInterrupt):
        ingest(reader(), landing)
    assert state(s3)["pages"] == 1
    ingest(reader(), Landing(s3, BUCKET, "covid", DAY))
    assert landed(s3) == sorted(beds.documents)


def test_documents_that_come_and_go_while_pages_are_read_move_no_other(beds, reader, landing, s3):
    stayed, calls = set(beds.documents), itertools.count()

    def change(api):
        if next(calls) == 2:
            api.documents["0000001"] = {**api.documents["2000000"], "_id": "0000001"}
            api.documents["9000001"] = {**api.documents["2000000"], "_id": "9000001"}
            del api.documents["2000002"]

    beds.before_answer = change
    done = ingest(reader(), landing)
    # What came behind the place that reading had reached is in, what came before it is told as missed, or hidden by
    # what went: here one came and one went.
    assert landed(s3) == sorted({*stayed, "9000001"})
    assert (done.rows, done.total, done.missed) == (24, 24, 0)


def test_documents_that_came_too_late_are_told(beds, reader, landing, s3, capsys):
    def change(api):
        if len(api.asked) == 3:
            api.documents["0000001"] = {**api.documents["2000000"], "_id": "0000001"}

    beds.before_answer = change
    assert ingest(reader(), landing).missed == 1
    assert run(beds) == 0
    assert (
        f"23 documents from 5 pages are in s3://{BUCKET}/{SNAPSHOT}; 1 were added too late for it"
        in capsys.readouterr().out
    )


def test_a_snapshot_that_is_whole_is_not_asked_for_again(beds, reader, landing):
    ingest(reader(), landing)
    asked = len(beds.asked)
    assert ingest(reader(), landing).done
    assert len(beds.asked) == asked


def test_a_crash_before_the_end_is_known_puts_the_same_snapshot_once_more(beds, reader, landing, s3, monkeypatch):
    remember = landing._remember
    with monkeypatch.context() as broken:
        broken.setattr(landing, "_remember", lambda progress: progress.done or remember(progress))
        ingest(reader(), landing)
    assert not state(s3)["done"]
    ingest(reader(), landing)
    assert landed(s3) == sorted(beds.documents) and state(s3)["done"]


def test_pages_of_another_size_do_not_continue_these(beds, reader, landing, s3):
    beds.failures = [None, None, *[500] * 4]
    with pytest.raises(Unavailable):
        ingest(reader(), landing)
    ingest(reader(page_size=20), landing)
    assert landed(s3) == sorted(beds.documents)
    assert state(s3)["pages"] == 2


def test_it_waits_as_long_as_the_api_asks_and_no_longer_than_is_sensible(beds, reader):
    wait = of_api.Backoff(of_api.Patience(first=1, longest=8, longest_requested=300))
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=290), usegmt=True)
    assert waits(wait, of_api._retry_after("7")) == 7
    assert 8 < waits(wait, of_api._retry_after(soon)) <= 290
    assert waits(wait, of_api._retry_after("86400")) == 300
    assert waits(wait, of_api._retry_after("when it is well")) <= 8


def waits(wait, asked):
    state = RetryCallState(None, None, (), {})
    state.set_exception((Unavailable, Unavailable("down", asked), None))
    return wait(state)


def test_the_header_of_a_refusal_for_a_while_is_what_is_waited(beds, reader, landing, monkeypatch):
    slept = []
    monkeypatch.setattr("tenacity.nap.time", SimpleNamespace(sleep=slept.append))
    beds.failures = [(429, {"Retry-After": "17"}), 503]
    ingest(reader(), landing)
    assert slept[0] == 17 and slept[1] < 17


@pytest.mark.parametrize("status", [400, 401, 404])
def test_what_no_patience_mends_is_asked_once(beds, reader, landing, status):
    beds.failures = [status]
    with pytest.raises(Refused, match=f"answered {status}"):
        ingest(reader(), landing)
    assert len(beds.asked) == 1


@pytest.mark.parametrize("answer", [b"[]", b'{"hits": {"hits": []}}', b'{"hits": {"hits": [{"_id": 1}], "total": 1}}'])
def test_an_answer_that_is_no_page_is_told_as_such(beds, reader, landing, answer):
    beds.failures = [answer]
    with pytest.raises(OddAnswer, match="which is not a page"):
        ingest(reader(), landing)


def test_an_api_that_sends_the_first_page_for_ever_is_found_out(beds, reader, landing):
    beds.answer = lambda request: type(beds).answer(beds, {"size": request["size"]})
    with pytest.raises(OddAnswer, match="check that it supports search_after"):
        ingest(reader(), landing)
    assert len(beds.asked) == 2


def test_a_field_of_its_own_gets_a_column_behind_the_others_and_accents_stay(beds, reader, landing, s3):
    beds.documents["2000000"]["_source"] |= {"municipio": "São João, d'Oeste", "leitosNovos": 3}
    ingest(reader(), landing)
    first = rows(s3)[0]
    assert (first["municipio"], first["leitosNovos"], first["nomeCnes"]) == ("São João, d'Oeste", "3", "")
    assert list(first)[-1] == "leitosNovos"


def run(beds, *more):
    words = ["api", "--url", beds.url, "--bucket", BUCKET, "--business-date", str(DAY), "--page-size", "5", *more]
    return main(words)


def test_the_command_says_what_it_did(beds, s3, capsys):
    assert run(beds) == 0
    assert capsys.readouterr().out == f"23 documents from 5 pages are in s3://{BUCKET}/{SNAPSHOT}\n"


def test_the_command_says_in_one_line_why_it_could_not_and_what_to_do(beds, s3, capsys):
    beds.failures = [500]
    assert run(beds, "--tries", "1") == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "answered 500" in said and "run it again to continue" in said


def keep(told):
    boto3.client("secretsmanager").create_secret(Name="beds", SecretString=json.dumps(told))
    return ["api", "--secret", "beds", "--bucket", BUCKET, "--business-date", str(DAY), "--first-wait", "0.01"]


def test_address_and_user_come_out_of_a_secret(beds, s3):
    beds.user = "reader:hidden"
    assert main(keep({"url": beds.url, "username": "reader", "password": "hidden"})) == 0
    assert landed(s3) == sorted(beds.documents)


def test_a_password_in_the_address_opens_the_api_and_is_written_nowhere(beds, s3, capsys):
    beds.user = "reader:hid/den"
    assert main(keep({"url": beds.url.replace("//", "//reader:hid%2Fden@")})) == 0
    assert landed(s3) == sorted(beds.documents)
    kept = [body(s3, key) for key in keys(s3, "covid")]
    assert b"127.0.0.1" in b"".join(kept) and not [text for text in kept if b"hid%2Fden" in text or b"hid/den" in text]
    assert "hid" not in capsys.readouterr().out


def test_a_user_that_the_api_does_not_know_is_told_without_the_password(beds, s3, capsys):
    beds.user = "reader:hidden"
    assert main(keep({"url": beds.url, "username": "reader", "password": "wrong"})) == 1
    said = capsys.readouterr().err
    assert "answered 401" in said and "wrong'" not in said and not landed(s3)


def test_a_secret_without_an_address_is_refused(s3, capsys):
    assert main(keep({"host": "hidden"})) == 1
    said = capsys.readouterr().err
    assert "the secret beds has no url" in said and "hidden" not in said


def test_a_real_snapshot_comes_out_of_the_api_as_it_was_published(beds, reader, landing, s3):
    if not REAL.is_file():
        pytest.skip("the real input data (shared/data beside the repository) is not on this machine")
    published = rows_of(gzip.decompress(REAL.read_bytes()).decode())
    own = ("_index", "_type", "_id", "_score", "ts_run")
    beds.documents = {
        row["_id"]: {**{c: row[c] for c in own[:4]}, "_source": {c: v for c, v in row.items() if c not in own}}
        for row in published
    }
    beds.failures = [None, 500, "cut", None, 429]
    ingest(reader(page_size=1000), landing)
    came = {row["_id"]: row for row in rows(s3)}
    assert len(came) == len(published) == 3868
    for row in published:
        assert {c: v for c, v in came[row["_id"]].items() if c != "ts_run"} == {c: row[c] for c in row if c != "ts_run"}
