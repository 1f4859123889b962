"""The power of a t test of a known standard error, in one look."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from scipy import optimize, special, stats

from ablations.analysis.paired_tests import CONFIDENCE, ENOUGH, LEVEL
from ablations.analysis.sequential import gauss_legendre

_NAN = float("nan")


def power(effect: float, error: float, freedom: float, level: float = LEVEL) -> float:
    """Return how likely a two-sided t test is to see `effect`.

    This is the tail of the noncentral t distribution, as an integral over the chi
    distribution of the sample's spread: SciPy's own is NaN for large effects.

    Args:
        effect: the true difference; its sign does not matter.
        error: standard error, in the unit of `effect`.
        freedom: degrees of freedom of the standard error.
        level: significance level, two-sided, 0 to 1.

    Returns:
        A probability, 0 to 1; NaN without a standard error above 0.

    >>> round(power(0.5, 0.15, 30), 3), round(power(0.0, 0.15, 30), 3)
    (0.897, 0.05)
    """
    if not (error > 0 and freedom > 0 and np.isfinite(effect)):
        return _NAN
    slope, q, weights = _chi(freedom, level)
    shift = abs(effect) / error
    seen = special.ndtr(shift - slope * q) + special.ndtr(-slope * q - shift)
    return float(np.clip(np.sum(weights * seen), 0, 1))


def power_within(
    margin: float, error: float, freedom: float, confidence: float = CONFIDENCE
) -> float:
    """Return how likely a t interval is to lie within +-margin of the true value.

    Given the estimated standard error, the error times q / sqrt(freedom) with q from a chi
    distribution, the estimate has to fall into a window of known width; Gauss-Legendre
    quadrature averages that over q. NaN without a standard error that is known.

    With a `confidence` of 1 - 2 x level and a true effect of 0 it is the power of two one-sided
    tests of that level (Schuirmann 1987).

    Args:
        margin: half of the window's width, in the unit of `error`.
        error: standard error.
        freedom: its degrees of freedom.
        confidence: of the two-sided interval, 0 to 1.

    >>> round(power_within(0.5, 0.15, 30, 0.9), 3)
    0.893
    """
    if not np.isfinite(error):
        return _NAN
    if margin <= 0 or error == 0:
        return float(margin > 0)
    window = margin / error
    slope = stats.t.ppf((1 + confidence) / 2, freedom) / np.sqrt(freedom)
    top = min(window / slope, stats.chi.isf(1e-15, freedom))
    nodes, weights = gauss_legendre(200)
    q = top * (nodes + 1) / 2
    inside = 2 * special.ndtr(window - slope * q) - 1
    return float(np.clip(top / 2 * np.sum(weights * inside * stats.chi.pdf(q, freedom)), 0, 1))


def detectable(error: float, freedom: float, level: float = LEVEL) -> float:
    """Return the effect that has a power of `ENOUGH`; NaN as `power`.

    Args:
        error: standard error; the result is in its unit, above 0.
        freedom: degrees of freedom of the standard error.
        level: significance level, two-sided, 0 to 1.

    >>> effect = detectable(0.15, 30)
    >>> round(effect, 3), round(power(effect, 0.15, 30), 3)
    (0.434, 0.8)
    """
    return error * _detectable(freedom, level) if error > 0 and freedom > 0 else _NAN


@cache
def _chi(freedom: float, level: float) -> tuple[float, np.ndarray, np.ndarray]:
    """Return the t test's edge per unit of chi, and nodes and weights of chi's distribution."""
    slope = float(stats.t.isf(level / 2, freedom) / np.sqrt(freedom))
    nodes, weights = gauss_legendre(400)
    top = stats.chi.isf(1e-15, freedom)
    q = top * (nodes + 1) / 2
    return slope, q, top / 2 * weights * stats.chi.pdf(q, freedom)


@cache
def _detectable(freedom: float, level: float) -> float:
    """Return it in standard errors."""
    top = 2 * stats.t.isf(level / 2, freedom) + 5
    found: Any = optimize.brentq(
        lambda effect: power(float(effect), 1.0, freedom, level) - ENOUGH, 0, top
    )
    return float(found)
