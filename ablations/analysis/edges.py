"""The edges at which the estimate of a comparison stops it, at every look."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ablations.analysis import sequential
from ablations.analysis.paired_tests import LEVEL
from ablations.analysis.sequential import Rule, students

if TYPE_CHECKING:
    from ablations.analysis.stopping import Course


def rule(course: Course) -> Rule:
    """Return when the comparison stops, by the spread of the look that is shown.

    The outer edge is where a difference is significant after correction for the family; of a
    claim that there is none, where the effect is shown to be larger than the smallest of
    interest. The inner edge is where the equivalence test is significant. The boundaries are
    O'Brien and Fleming's (1979), each widened to Student's t of its look.

    Args:
        course: of more than one planned look.

    Returns:
        Edges in the unit of the estimate: points, or logarithms of ratios.
    """
    found, level = course.contrast, course.level(LEVEL / course.tests)
    equal = course.samples.item.claimed == "equal"
    inside = sequential.critical(level, course.times, "one")
    outside = sequential.critical(level / 2, course.times, "one")
    if not equal:
        outside = sequential.critical(level, course.times)
    kept = places(course)
    counts = [_counts(course, place) for place in kept]
    errors = [found.error_of(each) for each in counts]
    freedoms = [found.freedom_of(each) for each in counts]
    times = [course.times[place] for place in kept]

    def at(boundary: float) -> list[float]:
        return [
            students(boundary / float(np.sqrt(t)), freedom) * error
            for t, freedom, error in zip(times, freedoms, errors, strict=True)
        ]

    return Rule(
        errors=tuple(errors),
        outer=tuple(edge + course.margin * equal for edge in at(outside)),
        inner=tuple(course.margin - edge for edge in at(inside)),
    )


def places(course: Course) -> list[int]:
    """Return the places of the looks that add information, the one that is shown among them.

    Where runs have failed, a look may have no more values than the one before: it is left out
    unless it shortens the standard error by 0.5 % or more.
    """
    found: list[int] = []
    shown = max(course.look, 1) - 1
    for place in range(len(course.looks)):
        if min(_counts(course, place)) < 2:
            continue
        error = course.contrast.error_of(_counts(course, place))
        while found and not error < 0.995 * course.contrast.error_of(_counts(course, found[-1])):
            if place != shown:
                break
            found.pop()
        else:
            found.append(place)
    return found


def counts_of_last(course: Course) -> tuple[int, ...]:
    """Return the sizes of the samples at the last look.

    Seeds that are still to be computed count as if each gave a value; those that gave none in
    the looks so far stay away.
    """
    return _counts(course, len(course.looks) - 1)


def _counts(course: Course, place: int) -> tuple[int, ...]:
    """Return the sizes of the samples at a look; as they are where it is over."""
    if place < len(course.contrasts) and course.look:
        return course.contrasts[place].counts
    last, ahead = course.looks[max(course.look, 1) - 1], course.looks[place]
    more = [b - a for a, b in zip(last.seeds, ahead.seeds, strict=True)]
    if course.samples.item.paired:
        return (course.contrast.counts[0] + min(more),)
    return tuple(n + extra for n, extra in zip(course.contrast.counts, more, strict=True))
