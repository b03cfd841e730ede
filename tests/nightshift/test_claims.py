"""Two runs of one date: one holds it, the other waits, and who was given up for dead does not publish."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import boto3
import pytest

from nightshift.run import processes
from nightshift.state.ledger import Ledger
from nightshift.state.partition_locks import Claim, DateHeld
from nightshift.waits.probes import date_claimed


@pytest.fixture
def rival(night):
    return replace(night, run_id="manual__rival")


def before(s3, operation, act):
    """Let something else happen just before this client's next conditional write or delete."""
    left = [act]

    def strike(params, **_):
        if "If-Match" in params["headers"] and left:
            left.pop()()

    s3.meta.events.register(f"before-call.s3.{operation}", strike)


def at_work(aws, night):
    with Ledger(aws("s3"), night).act("start_compute", 1):
        pass


def test_a_date_that_is_free_is_claimed_and_a_retry_adopts_the_claim(aws, night):
    claim = Claim(aws("s3"), night)
    assert claim.take() == {"claimed": night.run}
    assert claim.take() == {"claimed": night.run}


def test_while_a_live_run_holds_the_date_another_waits_until_it_is_released(aws, night, rival):
    held = Claim(aws("s3"), rival)
    held.take()
    at_work(aws, rival)
    assert date_claimed(night.settings, night.identity) is None
    held.release()
    assert date_claimed(night.settings, night.identity) == {"claimed": night.run}


def test_a_date_that_a_closed_run_held_is_taken_over_and_that_is_said(aws, night, rival):
    Claim(aws("s3"), rival).take()
    at_work(aws, rival)
    Ledger(aws("s3"), rival).close("failed", "report")
    answer = Claim(aws("s3"), night).take()
    assert (answer["taken_from"], answer["why"]) == (rival.run, "its ledger is closed")


def test_a_date_that_a_silent_run_held_is_taken_over(aws, night, rival):
    hasty = replace(rival, settings=replace(rival.settings, grace_minutes=-1))
    Claim(aws("s3"), hasty).take()
    at_work(aws, hasty)
    assert "its lease expired" in Claim(aws("s3"), night).take()["why"]


def test_a_date_that_a_killed_process_held_is_taken_over_at_once(aws, night, rival, child):
    conducted = replace(rival, conductor=processes.of(child.pid))
    Claim(aws("s3"), conducted).take()
    at_work(aws, conducted)
    assert Claim(aws("s3"), night).take() is None
    child.kill()
    child.wait()
    answer = Claim(aws("s3"), night).take()
    assert (answer["taken_from"], answer["why"]) == (rival.run, f"its {conducted.conductor} is gone")


def test_who_lost_the_date_may_not_publish_and_does_not_release_it(aws, night, rival):
    mine, theirs = Claim(aws("s3"), night), Claim(aws("s3"), rival)
    mine.take()
    at_work(aws, night)
    Ledger(aws("s3"), night).close("failed", "reaper")
    theirs.take()
    with pytest.raises(DateHeld, match=rf"{rival.run} does"):
        mine.verify()
    mine.release()
    theirs.verify()


def test_a_claim_that_is_released_while_it_is_taken_over_is_free_at_the_next_look(aws, night, rival):
    Claim(aws("s3"), rival).take()
    at_work(aws, rival)
    Ledger(aws("s3"), rival).close("failed", "report")
    s3 = aws("s3")
    before(s3, "PutObject", lambda: Claim(aws("s3"), rival).release())
    assert Claim(s3, night).take() is None
    assert Claim(s3, night).take() == {"claimed": night.run}


@pytest.mark.parametrize("successor", [False, True], ids=["gone", "another's"])
def test_a_release_whose_answer_was_lost_is_repeated_without_harm(aws, night, rival, successor):
    """boto3 repeats the delete; by then there is no claim, or somebody else's."""
    s3 = aws("s3")
    Claim(s3, night).take()

    def done_already():
        aws("s3").delete_object(Bucket="acme-night-lake", Key=night.claim_key)
        if successor:
            Claim(aws("s3"), rival).take()

    before(s3, "DeleteObject", done_already)
    Claim(s3, night).release()
    assert Claim(s3, night).holder() == (rival.run if successor else None)


def test_of_many_runs_at_once_exactly_one_gets_the_date(localcloud, night):
    """On localcloud, whose conditional writes are one at a time as S3's are; moto looks first and writes then."""
    localcloud()
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=night.settings.bucket("lake"))
    rivals = [replace(night, run_id=f"manual__{number}") for number in range(8)]
    for rival in rivals:
        at_work(boto3.client, rival)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda rival: Claim(s3, rival).take(), rivals))
    assert len([answer for answer in answers if answer]) == 1
    assert Claim(s3, night).holder() == next(a["claimed"] for a in answers if a)
