"""The identity of a run and what it refuses."""

from datetime import UTC, date, datetime

from nightshift import night as nights
from nightshift.pipelines.wordcount import WORDCOUNT

MIDNIGHT = datetime(2026, 1, 5, 3, 0, tzinfo=UTC)


def night_with(settings, asked_at=MIDNIGHT, **params):
    return nights.from_run(settings, WORDCOUNT, "manual__x", asked_at, params)


def test_the_midnight_run_is_about_the_day_before_in_sao_paulo(settings):
    assert night_with(settings).business_date == date(2026, 1, 4)


def test_a_run_before_midnight_in_sao_paulo_but_after_it_in_utc_is_about_the_local_eve(settings):
    assert night_with(settings, datetime(2026, 1, 5, 1, 0, tzinfo=UTC)).business_date == date(2026, 1, 3)


def test_a_named_date_names_the_input_too(settings):
    night = night_with(settings, business_date="2025-12-29")
    assert night.input_prefix == "wordcount/2025/12/29/"
    assert night.gold_prefix("word_counts") == "gold/wordcount/word_counts/business_date=2025-12-29/"


def test_every_name_of_a_run_is_safe_for_keys_and_tags(night):
    assert night.slug == "manual__2026-01-05T03-00-00-00-00"
    assert night.state_key == "transient/mrhealth_sales/manual__2026-01-05T03-00-00-00-00.tfstate"
    assert night.tags["nightshift:run"] == night.run
    assert night.tags["nightshift:expires"] == "2026-01-06T03:00:00Z"
