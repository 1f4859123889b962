"""Statistics of paired differences: one number per seed in, intervals and p-values out.

Ratios are compared by giving their logarithms. Nothing here knows a study or a run. Every
test is NaN where the differences of two or more seeds have no spread: a t test would then
call any difference certain.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from scipy import optimize, special, stats

#: Of every interval of the suite.
CONFIDENCE = 0.95
#: Below this p-value a test counts.
LEVEL = 0.05
#: Up to this many pairs, all 2**n sign patterns are enumerated.
ENUMERATED = 20
#: Beyond that, so many are drawn.
PATTERNS = 99_999
#: The chance of being seen that makes an effect detectable.
ENOUGH = 0.8

_NAN = float("nan")
Values = Sequence[float] | np.ndarray


def t_interval(values: Values) -> tuple[float, float, float]:
    """Return mean, low and high of the t interval; NaN where there are too few values.

    A mean needs one value and an interval two. Equal values give an interval of width 0.

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
    """Return the standard deviation; NaN below two values, 0 where rounding alone differs."""
    if len(values) < 2:
        return _NAN
    found = float(np.std(values, ddof=1))
    return found if found > 1e-12 * float(np.max(np.abs(values))) else 0.0


def t_p(values: Values) -> float:
    """Return the two-sided p-value of the paired t test of mean 0."""
    error = _standard_error(values)
    if error is None:
        return _NAN
    return float(2 * special.stdtr(len(values) - 1, -abs(np.mean(values)) / error))


def above_p(values: Values) -> float:
    """Return the one-sided p-value of the paired t test that the mean is above 0."""
    error = _standard_error(values)
    if error is None:
        return _NAN
    return float(special.stdtr(len(values) - 1, -np.mean(values) / error))


def equivalence_p(values: Values, smallest: float) -> float:
    """Return the p-value of two one-sided t tests that the mean lies within +-smallest."""
    error = _standard_error(values)
    if error is None:
        return _NAN
    return float(special.stdtr(len(values) - 1, (abs(np.mean(values)) - smallest) / error))


def beyond_p(values: Values, smallest: float) -> float:
    """Return the p-value of the mean lying outside +-smallest.

    It is below 0.05 where the 95 % t interval lies wholly outside.
    """
    error = _standard_error(values)
    if error is None:
        return _NAN
    p = 2 * special.stdtr(len(values) - 1, (smallest - abs(np.mean(values))) / error)
    return min(1.0, float(p))


def _standard_error(values: Values) -> float | None:
    """Return that of the mean; None where no test can be made."""
    found = spread(values)
    return found / np.sqrt(len(values)) if found > 0 else None


def sign_flip_p(values: Values) -> float:
    """Return the two-sided sign-flip p-value of the mean against 0; NaN without values.

    Exact up to `ENUMERATED` values, beyond that from `PATTERNS` random ones of a fixed generator.
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


def min_p(n: int) -> float:
    """Return the smallest p-value that a sign-flip test of `n` differences can give.

    A difference of 0 has no sign to flip: it does not count.

    >>> min_p(5)
    0.0625
    """
    return 2 / 2**n if n else _NAN


def power(n: int, sd: float, effect: float, level: float = LEVEL) -> float:
    """Return how likely the two-sided paired t test of `n` pairs is to see `effect`.

    This is the tail of the noncentral t distribution, as an integral over the chi
    distribution of the sample's spread: SciPy's own is NaN for large effects.

    Args:
        n: pairs.
        sd: standard deviation of the differences of the pairs, in the unit of `effect`.
        effect: the true mean difference; its sign does not matter.
        level: significance level, two-sided, 0 to 1.

    Returns:
        A probability, 0 to 1; NaN below 2 pairs or without a spread.
    """
    if n < 2 or not sd > 0 or not np.isfinite(effect):
        return _NAN
    slope, q, weights = _chi(n - 1, level)
    shift = abs(effect) / sd * np.sqrt(n)
    seen = special.ndtr(shift - slope * q) + special.ndtr(-slope * q - shift)
    return float(np.clip(np.sum(weights * seen), 0, 1))


def power_within(n: int, sd: float, margin: float) -> float:
    """Return how likely a study is to show a true value to lie within +-margin of itself.

    That is the probability, 0 to 1, that the 95 % t interval of `n` normal values with
    standard deviation `sd` lies within +-margin of their mean. Given the sample's spread,
    sd * q / sqrt(n - 1) with q from a chi distribution, the mean has to fall into a window of
    known width; Gauss-Legendre quadrature averages that over q. NaN below 2 values or without
    a spread that is known.
    """
    if n < 2 or not np.isfinite(sd):
        return _NAN
    if margin <= 0 or sd == 0:
        return float(margin > 0)
    window = margin * np.sqrt(n) / sd  # in standard errors of the mean
    slope = stats.t.ppf((1 + CONFIDENCE) / 2, n - 1) / np.sqrt(n - 1)
    top = min(window / slope, stats.chi.isf(1e-15, n - 1))
    nodes, weights = np.polynomial.legendre.leggauss(200)
    q = top * (nodes + 1) / 2
    inside = 2 * special.ndtr(window - slope * q) - 1
    return float(np.clip(top / 2 * np.sum(weights * inside * stats.chi.pdf(q, n - 1)), 0, 1))


@cache
def _chi(freedom: int, level: float) -> tuple[float, np.ndarray, np.ndarray]:
    """Return the t test's edge per unit of chi, and nodes and weights of chi's distribution."""
    slope = float(stats.t.isf(level / 2, freedom) / np.sqrt(freedom))
    nodes, weights = np.polynomial.legendre.leggauss(400)
    top = stats.chi.isf(1e-15, freedom)
    q = top * (nodes + 1) / 2
    return slope, q, top / 2 * weights * stats.chi.pdf(q, freedom)


def detectable(n: int, sd: float, level: float = LEVEL) -> float:
    """Return the effect that `n` pairs would see with a chance of `ENOUGH`; NaN as `power`."""
    return sd * _detectable(n, level) if n >= 2 and sd > 0 else _NAN


@cache
def _detectable(n: int, level: float) -> float:
    """Return it in standard deviations of the differences."""
    top = (2 * stats.t.isf(level / 2, n - 1) + 5) / np.sqrt(n)
    found: Any = optimize.brentq(lambda effect: power(n, 1.0, effect, level) - ENOUGH, 0, top)
    return float(found)


def correlation(baseline: Values, variant: Values) -> float:
    """Return Pearson's correlation of the pairs; NaN below 3 pairs or for a constant arm."""
    if len(baseline) < 3 or np.ptp(baseline) == 0 or np.ptp(variant) == 0:
        return _NAN
    return float(np.corrcoef(baseline, variant)[0, 1])


def image_se(differences: np.ndarray) -> float:
    """Return the standard error, over test images, of the mean of (seeds, images) differences.

    The images are taken as a sample: each counts with its mean over seeds. NaN for fewer
    than two images.
    """
    if differences.size == 0 or differences.shape[1] < 2:
        return _NAN
    of_images = differences.mean(axis=0)
    return float(of_images.std(ddof=1) / np.sqrt(len(of_images)))


def interval_for_new_images(values: Values, images_error: float) -> tuple[float, float]:
    """Return low and high of an interval that covers chance in the seeds and in the images.

    The variances of the mean over seeds and over images add; Welch and Satterthwaite's
    formula gives the degrees of freedom, those of the images being as good as infinite.
    What both share, chance in how one net answers one image, is counted twice.
    """
    n, sd = len(values), spread(values)
    if n < 2 or not np.isfinite(images_error):
        return _NAN, _NAN
    mean, of_seeds, of_images = float(np.mean(values)), sd**2 / n, images_error**2
    total = of_seeds + of_images
    if total == 0:
        return mean, mean
    freedom = (total / of_seeds) ** 2 * (n - 1) if of_seeds else np.inf
    half = special.stdtrit(freedom, (1 + CONFIDENCE) / 2) * np.sqrt(total)
    return float(mean - half), float(mean + half)
