"""Leases and ages are measured by S3's clock: who has a wrong one neither robs a live run nor spares a dead one."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest

from nightshift.aws import clients, clock
from nightshift.infrastructure.terraform import TerraformHook
from nightshift.state import heartbeat, leader_lease, partition_locks
from nightshift.state.ledger import Ledger, lease_of

WRONG = timedelta(hours=5)  # more than any lease of these tests
MOMENT = timedelta(minutes=5)  # of a machine that is slow


@pytest.fixture
def s3(aws, settings):
    """The library's own client."""
    return clients.client(settings, "s3")


def at_work(s3, night):
    with Ledger(s3, night).act("start_compute", 1):
        pass


def test_the_date_is_the_one_in_s3s_answer_and_in_its_refusal(localcloud, settings):
    localcloud()
    s3, dates = clients.client(settings, "s3"), []
    s3.meta.events.register(
        "after-call.s3.HeadBucket", lambda http_response, **_: dates.append(http_response.headers["date"])
    )
    told = [clock.now(settings)]
    s3.create_bucket(Bucket=settings.bucket("state"))
    told.append(clock.now(settings))
    assert told == [parsedate_to_datetime(date) for date in dates]


@pytest.mark.parametrize("ahead", [WRONG, -WRONG], ids=["S3 is ahead", "S3 is behind"])
def test_a_lease_is_written_by_s3s_clock(s3, night, s3_clock, ahead):
    by_s3 = s3_clock(ahead)
    at_work(s3, night)
    due = lease_of(Ledger(s3, night).entries())
    assert abs(due - by_s3 - timedelta(minutes=night.settings.grace_minutes)) < MOMENT


def test_a_reader_whose_clock_is_ahead_robs_no_live_run(s3, night, s3_clock):
    s3_clock(-WRONG)
    rival = replace(night, run_id="manual__rival")
    assert partition_locks.of(rival).take()
    at_work(s3, rival)
    assert partition_locks.of(night).take() is None


def test_a_reader_whose_clock_is_behind_finds_a_dead_run_dead(s3, night, s3_clock):
    rival = replace(night, run_id="manual__rival")
    partition_locks.of(rival).take()
    at_work(s3, rival)
    s3_clock(WRONG)
    assert "its lease expired" in partition_locks.of(night).take()["why"]


def test_the_reapers_turn_ends_by_s3s_clock(s3, settings, s3_clock):
    s3_clock(-WRONG)
    held = leader_lease.LeaderLease(s3, settings, "bob")
    assert held.take() is None
    assert "bob" in leader_lease.LeaderLease(s3, settings, "ann").take()
    s3_clock(WRONG)
    assert leader_lease.LeaderLease(s3, settings, "ann").take() is None


def test_the_reapers_silence_is_measured_by_s3s_clock(s3, settings, s3_clock):
    with heartbeat.watched(settings, "ann"):
        s3_clock(-WRONG)
    assert heartbeat.silence(settings) == ""
    s3_clock(WRONG)
    assert "The reaper has not run since" in heartbeat.silence(settings)


def test_a_lock_is_as_old_as_s3_says_and_not_as_its_holders_clock(s3, settings):
    body = b'{"ID":"1","Who":"ann@laptop","Created":"2020-01-01T00:00:00Z"}'
    s3.put_object(Bucket=settings.bucket("state"), Key="x.tfstate.tflock", Body=body)
    lock = TerraformHook(settings, "transient", "x.tfstate").lock()
    assert abs(lock.taken - datetime.now(UTC)) < MOMENT


def test_what_happened_within_the_second_that_s3_tells_is_no_less_than_new(s3, settings, s3_clock):
    s3_clock(timedelta(0))
    assert timedelta(0) <= clock.age(settings, datetime.now(UTC)) < MOMENT
