"""The permutation test of a comparison's samples: sign flips of pairs, or deals to two arms."""

from __future__ import annotations

import numpy as np

from ablations.analysis import paired_tests
from ablations.analysis.samples import Samples

_NAN = float("nan")


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
        return paired_tests.sign_flip_p(shown.changes())
    if len(shown.values) > 2:
        return _NAN
    return paired_tests.two_sample_p(*shown.transformed())


def least_p(shown: Samples) -> float:
    """Return the smallest p-value that the test could give; NaN where there is no test.

    With this above 5 %, the test shows nothing, whatever was measured.
    """
    if shown.item.paired:
        return paired_tests.min_p(int(np.count_nonzero(shown.changes())))
    if len(shown.values) > 2:
        return _NAN
    return paired_tests.min_two_sample_p(*map(len, shown.usable))
