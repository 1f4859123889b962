"""The course of a comparison over its looks: where it stands, and whether it has stopped.

A comparison stops at the first look at which a test is significant that decides about its
claim, after correction for the comparisons of its family. Later seeds of its arms, which
another comparison may have asked for, do not count in it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from ablations.analysis import contrast, sequential
from ablations.analysis.contrast import Contrast
from ablations.analysis.looks import Look
from ablations.analysis.paired_tests import CONFIDENCE, LEVEL
from ablations.analysis.samples import Samples
from ablations.analysis.sequential import Rule, students

#: fixed: of one look. repeated: right at every look, while more may follow. final: right where
#: the comparison has stopped by its rule.
Interval = Literal["fixed", "repeated", "final"]

#: difference: the effect is not 0. equivalence: it is within the smallest of interest. beyond: it
#: is further from 0 than that.
Test = Literal["difference", "equivalence", "beyond"]

_NAN = float("nan")

# Where a comparison stops, standard errors are smaller than usual, because a small one is what
# makes it stop. Two degrees of freedom less make up for it: see the simulations.
_OF_STOPPING = 2


@dataclass(frozen=True, kw_only=True)
class Course:
    """The looks at a comparison, up to the one at which it stopped or stands.

    `tests` counts the comparisons of its family. `look` is 0 where the first look is not
    complete; everything is then of the values that are there, as if they were planned.
    """

    samples: Samples
    looks: tuple[Look, ...]
    tests: int
    look: int
    stopped: bool
    contrasts: tuple[Contrast, ...]  # of the looks so far, the one that is shown last

    @property
    def contrast(self) -> Contrast:
        """Estimate and standard error of the look that is shown."""
        return self.contrasts[-1]

    @cached_property
    def shown(self) -> Samples:
        """Values of the look that is shown."""
        return self.samples.until(self.looks[self.look - 1].seeds) if self.look else self.samples

    @property
    def interval(self) -> Interval:
        """What kind of interval `ends` gives."""
        if len(self.times) == 1:
            return "fixed"
        final = self.stopped and self.samples.item.claimed != "within"
        return "final" if final else "repeated"

    @property
    def times(self) -> tuple[float, ...]:
        """Information times of the planned looks."""
        return tuple(look.time for look in self.looks) if self.look else (1.0,)

    def p(self, test: Test) -> float:
        """Return the p-value of a test over all the planned looks; NaN where nothing is tested.

        Bounds test no equivalence, and a difference on the side alone that they leave open.
        """
        scores = [self._score(test, each) for each in self.contrasts]
        shown = self.shown
        if test == "equivalence" and shown.bound != "exact":
            return _NAN
        if not shown.shows(self.contrast.estimate):
            return _NAN
        sides = "both" if test == "difference" else "one"
        p = sequential.p_value(scores, self.times, sides)
        return min(1.0, 2 * p) if test == "beyond" else p

    def _score(self, test: Test, found: Contrast) -> float:
        if test == "difference":
            return found.score()
        return found.within(self.margin) if test == "equivalence" else found.beyond(self.margin)

    @property
    def margin(self) -> float:
        """Smallest effect of interest, of ratios as a logarithm."""
        item = self.samples.item
        return float(np.log(item.smallest)) if item.scale == "ratio" else item.smallest

    @cached_property
    def decided(self) -> bool:
        """Whether a test that decides about the claim is significant at the look that is shown."""
        claimed = self.samples.item.claimed
        if claimed == "within":
            return self._within_is_decided()
        outer: Test = "beyond" if claimed == "equal" else "difference"
        return any(self.tests * self.p(test) < LEVEL for test in (outer, "equivalence"))

    def _within_is_decided(self) -> bool:
        """Say whether the whole interval lies within the accepted range, or outside it."""
        item = self.samples.item
        low, high = (float(np.log(x)) if item.scale == "ratio" else x for x in item.accepted)
        ends = self.ends()
        return low <= ends[0] and ends[1] <= high or ends[0] > high or ends[1] < low

    def spreads(self) -> tuple[float, float]:
        """Return the standard deviations of variant, or of changes, and of baseline."""
        sds = self.contrast.sds
        return (sds[0], _NAN) if len(sds) == 1 else (sds[1], sds[0])

    # --- intervals --------------------------------------------------------------------------

    def ends(self) -> tuple[float, float]:
        """Return the 95 % interval, of ratios as logarithms; NaN where there is none."""
        found = self.contrast
        if not np.isfinite(found.error):
            return _NAN, _NAN
        if found.error == 0:
            return found.estimate, found.estimate
        if self.interval == "final" and not self._bounded:
            freedom = max(found.freedom - _OF_STOPPING, 1.0)
            return sequential.final_interval(
                found.estimate, self.look - 1, self.rule, freedom, 1 - CONFIDENCE
            )
        half = students(self._z, found.freedom) * found.error
        return found.estimate - half, found.estimate + half

    def ends_at(self, level: float) -> tuple[float, float]:
        """Return the repeated interval that misses with a chance of `level` at any look."""
        found, times = self.contrast, self.times
        if not found.error > 0 or self._bounded:
            return _NAN, _NAN
        z = sequential.critical(level, times) / float(np.sqrt(times[max(self.look, 1) - 1]))
        half = students(z, found.freedom) * found.error
        return found.estimate - half, found.estimate + half

    @property
    def _bounded(self) -> bool:
        return self.shown.bound != "exact"

    def ends_for_images(self, images_error: float) -> tuple[float, float]:
        """Return the interval for other seeds and other test images."""
        return contrast.interval_for_new_images(self.contrast, images_error, self._z)

    @property
    def _z(self) -> float:
        """Score of the ends of the repeated interval at the look that is shown."""
        times = self.times
        level = 1 - CONFIDENCE
        if self.samples.item.claimed == "within":
            level /= self.tests
        return sequential.critical(level, times) / float(np.sqrt(times[max(self.look, 1) - 1]))

    @cached_property
    def rule(self) -> Rule:
        """When the comparison stops, by the spread of the look that is shown."""
        found, times = self.contrast, self.times
        level = LEVEL / self.tests
        equal = self.samples.item.claimed == "equal"
        inside = sequential.critical(level, times, "one")
        outside = sequential.critical(level / 2, times, "one")
        if not equal:
            outside = sequential.critical(level, times)
        counts = [self._counts(look) for look in self.looks]
        errors = [found.error_of(each) for each in counts]
        freedoms = [found.freedom_of(each) for each in counts]

        def edges(boundary: float) -> list[float]:
            return [
                students(boundary / float(np.sqrt(t)), freedom) * error
                for t, freedom, error in zip(times, freedoms, errors, strict=True)
            ]

        return Rule(
            errors=tuple(errors),
            outer=tuple(edge + self.margin * equal for edge in edges(outside)),
            inner=tuple(self.margin - edge for edge in edges(inside)),
        )

    def _counts(self, look: Look) -> tuple[int, ...]:
        """Return the sizes of the samples at a look; at the one that is shown, as they are."""
        if look is self.looks[self.look - 1]:
            return self.contrast.counts
        return (min(look.seeds),) if self.samples.item.paired else look.seeds


def course(samples: Samples, looks: Sequence[Look], tests: int) -> Course:
    """Return the course of a comparison over the looks that are complete.

    Args:
        samples: of its arms.
        looks: planned ones; none where nothing is planned, and all values are one look.
        tests: comparisons of its family.
    """
    reached = samples.reached(looks)
    begun = Course(
        samples=samples,
        looks=tuple(looks),
        tests=tests,
        look=0,
        stopped=not looks,
        contrasts=(samples.contrast(),),
    )
    contrasts: tuple[Contrast, ...] = ()
    for number in range(1, reached + 1):
        contrasts = (*contrasts, samples.until(looks[number - 1].seeds).contrast())
        last = number == len(looks)
        begun = dataclasses.replace(begun, look=number, stopped=last, contrasts=contrasts)
        stopped = dataclasses.replace(begun, stopped=True)
        if not last and stopped.decided:
            return stopped
    return begun
