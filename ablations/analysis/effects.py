"""The effect of one arm over another: every number that is made of a comparison's samples."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ablations.analysis import claims, corrections, foreseen, paired_tests, permutations
from ablations.analysis.pairs import Bound, Pair, opened
from ablations.analysis.samples import Samples
from ablations.analysis.stopping import Course, Interval
from ablations.analysis.units import of_effect
from ablations.study import Claimed, Comparison, Family, Pairing, Quantity, Scale

#: What an interval covers: noise of the training of the nets, or of the choice of images. An
#: order has no interval; its estimate is itself the probability, over seeds, that it holds.
Noise = Literal["seeds", "test images", "order"]

_NAN = float("nan")


@dataclass(frozen=True, kw_only=True)
class Effect:
    """The effect measured of one comparison, beside what the paper says of it.

    `estimate`, its intervals, `detectable`, `paper` and `smallest` are in `unit` (factors
    for ratios); `error` and the standard deviations of ratios are of logarithms. NaN where there
    is too little data. p-values of a t test hold whichever of the planned looks was the last.

    Attributes:
        estimate: variant minus baseline, or variant over baseline; of an interaction, that of
            the second pair of arms is taken off; of a slope, the change per doubling.
        low: end of the 95 % interval, as `high`; `interval` is its kind.
        freedom: degrees of freedom of `error`.
        t_p: two-sided; not corrected for the family.
        min_p: the smallest value that `permutation_p` could have.
        p_adjusted: `t_p` corrected for the family, as `equivalence_adjusted` and
            `beyond_adjusted` are corrected p-values of their tests.
        detectable: smallest effect that would be detected with a probability of 80 %.
        paper: the paper's size; NaN where it gives none.
    """

    comparison: str
    family: Family
    baseline: str
    variant: str
    baseline_quantity: Quantity
    quantity: Quantity
    scale: Scale
    unit: str
    pairing: Pairing = "none"
    n: int  # seeds of the variant, pairs of seeds, or nets of an ensemble
    n_baseline: int  # seeds of the baseline; as many as n where they are paired
    n_censored: int = 0  # values or pairs of which only a bound is known, or not even that
    bound: Bound = "exact"  # of the estimate; its interval then has no end on the other side
    look: int = 1  # the look that is shown, from 1; 0: the first is not complete
    looks: int = 1  # how many are planned
    stopped: bool = True  # no further look is needed, or there is none
    estimate: float
    low: float
    high: float
    interval: Interval = "fixed"
    error: float = _NAN
    freedom: float = _NAN
    sd: float  # of the variant, or of the changes of pairs
    sd_baseline: float = _NAN
    pair_correlation: float = _NAN
    correlation_low: float = _NAN
    correlation_high: float = _NAN
    noise: Noise
    image_se: float  # points, over test images
    low_new: float = _NAN  # an interval for other seeds and other images
    high_new: float = _NAN
    t_p: float
    permutation_p: float = _NAN  # of the look that is shown, as if it were the only one
    min_p: float = _NAN
    p_adjusted: float = _NAN
    equivalence_p: float
    equivalence_adjusted: float = _NAN
    beyond_p: float = _NAN  # of being further from no change than `smallest`
    beyond_adjusted: float = _NAN
    power: float  # probability to decide where the paper's effect is true, or `smallest`
    detectable: float
    paper: float
    paper_is: Literal["about", "at least"] = "about"
    paper_source: str
    claimed: Claimed
    smallest: float
    range_low: float = _NAN  # what counts as the paper's, with claimed="within"
    range_high: float = _NAN
    seeds_as_claimed: int
    tests: int = 1  # comparisons of its family

    def size(self, value: float) -> float:
        """Return how far `value` is from no change, in points or as a logarithm."""
        return distance(value, self.unit)


def distance(value: float, unit: str) -> float:
    """Return how far a value is from no effect: of a ratio (unit "x") its logarithm.

    A ratio of 0 is infinitely far below it.
    """
    if unit != "x" or math.isnan(value):
        return value
    return math.log(value) if value > 0 else -math.inf


def measure(course: Course, *, images_error: float = _NAN) -> Effect:
    """Return the effect at the look that is shown, still without correction for its family.

    Bounds are never taken as exact. Where every value is exact or bounds the effect from below,
    so does the estimate: its interval has no upper end, its lower one still bounds the true
    effect, and a test that the effect is not 0 stands where the estimate is above 0; that it
    would be small is not testable, and the spread of bounds gives no power. "at most" is its
    mirror image. With bounds in both directions, or values of which nothing is known, nothing
    is tested: what is left would be a selection by the outcome.

    Args:
        course: the looks at a comparison's samples, up to the one that is shown.
        images_error: standard error over test images, in points.
    """
    shown = course.shown
    item = shown.item
    ratio = item.scale == "ratio"
    back = np.exp if ratio else np.array
    found, bound = course.contrast, shown.bound
    exact = bound == "exact"
    ends = [opened(each, bound) for each in (course.ends(), course.ends_for_images(images_error))]
    (low, high), (low_new, high_new) = (back(np.array(each)) for each in ends)
    return Effect(
        **_declared(item),
        **_counts(course),
        **_spreads(course),
        unit=of_effect(item),
        bound=bound,
        estimate=float(back(found.estimate)),
        low=float(low),
        high=float(high),
        interval=course.interval,
        noise="seeds",
        image_se=images_error,
        low_new=float(low_new),
        high_new=float(high_new),
        t_p=course.p("difference"),
        equivalence_p=course.p("equivalence"),
        beyond_p=course.p("beyond"),
        permutation_p=permutations.p(shown, found.estimate),
        min_p=permutations.least_p(shown),
        power=foreseen.power_of(course) if exact else _NAN,
        detectable=float(back(foreseen.detectable(course))) if exact else _NAN,
    )


def _counts(course: Course) -> dict[str, Any]:
    """Return the seeds, the bounds among their values, and the look."""
    shown = course.shown
    paired = shown.item.paired
    return {
        "n": shown.seeds,
        "n_baseline": len(shown.pairs) if paired else len(shown.usable[0]),
        "n_censored": _censored(shown),
        "look": course.look,
        "looks": max(1, len(course.looks)),
        "stopped": course.stopped,
        "seeds_as_claimed": claims.as_claimed(shown),
        "tests": course.tests,
    }


def _spreads(course: Course) -> dict[str, Any]:
    """Return the spreads and the correlation of pairs; NaN where a value is a bound."""
    shown, found = course.shown, course.contrast
    names = "error freedom sd sd_baseline pair_correlation correlation_low correlation_high"
    if shown.bound != "exact":
        return dict.fromkeys(names.split(), _NAN)
    pairs = shown.pairs if shown.item.paired else []
    correlation = _correlation(shown.item.scale, pairs)
    ends = paired_tests.correlation_interval(correlation, len(pairs))
    values = (found.error, found.freedom, *course.spreads(), correlation, *ends)
    return dict(zip(names.split(), values, strict=True))


def _correlation(scale: Scale, pairs: Sequence[Pair]) -> float:
    """Return the correlation of the two sides, of logarithms for ratios."""
    log = np.log if scale == "ratio" else np.array
    sides = (log([getattr(one, side) for one in pairs]) for side in ("baseline", "variant"))
    return paired_tests.correlation(*sides)


def _censored(shown: Samples) -> int:
    """Count the pairs, or the values, that are not exact."""
    if shown.item.paired:
        return sum(one.bound != "exact" for one in shown.pairs)
    return sum(bound != "exact" for of_arm in shown.usable for _, bound in of_arm.values())


def _declared(item: Comparison) -> dict[str, Any]:
    """Return what an effect has of its comparison alone."""
    copied = "family baseline variant quantity scale paper_is paper_source claimed smallest"
    return {
        **{name: getattr(item, name) for name in copied.split()},
        "comparison": item.name,
        "pairing": "seed" if item.paired else "none",
        "baseline_quantity": item.sides[0],
        "paper": _NAN if item.paper is None else item.paper,
        "range_low": item.accepted[0],
        "range_high": item.accepted[1],
    }


def correct(effects: Sequence[Effect]) -> list[Effect]:
    """Return the effects with p-values adjusted for all comparisons of their family.

    Bonferroni's correction in the primary family, and Benjamini and Hochberg's in the secondary,
    over both kinds of claim: that an effect is there, and that it is too small to matter.

    Args:
        effects: of one study, every planned comparison among them: those without a p-value
            count too.
    """
    corrected = list(effects)
    for family in ("primary", "secondary"):
        places = [i for i, effect in enumerate(effects) if effect.family == family]
        different = [effects[i].t_p for i in places]
        equivalent = [effects[i].equivalence_p for i in places]
        beyond = [effects[i].beyond_p for i in places]
        if family == "primary":
            tests = len(places)
            adjusted = [corrections.bonferroni(p, tests) for p in (different, equivalent, beyond)]
        else:
            adjusted = [
                *corrections.false_discovery(different, equivalent),
                corrections.benjamini_hochberg(beyond),
            ]
        for i, p, q, r in zip(places, *adjusted, strict=True):
            corrected[i] = dataclasses.replace(
                effects[i],
                p_adjusted=float(p),
                equivalence_adjusted=float(q),
                beyond_adjusted=float(r),
            )
    return corrected
