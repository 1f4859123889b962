"""An estimate with its standard error, of paired changes or of independent arms, and its tests.

Paired changes are one sample: Student's t with n - 1 degrees of freedom (Student 1908).
Independent arms have a mean each, and Welch's t (1947) with the degrees of freedom of
Satterthwaite (1946) for a sum of means of unequal variances.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import special

from ablations.analysis.paired_tests import CONFIDENCE, spread
from ablations.analysis.sequential import normals

_NAN = float("nan")


@dataclass(frozen=True, kw_only=True)
class Contrast:
    """The weighted sum of the means of independent samples.

    `sds` and `counts` are of the samples. Nothing is tested where an arm has fewer than two
    values or where no sample has a spread: a t test would call any difference certain.

    Attributes:
        estimate: in points, or as the logarithm of a ratio; NaN without values.
        sds: sample standard deviations, with n - 1 in the denominator.
        counts: values of each sample.
        weights: of each sample's mean in the sum.
    """

    estimate: float
    sds: tuple[float, ...]
    counts: tuple[int, ...]
    weights: tuple[float, ...]

    @cached_property
    def error(self) -> float:
        """Root of the sum of weight^2 sd^2 / n; NaN below two values of a sample."""
        return self.error_of(self.counts)

    def error_of(self, counts: Sequence[int]) -> float:
        """Return the standard error that samples of these sizes and the same spread would have.

        Args:
            counts: one size per sample, in the order of `sds`.
        """
        if min(self.counts, default=0) < 2:
            return _NAN
        return float(np.sqrt(sum(self._variances(counts))))

    def _variances(self, counts: Sequence[int]) -> list[float]:
        """Return the variance that each sample's weighted mean has at these sizes."""
        parts = zip(self.weights, self.sds, counts, strict=True)
        return [(weight * sd) ** 2 / n for weight, sd, n in parts]

    @cached_property
    def freedom(self) -> float:
        """Degrees of freedom; NaN where there is no standard error or no spread.

        One sample has n - 1. Of several, Satterthwaite's formula gives between the smallest n - 1
        and the sum of them; it need not be whole.
        """
        return self.freedom_of(self.counts)

    def freedom_of(self, counts: Sequence[int]) -> float:
        """Return the degrees of freedom of samples of these sizes and the same spread.

        Args:
            counts: one size per sample, in the order of `sds`.
        """
        error = self.error_of(counts)
        if not error > 0:
            return _NAN
        variances = self._variances(counts)
        parts = [part**2 / (n - 1) for part, n in zip(variances, counts, strict=True)]
        return float(error**4 / sum(parts))

    def score(self, effect: float = 0.0) -> float:
        """Return the z score of the t test that the true effect is `effect`; NaN: no test.

        The t value's tail probability is kept: a z score of 1.96 is significant at 5 %, two-sided,
        whatever the degrees of freedom. Above 0 where the estimate is above `effect`.
        """
        if not self.error > 0:
            return _NAN
        return normals((self.estimate - effect) / self.error, self.freedom)

    def within(self, margin: float) -> float:
        """Return the smaller of the z scores that the effect is above -margin and below it.

        Two one-sided tests (Schuirmann 1987): the effect is equivalent to none at a level of 5 %
        where this is above 1.645.

        Args:
            margin: above 0, in the unit of the estimate.

        >>> found = of_changes(np.array([0.4, 0.6, 0.5, 0.7]))
        >>> found.within(1.0) > 1.645, found.within(0.6) > 1.645
        (True, False)
        """
        return min(self.score(-margin), -self.score(margin))

    def beyond(self, margin: float) -> float:
        """Return the z score that the effect is further from 0 than `margin`.

        One-sided, on the side of the estimate; the data choose that side, so its p-value has to be
        doubled.

        Args:
            margin: above 0, in the unit of the estimate.
        """
        return self.score(margin) if self.estimate > 0 else -self.score(-margin)


def of_changes(changes: np.ndarray) -> Contrast:
    """Return the mean of paired changes.

    Args:
        changes: (seeds,), variant minus baseline of one seed, in points or as logarithms of
            ratios.

    >>> found = of_changes(np.array([0.4, 0.6, 0.5, 0.7]))
    >>> round(found.estimate, 2), round(found.error, 4), round(found.freedom, 1)
    (0.55, 0.0645, 3.0)
    """
    mean = float(np.mean(changes)) if len(changes) else _NAN
    return Contrast(estimate=mean, sds=(spread(changes),), counts=(len(changes),), weights=(1.0,))


def of_arms(arms: Sequence[np.ndarray], weights: Sequence[float]) -> Contrast:
    """Return the weighted sum of the means of independent arms.

    Args:
        arms: of each, (seeds,): errors in percent, or logarithms for a ratio. Their numbers
            of seeds may differ.
        weights: one an arm: (-1, 1) takes the first arm, the baseline, from the second; those
            of a slope take the means along a line.

    Returns:
        An estimate of exactly 0 where the means differ by rounding alone, NaN where an arm has
        no value.

    >>> found = of_arms([np.array([1.0, 2.0, 3.0]), np.array([4.0, 6.0])], (-1, 1))
    >>> found.estimate, round(found.error, 3), round(found.freedom, 2)
    (3.0, 1.155, 1.68)
    """
    empty = any(not len(arm) for arm in arms)
    total = sum(
        weight * float(np.mean(arm)) for weight, arm in zip(weights, arms, strict=True) if not empty
    )
    largest = max((float(np.max(np.abs(arm))) for arm in arms if len(arm)), default=0.0)
    # two means that differ by rounding alone do not differ
    estimate = _NAN if empty else total if abs(total) > 1e-12 * largest else 0.0
    return Contrast(
        estimate=estimate,
        sds=tuple(spread(arm) for arm in arms),
        counts=tuple(len(arm) for arm in arms),
        weights=tuple(weights),
    )


def interval_for_new_images(
    found: Contrast, images_error: float, z: float = float(special.ndtri((1 + CONFIDENCE) / 2))
) -> tuple[float, float]:
    """Return low and high of an interval that covers sampling error of seeds and of images.

    The two variances add; Welch and Satterthwaite's formula gives the degrees of freedom,
    those of the images being as good as infinite. What both share, noise in how one net
    answers one image, is counted twice.

    Args:
        found: over seeds.
        images_error: standard error over test images, in the unit of the estimate.
        z: score of the ends; 1.96 for 95 % in one look.

    Returns:
        NaN twice where one of the standard errors is not known.
    """
    if not (np.isfinite(found.error) and np.isfinite(images_error)):
        return _NAN, _NAN
    total = found.error**2 + images_error**2
    if total == 0:
        return found.estimate, found.estimate
    freedom = (total / found.error**2) ** 2 * found.freedom if found.error > 0 else np.inf
    half = float(special.stdtrit(freedom, special.ndtr(z))) * float(np.sqrt(total))
    return found.estimate - half, found.estimate + half
