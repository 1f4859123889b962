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

from ablations.analysis import contrast, edges, objections, sequential
from ablations.analysis.contrast import Contrast
from ablations.analysis.looks import Look
from ablations.analysis.paired_tests import CONFIDENCE, LEVEL
from ablations.analysis.pairs import opened
from ablations.analysis.samples import Samples
from ablations.analysis.sequential import Rule, students

#: fixed: of one look. repeated: right at every look, while more may follow. final: right where
#: the comparison has stopped by its rule.
Interval = Literal["fixed", "repeated", "final"]

#: difference: the effect is not 0. equivalence: it is within the smallest of interest. beyond: it
#: is further from 0 than that.
Test = Literal["difference", "equivalence", "beyond"]

_NAN = float("nan")

# The information times are those of arms of one spread, and the scores those of few degrees of
# freedom: with up to six times the spread a test of nominal 5 % was found to err in up to 5.9 %.
# Over several looks levels are divided by this, and p-values multiplied.
CALIBRATION = 1.25

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
        """Kind of the interval that `ends` gives."""
        if len(self.times) == 1:
            return "fixed"
        final = self.stopped and self.samples.item.claimed != "within"
        return "final" if final else "repeated"

    @property
    def times(self) -> tuple[float, ...]:
        """Information times of the planned looks."""
        return tuple(look.time for look in self.looks) or (1.0,)

    def level(self, nominal: float) -> float:
        """Return the level of a boundary over the looks for a nominal one (see `CALIBRATION`)."""
        return nominal / CALIBRATION if len(self.times) > 1 else nominal

    def p(self, test: Test) -> float:
        """Return the p-value of a test over all the planned looks; NaN where nothing is tested.

        Bounds test no equivalence, and a difference on the side alone that they leave open.

        Args:
            test: "difference" is two-sided; "equivalence" is two one-sided tests (Schuirmann
                1987); "beyond" is doubled, since the data choose its side.
        """
        scores = [self._score(test, each) for each in self.contrasts]
        shown = self.shown
        if test == "equivalence" and shown.bound != "exact":
            return _NAN
        if not shown.shows(self.contrast.estimate):
            return _NAN
        times = self.times
        if test == "difference" and self.samples.item.claimed == "equal":
            # no boundary of its own has been watched: the look that is shown alone counts
            scores = [*([_NAN] * (len(scores) - 1)), scores[-1]]
        p = sequential.p_value(scores, times, "both" if test == "difference" else "one")
        p *= (CALIBRATION if len(times) > 1 else 1) * (2 if test == "beyond" else 1)
        return float(np.minimum(1.0, p))  # NaN stays NaN

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
        """Significance, at the look that is shown, of a test that decides about the claim."""
        claimed = self.samples.item.claimed
        if claimed == "within":
            return self._within_is_decided()
        outer: Test = "beyond" if claimed == "equal" else "difference"
        return any(self.tests * self.p(test) < LEVEL for test in (outer, "equivalence"))

    def _within_is_decided(self) -> bool:
        """Say whether the whole interval lies within the accepted range, or outside it."""
        item = self.samples.item
        if not self.contrast.error > 0:
            return False
        low, high = (float(np.log(x)) if item.scale == "ratio" else x for x in item.accepted)
        ends = opened(self.ends(), self.shown.bound)
        return low <= ends[0] and ends[1] <= high or ends[0] > high or ends[1] < low

    def spreads(self) -> tuple[float, float]:
        """Return the standard deviations of variant, or of changes, and of baseline.

        The second is NaN for changes; both are of logarithms for ratios.
        """
        sds = self.contrast.sds
        return (sds[0], _NAN) if len(sds) == 1 else (sds[1], sds[0])

    # --- intervals --------------------------------------------------------------------------

    def ends(self) -> tuple[float, float]:
        """Return the 95 % interval, of ratios as logarithms; NaN where there is none.

        One look: the t interval. Several: a repeated interval (Jennison and Turnbull 1989) or,
        where the rule has stopped, Emerson and Fleming's (1990).
        """
        found = self.contrast
        if not np.isfinite(found.error):
            return _NAN, _NAN
        if found.error == 0:
            return found.estimate, found.estimate
        if self.interval == "final" and not self._bounded:
            freedom = max(found.freedom - _OF_STOPPING, 1.0)
            place = edges.places(self).index(self.look - 1)
            return sequential.final_interval(
                found.estimate, place, self.rule, freedom, 1 - CONFIDENCE
            )
        half = students(self._z, found.freedom) * found.error
        return found.estimate - half, found.estimate + half

    def ends_at(self, level: float) -> tuple[float, float]:
        """Return the repeated interval that misses with a probability of `level` at any look.

        It holds whatever made the comparison stop (Jennison and Turnbull 1989); NaN of bounds.
        """
        found, times = self.contrast, self.times
        if not found.error > 0 or self._bounded:
            return _NAN, _NAN
        z = sequential.critical(self.level(level), times) / float(
            np.sqrt(times[max(self.look, 1) - 1])
        )
        half = students(z, found.freedom) * found.error
        return found.estimate - half, found.estimate + half

    @property
    def _bounded(self) -> bool:
        return self.shown.bound != "exact"

    def ends_for_images(self, images_error: float) -> tuple[float, float]:
        """Return the interval for other seeds and other test images.

        Args:
            images_error: standard error over test images, in points; NaN gives no interval.
        """
        return contrast.interval_for_new_images(self.contrast, images_error, self._z)

    @property
    def _z(self) -> float:
        """Score of the ends of the repeated interval at the look that is shown."""
        times = self.times
        level = 1 - CONFIDENCE
        if self.samples.item.claimed == "within":
            level /= self.tests
        return sequential.critical(self.level(level), times) / float(
            np.sqrt(times[max(self.look, 1) - 1])
        )

    @cached_property
    def rule(self) -> Rule:
        """Rule by which the comparison stops, by the spread of the look that is shown."""
        return edges.rule(self)


def course(samples: Samples, looks: Sequence[Look], tests: int) -> Course:
    """Return the course of a comparison over the looks that are complete.

    Args:
        samples: of its arms.
        looks: planned ones; none where nothing is planned, and all values are one look.
        tests: comparisons of its family.

    Returns:
        It has stopped at the first look that decides, or else stands at the last complete one.
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
        if not last and _enough(stopped.shown) and stopped.decided:
            return stopped
    return begun


def _enough(shown: Samples) -> bool:
    """Say whether a verdict may be given: else it does not stop at this look, whatever it found."""
    values = [len(shown.pairs)] if shown.item.paired else [len(arm) for arm in shown.usable]
    return min(values) >= objections.MIN_SEEDS and not shown.without_ratio
