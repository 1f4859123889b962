"""Intervals that hold for every comparison of the suite at once, though many share one base.

Dunnett's (1955): effects against one base are correlated, because its mean is in all of them.
Given that mean they are independent, so that one integral over it gives the probability that all of
them lie within their intervals.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np
from scipy import optimize, special

from ablations.analysis.paired_tests import LEVEL
from ablations.analysis.stopping import Course
from ablations.study import Budget, Study

_NODES = 80


def base_share(study: Study, entry: Budget, course: Course) -> float:
    """Return the share of an effect's variance that is of the shared base, 0 to 1.

    For arms of one spread, at the first look, where it is smallest: smaller shares give wider
    intervals. 0 where the base is in no arm, or in all.

    Args:
        study: gives the arms.
        entry: the budget, whose shared net is the base.
        course: of the comparison; pairs count as sharing nothing.
    """
    item = course.samples.item
    if entry.shared is None or item.paired or not course.looks:
        return 0.0
    inverse = {
        arm: weight**2 / n
        for arm, weight, n in zip(item.arms, item.weights, course.looks[0].seeds, strict=True)
    }
    base = [arm for arm in inverse if study.arms[arm] == entry.shared.experiment]
    return sum(inverse[arm] for arm in base) / sum(inverse.values())


@cache
def local_level(shares: tuple[float, ...], level: float = LEVEL) -> float:
    """Return the two-sided level of each comparison that gives all of them `level` together.

    Args:
        shares: of every comparison, of its variance that is of the shared base.
        level: probability that any of them is wrong.

    Returns:
        Between `level` / comparisons (Bonferroni's) and `level`; larger for larger shares.

    >>> round(local_level((0.0,)), 6)
    0.05
    >>> round(local_level((0.0,) * 20), 5), round(local_level((0.8,) * 20), 5)
    (0.00256, 0.00802)
    """

    def gap(c: float) -> float:
        return 1 - _all_within(c, shares) - level

    found: float = optimize.brentq(gap, 0.5, 9.0)  # pyright: ignore[reportAssignmentType]
    return float(2 * special.ndtr(-found))


def _all_within(c: float, shares: Sequence[float]) -> float:
    """Return the probability that all standardised effects lie within +-c."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(_NODES)
    base = np.sqrt(np.array(shares))[:, None] * nodes
    own = np.sqrt(1 - np.array(shares))[:, None]
    inside = special.ndtr((c - base) / own) - special.ndtr((-c - base) / own)
    return float(np.prod(inside, axis=0) @ weights / np.sqrt(2 * np.pi))


def intervals(
    courses: Mapping[tuple[str, str], Course], shares: Mapping[tuple[str, str], float]
) -> dict[tuple[str, str], tuple[float, float]]:
    """Return (study, comparison) -> low and high of its simultaneous 95 % interval.

    They are right at every look, whatever has stopped a comparison; of ratios they are factors.

    Args:
        courses: (study, comparison) -> its course.
        shares: (study, comparison) -> `base_share`, of every comparison that is to hold together
            with the others.
    """
    level = local_level(tuple(sorted(shares.values()))) if shares else LEVEL
    found = {}
    for name, course in courses.items():
        low, high = course.ends_at(level)
        ratio = course.samples.item.scale == "ratio"
        found[name] = (float(np.exp(low)), float(np.exp(high))) if ratio else (low, high)
    return found
