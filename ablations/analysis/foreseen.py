"""The effects a comparison could have seen, by the rule applied to it over all its looks."""

from __future__ import annotations

import numpy as np
from scipy import optimize

from ablations.analysis import edges, power
from ablations.analysis.paired_tests import ENOUGH, LEVEL
from ablations.analysis.stopping import Course

_NAN = float("nan")


def power_of(course: Course) -> float:
    """Return the probability to decide where the paper's effect is true, by the rule applied.

    The smallest effect of interest stands for the paper's where it gives none; of a claim
    that there is no effect it is the probability to show that. NaN where it is not known.

    One look has the power of its t test. Over several looks, it is that of crossing the
    edge of the claim at any of them, for normal estimates with the standard errors foreseen;
    of a claimed size, that the interval of the last look lies within the accepted range.

    Args:
        course: its spread at the look that is shown is taken for the true one.

    Returns:
        A probability, 0 to 1.
    """
    item, found = course.samples.item, course.contrast
    if item.claimed == "within":
        return _to_be_within(course)
    if not found.error > 0:
        return _NAN
    if item.claimed == "equal":
        return _to_be_equal(course)
    wanted = item.smallest if item.paper is None else item.paper
    return _to_differ(course, float(np.log(wanted)) if item.scale == "ratio" else wanted)


def _to_be_within(course: Course) -> float:
    """Return the probability that the interval of the last look lies within the range."""
    found, confidence = course.contrast, 1 - course.level(LEVEL / course.tests)
    if len(course.times) == 1 or not found.error > 0:
        return power.power_within(course.margin, found.error, found.freedom, confidence)
    last = edges.counts_of_last(course)
    error, freedom = found.error_of(last), found.freedom_of(last)
    return power.power_within(course.margin, error, freedom, confidence)


def _to_differ(course: Course, effect: float) -> float:
    if len(course.times) > 1:
        return course.rule.crosses_outer(effect)
    found = course.contrast
    return power.power(effect, found.error, found.freedom, LEVEL / course.tests)


def _to_be_equal(course: Course) -> float:
    if len(course.times) > 1:
        return course.rule.stops_inside(0.0)
    found, inside = course.contrast, 1 - 2 * LEVEL / course.tests
    return power.power_within(course.margin, found.error, found.freedom, inside)


def detectable(course: Course) -> float:
    """Return the effect that has a power of `ENOUGH`; NaN as the power.

    It is the size, above 0, at which the test of a difference has a power of 80 %, after
    correction for the family: in points, or as the logarithm of a ratio.
    """
    found = course.contrast
    if not found.error > 0:
        return _NAN
    if len(course.times) == 1:
        return power.detectable(found.error, found.freedom, LEVEL / course.tests)

    def gap(effect: float) -> float:
        return course.rule.crosses_outer(effect) - ENOUGH

    top = 2 * course.rule.outer[0] + 10 * course.rule.errors[0]
    return float(optimize.brentq(gap, 0.0, top, xtol=1e-6))  # pyright: ignore[reportArgumentType]
