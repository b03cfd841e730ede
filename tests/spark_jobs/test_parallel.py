"""Independent actions at once."""

import threading

import pytest

from medallion.parallel import all_of


def test_actions_run_at_once_and_all_of_them() -> None:
    both = threading.Barrier(2, timeout=300)
    done: list[int] = []
    # Neither passes the barrier unless the other runs beside it.
    all_of([lambda: done.append(both.wait()), lambda: done.append(both.wait())])
    assert sorted(done) == [0, 1]


def test_a_failure_is_raised_after_the_others_ended() -> None:
    done: list[str] = []

    def fail() -> None:
        raise OSError("storage is gone")

    with pytest.raises(OSError, match="storage is gone"):
        all_of([fail, lambda: done.append("written")])
    assert done == ["written"]
