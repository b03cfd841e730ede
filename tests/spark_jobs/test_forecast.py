"""Forecasts of seven days: each method, the backtest that chooses, and when there is nothing to say."""

from random import Random

import pytest

from mrhealth_sales.jobs.forecast import INSUFFICIENT, METHODS, NAIVE, USUAL, forecast

WEEK = [8, 9, 10, 11, 14, 16, 7]


def test_a_pattern_that_repeats_is_forecast_without_error() -> None:
    told = forecast(WEEK * 8)
    assert (told.quantity, told.error, told.naive_error) == (sum(WEEK), 0, 0)


def test_too_little_history_says_so_instead_of_inventing() -> None:
    assert forecast([]) == forecast(WEEK * 3 + WEEK[:6]) == (None, INSUFFICIENT, None, None)
    assert forecast(WEEK * 4).method != INSUFFICIENT


def test_days_that_are_not_known_do_not_count_as_history() -> None:
    assert forecast([*WEEK * 3, *[None] * 7]).method == INSUFFICIENT
    assert forecast([None if day % 2 else WEEK[day % 7] for day in range(56)]).method == INSUFFICIENT


def test_a_day_that_is_not_known_is_not_taken_for_nought() -> None:
    history = WEEK * 7
    history[-3] = None
    told = forecast(history)
    assert (told.quantity, told.error) == (sum(WEEK), 0)


def test_a_day_not_known_at_the_very_start_is_filled_from_its_later_self() -> None:
    assert forecast([None, *(WEEK * 6)[1:]]).quantity == sum(WEEK)


def test_one_wild_day_moves_the_forecast_less_than_it_moves_the_naive_one() -> None:
    history = WEEK * 8
    history[-2] = 160
    assert METHODS[NAIVE](history) == sum(WEEK) + 144
    assert forecast(history).quantity == pytest.approx(sum(WEEK), abs=144 * 0.31)
    assert METHODS["weekday_median"](history) == sum(WEEK)


def test_a_steep_and_steady_rise_is_followed_by_the_trend() -> None:
    rising = [WEEK[day % 7] * (1 + day // 7) for day in range(56)]
    told = forecast(rising)
    assert told.method == "damped_trend"
    assert told.error is not None and told.naive_error is not None and told.error < told.naive_error
    assert told.quantity == pytest.approx(sum(WEEK) * (4.5 + 0.8 * 4.5))


def test_nothing_is_ever_forecast_below_nought() -> None:
    falling = [max(0, 50 - day) for day in range(56)]
    assert all(method(falling) >= 0 for method in METHODS.values())


def test_the_backtest_looks_at_nothing_that_came_after_its_origin() -> None:
    rng = Random(5)
    calm = [rng.randint(5, 15) for _ in range(56)]
    # The last seven days are truth for the last origin only: no method may have seen them when it is held to them.
    errors = forecast([*calm[:-7], *[1000] * 7])
    assert errors.error is not None and errors.error > (7000 - sum(calm)) / 28


def test_the_method_is_the_usual_one_unless_another_is_clearly_better() -> None:
    rng = Random(7)
    noisy = [rng.randint(0, 20) for _ in range(56)]
    assert forecast(noisy).method == USUAL
