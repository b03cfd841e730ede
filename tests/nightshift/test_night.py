"""The identity of a run and what it refuses."""

import os
from dataclasses import replace
from datetime import UTC, date, datetime

from nightshift.run import processes, run_context
from nightshift.state import known_runs
from wordcount.definition import PIPELINE as WORDCOUNT

MIDNIGHT = datetime(2026, 1, 5, 3, 0, tzinfo=UTC)


def night_with(settings, requested_at=MIDNIGHT, **params):
    return run_context.from_run(settings, WORDCOUNT, "manual__x", requested_at, params)


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
    assert night.tags["nightshift:owner"] == "nightshift"


def test_a_run_that_is_cleared_gets_its_lifetime_again(settings):
    cleared = datetime(2026, 1, 9, 12, tzinfo=UTC)
    night = run_context.from_run(settings, WORDCOUNT, "manual__x", MIDNIGHT, {}, started_at=cleared)
    assert night.tags["nightshift:expires"] == "2026-01-10T12:00:00Z"
    assert night.business_date == date(2026, 1, 4), "what the run is about does not move"


def test_a_run_whose_parameters_were_refused_still_has_a_name(settings):
    asked = {"run_id": "manual__x", "requested_at": MIDNIGHT}
    assert run_context.identity(settings, WORDCOUNT, **asked).run == night_with(settings).run


def test_a_marker_brings_back_everything_that_a_teardown_needs(settings):
    asked = {"business_date": "2025-12-29", "keep_cluster": True, "ssh_cidr": "198.51.100.7/32"}
    night = night_with(settings, **asked)
    back = known_runs.from_marker(settings, night.identity)
    for name in ("run", "run_id", "place_name", "tags", "state_key", "staging_prefix", "claim_key", "identity"):
        assert getattr(back, name) == getattr(night, name), name
    assert back.pipeline is WORDCOUNT


def test_a_marker_says_which_process_conducts_the_run_where_one_does(settings):
    assert night_with(settings).identity["conductor"] is None
    conducted = night_with(replace(settings, conductor=os.getpid()))
    assert known_runs.from_marker(settings, conducted.identity).conductor == processes.this()
    older = {key: value for key, value in conducted.identity.items() if key != "conductor"}
    assert known_runs.from_marker(settings, older).conductor is None


def test_a_run_of_a_pipeline_that_is_gone_can_still_be_named(settings):
    night = known_runs.from_run_name(settings, "retired_product/manual__x", MIDNIGHT)
    assert night.run == "retired_product/manual__x"
    assert night.state_key == "transient/retired_product/manual__x.tfstate"
