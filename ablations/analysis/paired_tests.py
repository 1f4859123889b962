"""Statistics of one number per seed: means, spreads, t intervals, correlations.

Ratios are compared by giving their logarithms; errors may be in percent or fractions, as the
caller likes. These functions depend on no study and no run.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import special

#: Of every interval of the suite.
CONFIDENCE = 0.95
#: Below this p-value a test counts.
LEVEL = 0.05
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
