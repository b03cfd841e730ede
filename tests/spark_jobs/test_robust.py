"""Statistics that a few wild values do not move, by figures worked out by hand."""

from math import comb, inf

import pytest

from mrhealth_sales.jobs.robust import OUTLIER, chance_of_at_least, modified_z, theil_sen


def test_one_wild_value_hides_neither_itself_nor_makes_others_outliers() -> None:
    sample = [2.1, 2.6, 2.4, 2.5, 2.3, 2.1, 2.3, 2.6, 8.2, 8.3]  # median 2.45, MAD 0.15
    scores = [modified_z(value, sample) for value in sample]
    assert [value for value, z in zip(sample, scores, strict=True) if abs(z) > OUTLIER] == [8.2, 8.3]
    assert scores[8] == pytest.approx(0.6745 * 5.75 / 0.15)


def test_where_most_values_are_one_the_mean_deviation_stands_in() -> None:
    assert modified_z(13.0, [10.0] * 9 + [20.0]) == pytest.approx(0.797885 * 3 / 1.0)


def test_where_nothing_ever_differed_any_difference_is_infinite() -> None:
    assert [modified_z(value, [5.0] * 4) for value in (4.0, 5.0, 6.0)] == [-inf, 0.0, inf]


def test_the_chance_of_hits_is_the_tail_of_the_binomial() -> None:
    assert chance_of_at_least(0, 10, 0.3) == pytest.approx(1)
    assert chance_of_at_least(10, 10, 0.5) == pytest.approx(2**-10)
    assert chance_of_at_least(9, 10, 0.5) == pytest.approx((comb(10, 9) + 1) / 2**10)


def test_a_slope_is_that_of_most_pairs_whatever_one_value_does() -> None:
    assert theil_sen([1.0, 3.0, 5.0, 7.0]) == 2.0
    assert theil_sen([1.0, 3.0, 5.0, 700.0, 9.0, 11.0]) == 2.0
