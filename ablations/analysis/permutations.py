"""Permutation tests: sign flips of pairs, deals of independent values to two arms.

They need no normal distribution, but with few seeds their smallest p-value is large (`min_p`,
`min_two_sample_p`). Verdicts are by t tests, with permutations beside them.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import comb

import numpy as np
from scipy import stats

from ablations.analysis.samples import Samples

#: Up to this many pairs, all 2**n sign patterns are enumerated.
ENUMERATED = 20
#: Beyond that, so many are drawn of few values, and at least `FEWEST` of many.
PATTERNS = 99_999
FEWEST = 9_999
_MOVED = 20_000_000  # values that all patterns of a test move, a second's work
_BATCH = 500_000  # of them at a time: 10 MB, and four times as much in between

_NAN = float("nan")
Values = Sequence[float] | np.ndarray


def p(shown: Samples, estimate: float) -> float:
    """Return the p-value of the samples as if this look were the only one.

    NaN where bounds test nothing, and for interactions of independent arms: no deal leaves
    four arms alike.

    Args:
        shown: values of the look; pairs are tested by sign flips, independent arms by deals.
        estimate: effect of the look, whose sign says whether bounds may be tested.
    """
    if not shown.shows(estimate):
        return _NAN
    if shown.item.paired:
        return sign_flip_p(shown.changes())
    if len(shown.values) > 2:
        return _NAN
    return two_sample_p(*shown.transformed())


def least_p(shown: Samples) -> float:
    """Return the smallest p-value that the test could give; NaN where there is no test.

    With this above 5 %, the test shows nothing, whatever was measured.
    """
    if shown.item.paired:
        return min_p(int(np.count_nonzero(shown.changes())))
    if len(shown.values) > 2:
        return _NAN
    return min_two_sample_p(*map(len, shown.usable))


def drawn(n: int) -> int:
    """Return how many random patterns a permutation test of `n` values draws.

    Up to 200 values `PATTERNS`; of more values fewer, so that a test takes a second, and never
    fewer than `FEWEST`: the standard error of a p-value of 0.05 is then 0.002.

    >>> drawn(64), drawn(400), drawn(20_000)
    (99999, 50000, 9999)
    """
    return min(PATTERNS, max(FEWEST, _MOVED // n))


def sign_flip_p(values: Values) -> float:
    """Return the two-sided sign-flip p-value of the mean against 0; NaN without values.

    Fisher's (1935) randomisation test of paired changes: where the arms are alike, a change is
    as likely to have either sign. Exact up to `ENUMERATED` values, beyond that from `drawn`
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
        n = len(values)
        options = {"permutation_type": "samples", "n_resamples": drawn(n), "batch": _BATCH // n}
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
    from `drawn` random ones of a fixed generator, the observed one among them (Phipson and Smyth
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
    observed = np.arange(n, n + m)[None, :]
    # ways that tie with the observed one may differ from it by rounding
    least = _welch(values, observed)[0] * (1 - 1e-9) - 1e-9
    if comb(n + m, m) <= PATTERNS:
        return float(
            np.mean(_welch(values, np.array(list(combinations(range(n + m), m)))) >= least)
        )
    others, batch = drawn(n + m) - 1, max(1, _BATCH // (n + m))
    generator = np.random.default_rng(0)
    beyond = 1  # the observed one
    for first in range(0, others, batch):
        ways = min(batch, others - first)
        keys = generator.random((ways, n + m), dtype=np.float32)
        dealt = np.argpartition(keys, m, axis=1)[:, :m]
        beyond += int(np.count_nonzero(_welch(values, dealt) >= least))
    return beyond / (others + 1)


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
    if min(n, m) < 2:
        return _NAN
    ways = comb(n + m, m)
    if ways > PATTERNS:
        return 1 / drawn(n + m)
    return (2 if n == m else 1) / ways


def min_p(n: int) -> float:
    """Return the smallest p-value that a sign-flip test of `n` differences can give.

    A difference of 0 has no sign to flip: it does not count.

    >>> min_p(5)
    0.0625
    """
    return 2 / 2**n if n else _NAN
