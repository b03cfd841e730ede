"""Forecasts of seven days: each method, the backtest that chooses, and when there is nothing to say."""

from random import Random

import pytest

from mrhealth_sales.jobs.forecast import INSUFFICIENT, METHODS, NAIVE, USUAL, Band, forecast

WEEK = [8, 9, 10, 11, 14, 16, 7]


def test_a_pattern_that_repeats_is_forecast_without_error() -> None:
    told = forecast(WEEK * 8)
    assert (told.quantity, told.error, told.naive_error) == (sum(WEEK), 0, 0)


def test_too_little_history_says_so_instead_of_inventing() -> None:
    assert forecast([]) == forecast(WEEK * 3 + WEEK[:6]) == (None, INSUFFICIENT, None, None, None, ())
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


def test_the_days_of_a_forecast_follow_the_weekdays_and_add_up_to_it() -> None:
    for shift in range(7):
        days = (WEEK * 9)[shift : shift + 56]
        assert [band.quantity for band in forecast(days).path] == pytest.approx(days[:7])
    rising = forecast([WEEK[day % 7] * (1 + day // 7) for day in range(56)])
    assert sum(band.quantity for band in rising.path) == pytest.approx(rising.quantity)
    assert rising.path[5].quantity > 2 * rising.path[6].quantity  # a Saturday beside a Sunday


def test_a_product_that_no_longer_sells_has_a_path_of_noughts() -> None:
    assert {band.quantity for band in forecast([5] * 14 + [0] * 56).path} == {0.0}


def test_a_pattern_without_noise_has_no_band() -> None:
    told = forecast(WEEK * 8)
    assert told.total == Band(75, 75, 75) and all(band.low == band.high for band in told.path)


def test_the_band_is_the_conformal_quantile_of_the_backtests_errors() -> None:
    """By hand: 28 weeks and one naive method; of 28 errors the 24th, ceil(29 * 0.8), is the band's half width."""
    history = [7 * n % 23 for n in range(56)]
    told = forecast(history)
    usual = METHODS[told.method]
    errors = sorted(abs(usual(history[:o]) - sum(history[o : o + 7])) for o in range(22, 50))
    assert told.total is not None and told.total.high - told.total.quantity == pytest.approx(errors[23])
    assert told.total.low == pytest.approx(max(0, told.total.quantity - errors[23]))


def test_a_weekday_that_scatters_has_a_wider_band_than_one_that_does_not() -> None:
    rng = Random(3)
    told = forecast([rng.randint(0, 60) if day % 7 == 5 else 20 for day in range(56)])
    widths = [band.high - band.low for band in told.path]
    assert widths[5] == max(widths) > 2 * sorted(widths)[-2]


def test_four_of_five_weeks_that_were_never_seen_lie_within_their_band() -> None:
    rng = Random(11)
    seen = [[round(rng.gauss(WEEK[day % 7], 3)) for day in range(63)] for _ in range(150)]
    told = [(forecast(days[:56]), days[56:]) for days in seen]
    weeks = [t.total.low <= sum(truth) <= t.total.high for t, truth in told if t.total]
    days = [b.low <= sold <= b.high for t, truth in told for b, sold in zip(t.path, truth, strict=True)]
    assert 0.70 < sum(weeks) / len(weeks) < 0.92
    assert 0.74 < sum(days) / len(days) < 0.90
