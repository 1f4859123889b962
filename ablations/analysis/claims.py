"""The number of seeds on the side that the paper claims."""

from __future__ import annotations

import numpy as np

from ablations.analysis.pairs import Bound
from ablations.analysis.samples import Samples
from ablations.study import Comparison


def as_claimed(shown: Samples) -> int:
    """Count the pairs, or the variant's seeds against the baseline's mean, as claimed.

    A change counts where it is on the claimed side of no effect ("higher" or "lower"), in the
    accepted range ("within"), or no larger than the smallest effect of interest ("equal"). A
    value that is only a bound counts for the first two alone, where it proves the side. Nothing
    counts where nothing is claimed.

    Args:
        shown: of the look that is shown.
    """
    item = shown.item
    if item.paired:
        known = [one for one in shown.pairs if one.bound != "unknown"]
        return sum(_is_claimed(item, one.change(item.scale), one.bound) for one in known)
    return sum(_is_claimed(item, change, bound) for _, change, bound in shown.against_means())


def _is_claimed(item: Comparison, change: float, bound: Bound) -> bool:
    """Say whether a change is known to be on the claimed side, equal, or within the range."""
    none = 1.0 if item.scale == "ratio" else 0.0
    if item.claimed == "higher":
        return change > none and bound in ("exact", "at least")
    if item.claimed == "lower":
        return change < none and bound in ("exact", "at most")
    if bound != "exact" or item.claimed == "none":
        return False
    if item.claimed == "within":
        low, high = item.accepted
        return low <= change <= high
    log = np.log if item.scale == "ratio" else float
    return bool(abs(log(change)) <= log(item.smallest))
