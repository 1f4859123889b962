"""Statistics of one number per seed, and permutation tests of one sample and of two.

Ratios are compared by giving their logarithms; errors may be in percent or fractions, as the
caller likes. These functions depend on no study and no run.

A permutation test needs no normal distribution, but with few seeds its smallest p-value is
large (`min_p`, `min_two_sample_p`). Verdicts are by t tests, with permutations beside them.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import comb

import numpy as np
from scipy import special, stats

#: Of every interval of the suite.
CONFIDENCE = 0.95
#: Below this p-value a test counts.
LEVEL = 0.05
#: Up to this many pairs, all 2**n sign patterns are enumerated.
ENUMERATED = 20
#: Beyond that, so many are drawn.
PATTERNS = 99_999
#: The power at which an effect counts as detectable.
ENOUGH = 0.8

_NAN = float("nan")
Values = Sequence[float] | np.ndarray


def t_interval(values: Values) -> tuple[float, float, float]:
    """Return mean, low and high of the t interval; NaN where there are too few values.

    A mean needs one value and an interval two. Equal values give an interval of width 0.
    The interval is Student's (1908), of 95 % with n - 1 degrees of freedom.

    Args:
        values: (n,), one a seed, independent of each other.

    >>> [round(end, 2) for end in t_interval([1.0, 2.0, 3.0])]
    [2.0, -0.48, 4.48]
    """
    n = len(values)
    mean = float(np.mean(values)) if n else _NAN
    if n < 2:
        return mean, _NAN, _NAN
    half = special.stdtrit(n - 1, (1 + CONFIDENCE) / 2) * np.std(values, ddof=1) / np.sqrt(n)
    return mean, float(mean - half), float(mean + half)


def spread(values: Values) -> float:
    """Return the standard deviation; NaN below two values, 0 where rounding alone differs.

    The denominator is n - 1. Rounding is a deviation up to 1e-12 of the largest value.

    >>> spread([1.0, 2.0, 3.0]), spread([0.1 + 0.2, 0.3])
    (1.0, 0.0)
    """
    if len(values) < 2:
        return _NAN
    found = float(np.std(values, ddof=1))
    return found if found > 1e-12 * float(np.max(np.abs(values))) else 0.0


def above_p(values: Values) -> float:
    """Return the one-sided p-value of the paired t test that the mean is above 0.

    Args:
        values: (n,), one change per seed.

    Returns:
        Small where the mean is well above 0, near 1 where it is below; NaN for fewer than two
        values or values without a spread.

    >>> round(above_p([1.0, 2.0, 3.0]), 3)
    0.037
    """
    error = _standard_error(values)
    if error is None:
        return _NAN
    return float(special.stdtr(len(values) - 1, -np.mean(values) / error))


def _standard_error(values: Values) -> float | None:
    """Return that of the mean; None where no test can be made."""
    found = spread(values)
    return found / np.sqrt(len(values)) if found > 0 else None


def sign_flip_p(values: Values) -> float:
    """Return the two-sided sign-flip p-value of the mean against 0; NaN without values.

    Fisher's (1935) randomisation test of paired changes: where the arms are alike, a change is
    as likely to have either sign. Exact up to `ENUMERATED` values, beyond that from `PATTERNS`
    random ones of a fixed generator, the observed one counted once more (Phipson and Smyth
    2010), so that it is never 0.

    Args:
        values: (n,), one change per seed.

    >>> sign_flip_p([0.3, 0.5, 0.4, 0.6, 0.2])
    0.0625
    """
    if not len(values):
        return _NAN
    if len(values) > ENUMERATED:
        options = {"permutation_type": "samples", "n_resamples": PATTERNS, "batch": 10_000}
        generator = np.random.default_rng(0)
        test = stats.permutation_test((np.array(values),), np.mean, rng=generator, **options)
        return float(test.pvalue)
    sums = np.zeros(1)
    for value in values:
        sums = np.concatenate([sums + value, sums - value])
    # Patterns that tie with the observed one may differ from it by rounding.
    slack = 1e-12 * float(np.sum(np.abs(values)))
    return float(np.mean(np.abs(sums) >= abs(float(np.sum(values))) - slack))


def two_sample_p(baseline: Values, variant: Values) -> float:
    """Return the two-sided permutation p-value of Welch's statistic; NaN below two values each.

    Exact where there are at most `PATTERNS` ways to deal the values to the arms, beyond that
    from as many random ones of a fixed generator, the observed one among them (Phipson and Smyth
    2010), so that it is never 0. Welch's statistic, in place of the difference, keeps the
    level for large arms of unequal spreads too (Janssen 1997).

    Args:
        baseline: (n,), one value per seed.
        variant: (m,), of other nets; the seeds need not be the same.

    >>> two_sample_p([1.0, 2.0, 3.0], [4.0, 5.0, 6.0])
    0.1
    """
    n, m = len(baseline), len(variant)
    if min(n, m) < 2:
        return _NAN
    values = np.concatenate([np.asarray(baseline, float), np.asarray(variant, float)])
    if comb(n + m, m) <= PATTERNS:
        dealt = np.array(list(combinations(range(n + m), m)))
    else:
        generator = np.random.default_rng(0)
        keys = generator.random((PATTERNS - 1, n + m), dtype=np.float32)
        dealt = np.argpartition(keys, m, axis=1)[:, :m]
        dealt = np.vstack([np.arange(n, n + m), dealt])
    observed = np.arange(n, n + m)[None, :]
    statistic = _welch(values, observed)[0]
    # ways that tie with the observed one may differ from it by rounding
    return float(np.mean(_welch(values, dealt) >= statistic * (1 - 1e-9) - 1e-9))


def _welch(values: np.ndarray, dealt: np.ndarray) -> np.ndarray:
    """Return |t| of each way (ways, m) to deal m of the values to the variant."""
    m = dealt.shape[1]
    n = len(values) - m
    centred = values - values.mean()
    one = centred[dealt]
    mean_one = one.mean(axis=1)
    mean_other = -one.sum(axis=1) / n
    squares = float(np.sum(centred**2))
    square_one = np.sum(one**2, axis=1)
    variance_one = np.maximum(square_one - m * mean_one**2, 0) / (m - 1) / m
    variance_other = np.maximum(squares - square_one - n * mean_other**2, 0) / (n - 1) / n
    error = np.sqrt(variance_one + variance_other)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.abs(mean_one - mean_other) / error
    return np.where(np.isnan(found), 0.0, found)


def min_two_sample_p(n: int, m: int) -> float:
    """Return the smallest p-value that a permutation of arms of n and m values can give.

    Arms of equal sizes have two ways to deal of the same statistic, the second with the arms
    exchanged.

    >>> min_two_sample_p(3, 3), min_two_sample_p(2, 3)
    (0.1, 0.1)
    """
    ways = min(comb(n + m, m), PATTERNS)
    return (2 if n == m and ways < PATTERNS else 1) / ways if min(n, m) > 1 else _NAN


def min_p(n: int) -> float:
    """Return the smallest p-value that a sign-flip test of `n` differences can give.

    A difference of 0 has no sign to flip: it does not count.

    >>> min_p(5)
    0.0625
    """
    return 2 / 2**n if n else _NAN


def correlation(baseline: Values, variant: Values) -> float:
    """Return Pearson's correlation of the pairs; NaN below 3 pairs or for a constant arm.

    Args:
        baseline: (n,), one value per seed.
        variant: (n,), of the same seeds in the same order.
    """
    if len(baseline) < 3 or np.ptp(baseline) == 0 or np.ptp(variant) == 0:
        return _NAN
    return float(np.corrcoef(baseline, variant)[0, 1])


def correlation_interval(found: float, n: int) -> tuple[float, float]:
    """Return the 95 % interval of a correlation of n pairs, by Fisher's z; NaN below 4 pairs.

    The z transform (Fisher 1921) has a standard error of 1 / sqrt(n - 3), for normal pairs.

    Args:
        found: Pearson's correlation, -1 to 1.
        n: pairs.

    >>> [round(end, 2) for end in correlation_interval(0.5, 30)]
    [0.17, 0.73]
    """
    if n < 4 or np.isnan(found):
        return _NAN, _NAN
    half = special.ndtri((1 + CONFIDENCE) / 2) / np.sqrt(n - 3)
    centre = np.arctanh(np.clip(found, -1 + 1e-15, 1 - 1e-15))
    return float(np.tanh(centre - half)), float(np.tanh(centre + half))


def image_se(differences: np.ndarray) -> float:
    """Return the standard error, over test images, of the mean of (seeds, images) differences.

    The images are taken as a sample: each counts with its mean over seeds. NaN for fewer
    than two images.

    Args:
        differences: (seeds, images), such as the variant's mistakes (0 or 1) minus the
            baseline's; the standard error is in their unit.

    >>> round(image_se(np.array([[1, 0, 0, -1], [0, 0, 0, -1]])), 3)
    0.315
    """
    if differences.size == 0 or differences.shape[1] < 2:
        return _NAN
    of_images = differences.mean(axis=0)
    return float(of_images.std(ddof=1) / np.sqrt(len(of_images)))
