"""p-values adjusted for the number of comparisons that were planned."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ablations.analysis.paired_tests import Values


def holm(p_values: Values) -> np.ndarray:
    """Return Holm's adjusted p-values, which bound the chance of any false claim.

    A test that could not be made (NaN) stays NaN and still counts: the family is the one
    that was planned.

    >>> holm([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.06, 0.06]
    """
    return _adjust(p_values, lambda rank, count: count - rank, np.maximum.accumulate)


def benjamini_hochberg(p_values: Values) -> np.ndarray:
    """Return adjusted p-values, which bound the expected share of false claims; NaN as `holm`."""
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
