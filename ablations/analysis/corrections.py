"""p-values adjusted for the number of comparisons that were planned."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ablations.analysis.paired_tests import Values


def bonferroni(p_values: Values, tests: int) -> np.ndarray:
    """Return p-values times the number of comparisons, at most 1; NaN stays NaN.

    Each comparison may be said to differ and to be equivalent, but only one of the two can be
    false. This bounds the probability of any false claim of either kind (Bonferroni's inequality;
    Dunn 1961).

    Args:
        p_values: one a comparison.
        tests: comparisons that were planned, those without a p-value among them.

    >>> bonferroni([0.01, 0.4], 3).tolist()
    [0.03, 1.0]
    """
    return np.minimum(np.asarray(p_values, dtype=float) * tests, 1.0)


def false_discovery(different: Values, equivalent: Values) -> tuple[np.ndarray, np.ndarray]:
    """Return adjusted p-values of both kinds of claim, which bound the share of false ones.

    Benjamini and Hochberg's step-up procedure over both, of 2m p-values with critical values
    min(k, m) / m times the level: of each comparison at most one claim is false, so that at most
    m of the 2m hypotheses are true. An adjusted p-value is never below its own.

    Args:
        different: of the tests that the effect is not 0, one a comparison.
        equivalent: of the tests that it is too small to matter, in the same order.

    Returns:
        Adjusted p-values of `different`, then of `equivalent`; NaN stays NaN and still counts.

    >>> different, equivalent = false_discovery([0.001, 0.9], [0.8, 0.03])
    >>> different.round(3).tolist(), equivalent.round(3).tolist()
    ([0.002, 0.9], [0.8, 0.03])
    """
    given = np.concatenate([np.asarray(different, float), np.asarray(equivalent, float)])
    m = len(different)
    adjusted = _adjust(
        given,
        lambda rank, count: m / np.minimum(rank + 1, m),
        lambda ordered: np.minimum.accumulate(ordered[::-1])[::-1],
    )
    return adjusted[:m], adjusted[m:]


def benjamini_hochberg(p_values: Values) -> np.ndarray:
    """Return adjusted p-values, which bound the expected share of false claims.

    The step-up procedure of Benjamini and Hochberg (1995), for independent or positively dependent
    tests. A test that could not be made (NaN) stays NaN and still counts.

    >>> benjamini_hochberg([0.01, 0.04, 0.5]).round(3).tolist()
    [0.03, 0.06, 0.5]
    """
    return _adjust(
        p_values,
        lambda rank, count: count / (rank + 1),
        lambda ordered: np.minimum.accumulate(ordered[::-1])[::-1],
    )


def _adjust(
    p_values: Values,
    factor: Callable[[np.ndarray, int], np.ndarray],
    monotone: Callable[[np.ndarray], np.ndarray],
) -> np.ndarray:
    """Scale ascending p-values by their rank, make them monotone, and put them back."""
    given = np.asarray(p_values, dtype=float)
    filled = np.where(np.isnan(given), 1.0, given)
    order = np.argsort(filled, kind="stable")
    ranks = np.arange(len(filled))
    adjusted = np.empty(len(filled))
    adjusted[order] = monotone(filled[order] * factor(ranks, len(filled)))
    return np.where(np.isnan(given), np.nan, np.minimum(adjusted, 1.0))
