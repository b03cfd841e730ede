"""S3Lease: one holder at a time, whatever happens between its reads and writes."""

import pytest

from nightshift.state.s3_lease import S3Lease, Taking

ANN, BOB = {"who": "ann"}, {"who": "bob"}


def live(_held):
    return ""


def dead(_held):
    return "it is dead"


@pytest.fixture
def of_s3(aws, settings):
    """Makes leases of one name, each as another process would have it."""
    return lambda: S3Lease(aws("s3"), settings.bucket("lake"), "claims/x.json")


def test_who_is_first_holds_it_and_the_second_learns_who(of_s3):
    assert of_s3().take(ANN, dead) == Taking(is_held=True)
    assert of_s3().take(BOB, live) == Taking(is_held=False, before=ANN)
    assert of_s3().content() == ANN


def test_the_lease_of_a_dead_holder_is_taken_over_and_its_holder_renews_it_no_more(of_s3):
    ann, bob = of_s3(), of_s3()
    ann.take(ANN, live)
    assert ann.renew({**ANN, "until": 1})
    assert ann.renew({**ANN, "until": 2})
    assert bob.take(BOB, dead) == Taking(is_held=True, before={**ANN, "until": 2}, why="it is dead")
    assert not ann.renew({**ANN, "until": 3})
    assert not ann.renew({**ANN, "until": 4})
    assert of_s3().content() == BOB
    assert bob.renew(BOB)


def test_who_holds_nothing_renews_nothing(of_s3):
    assert not of_s3().renew(ANN)
    assert of_s3().content() is None


def test_a_lease_that_is_released_while_it_is_looked_at_is_not_held(of_s3, monkeypatch):
    of_s3().take(ANN, live)
    late = of_s3()
    monkeypatch.setattr(late, "_read", lambda: None)  # released between the put and the read
    assert late.take(BOB, dead) == Taking(is_held=False)


def test_of_two_that_take_over_one_wins(of_s3):
    of_s3().take(ANN, live)
    first, second = of_s3(), of_s3()

    def while_the_first_takes_it(held):
        first.take({"who": "first"}, dead)
        return dead(held)

    assert second.take(BOB, while_the_first_takes_it) == Taking(is_held=False, before=ANN, why="it is dead")
    assert of_s3().content() == {"who": "first"}


def test_one_releases_ones_own_only(of_s3):
    of_s3().take(ANN, live)
    of_s3().release(lambda held: held == BOB)
    assert of_s3().content() == ANN
    of_s3().release(lambda held: held == ANN)
    assert of_s3().content() is None
    of_s3().release(lambda held: held == ANN)
