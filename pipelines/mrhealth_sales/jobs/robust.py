"""Robust statistics for small samples with outliers: the usual value, and how far a value deviates from it."""

from __future__ import annotations

from collections.abc import Sequence
from math import comb, inf
from statistics import mean, median

# Iglewicz and Hoaglin, How to Detect and Handle Outliers (ASQC Basic References in Quality Control 16, 1993): 0.6745 is
# the 0.75 quantile of the standard normal, which the MAD of normal values estimates; beyond 3.5 a value is an outlier.
NORMAL_MAD = 0.6745
OUTLIER = 3.5
# The mean deviation of normal values, sqrt(2 / pi), for samples more than half of which are one value: their MAD is 0.
NORMAL_MEAN_DEVIATION = 0.797885


def modified_z(value: float, sample: Sequence[float]) -> float:
    """A value's distance from the median of a sample, in robust standard deviations; infinite if all of the sample is
    equal and the value is not. Raises StatisticsError on an empty sample."""
    middle = median(sample)
    deviations = [abs(seen - middle) for seen in sample]
    if mad := median(deviations):
        return NORMAL_MAD * (value - middle) / mad
    if mean_deviation := mean(deviations):
        return NORMAL_MEAN_DEVIATION * (value - middle) / mean_deviation
    return 0.0 if value == middle else inf if value > middle else -inf


def chance_of_at_least(hits: int, trials: int, share: float) -> float:
    """The probability of this many hits or more when each trial hits with this share: the exact one-sided binomial test
    (Clopper and Pearson, Biometrika 26, 1934)."""
    return sum(comb(trials, n) * share**n * (1 - share) ** (trials - n) for n in range(hits, trials + 1))


def theil_sen(values: Sequence[float]) -> float:
    """The slope per step of a line through equally spaced values: the median of all pairwise slopes (Sen, Journal of
    the American Statistical Association 63, 1968). Raises StatisticsError with fewer than two values."""
    return median((values[j] - values[i]) / (j - i) for j in range(len(values)) for i in range(j))
