"""The index of nights: what a report adds, that it stays small, and that two reports at once lose nothing."""

import json
import threading

import pytest
from botocore.exceptions import ClientError
from moto.s3.models import FakeKey

from nightshift.aws import clients
from nightshift.pages import history
from nightshift.report import night_index, products
from tests.nightshift.records import ZONE, record

PRODUCTS = products.all_of_them()


def indexed(*records):
    index = night_index.empty(PRODUCTS)
    for each in records:
        index = night_index.updated(index, each, "wordcount", ZONE)
    return index


def test_a_night_is_kept_with_its_outcome_its_dollars_and_its_gold():
    index = indexed(record(3))
    [night] = index["nights"]["wordcount"]
    assert (night["business_date"], night["outcome"], night["usd"], night["alive"]) == (
        "2026-01-04",
        "success",
        0.5,
        [],
    )
    assert index["money"] == {"2026-01": {"wordcount": {"usd": 0.5, "nights": 1, "unknown": 0}}}
    newest = {"business_date": "2026-01-04", "written_at": "2026-01-01T18:20:00+00:00", "rows": 9}
    assert index["gold"] == {"wordcount.word_counts": newest}


def test_a_second_report_of_a_run_replaces_the_first_and_is_paid_once():
    index = indexed(record(3, outcome="failed"), record(4), record(3, cost={"measured": 0.8, "estimate": 0.7}))
    assert [night["outcome"] for night in index["nights"]["wordcount"]] == ["success", "success"]
    assert index["money"]["2026-01"]["wordcount"] == {"usd": 1.3, "nights": 2, "unknown": 0}


def test_an_old_date_that_is_made_again_does_not_hide_the_newest():
    index = indexed(record(9), record(3))
    assert index["gold"]["wordcount.word_counts"]["business_date"] == "2026-01-10"


def test_a_night_of_the_last_hours_of_a_month_is_paid_in_that_month_in_the_products_zone():
    index = indexed(record(started_at="2026-02-01T02:00:00+00:00"))
    assert list(index["money"]) == ["2026-01"]


def test_a_refused_night_without_a_price_or_proof_is_kept():
    failure = {"task": "preflight", "cause": "data", "message": "x" * 5000}
    nothing = {"measured": None, "estimate": None}
    refused = record(outcome="failed", cost=nothing, proof=None, gold=[], failure=failure)
    [night] = indexed(refused)["nights"]["wordcount"]
    assert (night["usd"], night["alive"], len(night["failure"]["message"])) == (None, None, history.LONGEST)


def test_after_2000_runs_it_is_as_small_as_after_60_and_every_dollar_is_counted():
    index, sizes = night_index.empty(PRODUCTS), {}
    for number in range(2000):
        index = night_index.updated(index, record(number), "wordcount", ZONE)
        sizes[number] = len(json.dumps(index))
    assert sizes[1999] < 1.1 * sizes[night_index.NIGHTS + 400] < 100_000
    assert len(index["nights"]["wordcount"]) == night_index.NIGHTS
    assert sum(paid["wordcount"]["nights"] for paid in index["money"].values()) == 2000
    again = night_index.updated(index, record(0), "wordcount", ZONE)
    assert again["money"] == index["money"], "a run that was dropped long ago is paid already"


def test_reports_at_the_same_time_lose_nothing(aws, settings, monkeypatch):
    # moto closes a replaced object's buffer though another thread's request may still hash it.
    monkeypatch.setattr(FakeKey, "dispose", lambda *_, **__: None)
    # Nor does moto look at If-Match and write in one breath, as S3 does.
    put, one_at_a_time, results = night_index.put_if, threading.Lock(), []

    def put_if(*args, **condition):
        with one_at_a_time:
            return put(*args, **condition)

    monkeypatch.setattr(night_index, "put_if", put_if)
    threads = [
        threading.Thread(
            target=lambda number=number: results.append(
                night_index.keep(settings, record(number), "wordcount", PRODUCTS)
            )
        )
        for number in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [True] * 4
    assert len(night_index.read(settings)["nights"]["wordcount"]) == 4


def test_an_index_that_others_keep_changing_is_given_up_with_a_warning(aws, settings, monkeypatch, caplog):
    monkeypatch.setattr(night_index, "put_if", lambda *_, **__: False)
    assert night_index.keep(settings, record(), "wordcount", PRODUCTS) is False
    assert "8 times in a row" in caplog.text


def test_an_index_that_cannot_be_written_fails_no_report(aws, settings, monkeypatch, caplog):
    def denied(*_, **__):
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "m"}}, "PutObject")

    monkeypatch.setattr(night_index, "put_if", denied)
    assert night_index.keep(settings, record(), "wordcount", PRODUCTS) is False
    assert "AccessDenied" in caplog.text


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"nights": {}}'])
def test_an_index_that_is_none_of_ours_is_replaced(aws, settings, body):
    aws("s3").put_object(Bucket="acme-night-lake", Key=night_index.KEY, Body=body)
    assert night_index.keep(settings, record(), "wordcount", PRODUCTS)
    assert len(night_index.read(settings)["nights"]["wordcount"]) == 1


def test_before_the_first_report_and_before_the_lake_there_is_none(aws, settings):
    assert night_index.read(settings) is None
    aws("s3").delete_bucket(Bucket="acme-night-lake")
    assert night_index.read(settings) is None
    assert night_index.keep(settings, record(), "wordcount", PRODUCTS) is False


def test_it_is_one_read_and_one_write(aws, settings):
    calls = []
    s3 = clients.client(settings, "s3")
    s3.meta.events.register("before-call.s3", lambda model, **_: calls.append(model.name))
    night_index.keep(settings, record(), "wordcount", PRODUCTS)
    night_index.read(settings)
    assert calls == ["GetObject", "PutObject", "GetObject"]
