"""Gold that has grown older than its contract allows is told, once."""

from datetime import UTC, datetime, timedelta

import pytest

from nightshift.lake import freshness
from nightshift.operators.freshness import CheckFreshnessOperator

LATER = timedelta(hours=37)  # every contract allows 36


@pytest.fixture
def gold(aws, settings):
    def put(pipeline, table, day):
        key = f"gold/{pipeline}/{table}/business_date={day}/part-00000.parquet"
        aws("s3").put_object(Bucket=settings.bucket("lake"), Key=key, Body=b"x")

    return put


@pytest.fixture
def told(monkeypatch):
    messages = []
    monkeypatch.setattr(freshness.topic, "publish", lambda _settings, *words: messages.append(words))
    return messages


def found(settings, after):
    return [(one.table, one.business_date) for one in freshness.stale(settings, datetime.now(UTC) + after)]


def test_a_table_is_stale_once_its_newest_partition_is_older_than_allowed(settings, gold):
    for day in ("2026-01-01", "2026-01-02"):
        gold("wordcount", "word_counts", day)
    assert found(settings, timedelta(hours=35)) == []
    assert found(settings, LATER) == [("wordcount.word_counts", "2026-01-02")]


def test_products_that_nobody_asked_for_are_not_stale(settings, gold):
    gold("covid_hospitals", "bed_occupancy", "2026-01-02")
    assert found(settings, LATER) == [("covid_hospitals.bed_occupancy", "2026-01-02")]


def test_what_is_stale_is_told_once_and_again_when_it_was_fresh_in_between(settings, gold, told):
    gold("wordcount", "word_counts", "2026-01-02")
    later = datetime.now(UTC) + LATER
    freshness.notify(settings, freshness.stale(settings, later))
    freshness.notify(settings, freshness.stale(settings, later))
    [(subject, body)] = told
    assert subject == "stale: wordcount.word_counts [acme-night]"
    assert "the newest partition is 2026-01-02, written 37 hours ago" in body
    freshness.notify(settings, [])
    freshness.notify(settings, freshness.stale(settings, later))
    assert len(told) == 2


def test_what_could_not_be_told_is_told_at_the_next_look(settings, gold, monkeypatch, told):
    gold("wordcount", "word_counts", "2026-01-02")
    stale = freshness.stale(settings, datetime.now(UTC) + LATER)
    with monkeypatch.context() as broken:
        broken.setattr(freshness.topic, "publish", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            freshness.notify(settings, stale)
    assert freshness.notify(settings, stale) == stale


def test_before_the_first_night_nothing_is_stale(settings, monkeypatch, aws):
    aws("s3").delete_bucket(Bucket=settings.bucket("lake"))
    assert freshness.stale(settings, datetime.now(UTC)) == []


def test_a_dry_run_tells_nobody(settings, gold, told, monkeypatch):
    gold("wordcount", "word_counts", "2026-01-02")
    monkeypatch.setattr(freshness, "stale", lambda *_: [freshness.Stale("a.b", "2026-01-01", "then", 40, 36)])
    task = CheckFreshnessOperator(task_id="check_freshness", settings=settings)
    assert task.execute({"params": {"dry_run": True}})[0]["table"] == "a.b"
    assert told == []
