"""The effect of one arm over another: every number that is made of the pairs of seeds."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ablations.analysis import corrections, paired_tests, quantities
from ablations.analysis.pairs import Bound, Pair, of_all
from ablations.study import Claimed, Comparison, Family, Quantity, Scale

#: What an interval covers: chance in the training of the nets, or in the choice of images. An
#: order has no interval; its estimate is itself the chance, over seeds, that it holds.
Noise = Literal["seeds", "test images", "order"]

_NAN = float("nan")


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What was measured of one comparison, beside what the paper says of it.

    `estimate`, its intervals, `detectable`, `paper` and `smallest` are in `unit` (factors
    for ratios); `sd` of ratios is of their logarithms. NaN where there is too little data.
    """

    comparison: str
    family: Family
    baseline: str
    variant: str
    baseline_quantity: Quantity
    quantity: Quantity
    scale: Scale
    unit: str
    n: int  # pairs of seeds; nets of an ensemble
    n_censored: int = 0  # pairs of which only a bound is known, or not even that
    bound: Bound = "exact"  # of the estimate; its interval then has no end on the other side
    estimate: float
    low: float
    high: float
    sd: float
    pair_correlation: float
    noise: Noise
    image_se: float  # points, over test images
    low_new: float  # an interval for other seeds and other images
    high_new: float
    t_p: float
    sign_flip_p: float
    min_p: float
    p_adjusted: float = _NAN
    equivalence_p: float
    equivalence_adjusted: float = _NAN
    beyond_p: float = _NAN  # of being further from no change than `smallest`
    beyond_adjusted: float = _NAN
    power: float  # chance to see the paper's effect, or `smallest` where it gives none
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
        if self.scale == "difference":
            return value
        return -math.inf if value == 0 else math.log(value)


def measure(
    item: Comparison, pairs: Sequence[Pair], *, images_error: float = _NAN, tests: int = 1
) -> Effect:
    """Return the effect over the pairs, still without correction for its family.

    Bounds are never taken as exact. Where every pair is exact or "at least", so is the mean:
    its interval has no upper end, its lower one still bounds the mean of the true changes,
    and a test that the effect is not 0 stands where the bounds are above 0; that it would be
    small is not testable, and the spread of bounds gives no power. "at most" is its mirror
    image. With bounds in both directions, or pairs of which nothing is known, nothing is
    tested: what is left would be a selection by the outcome.

    Args:
        images_error: standard error over test images, in points.
        tests: comparisons of the family. Its correction holds the strictest of them against
            `LEVEL / tests`; power and what is detectable are of that one, so that no
            comparison has less power than is said.
    """
    ratio = item.scale == "ratio"
    log, back = (np.log, np.exp) if ratio else (np.array, np.array)
    known = [one for one in pairs if one.bound != "unknown"]
    changes = _steady(log(np.array([one.change(item.scale) for one in known])), known, item.scale)
    smallest = float(log(item.smallest))
    n, level = len(pairs), paired_tests.LEVEL / tests
    bound = of_all(one.bound for one in pairs)
    exact = changes if bound == "exact" else changes[:0]
    tested = changes if _shows(bound, changes) else changes[:0]
    sd = paired_tests.spread(exact)
    new = paired_tests.interval_for_new_images(changes, images_error)
    intervals = [_opened(ends, bound) for ends in (paired_tests.t_interval(changes)[1:], new)]
    estimate = float(back(np.mean(changes))) if len(changes) else _NAN
    (low, high), (low_new, high_new) = (back(np.array(ends)) for ends in intervals)
    return Effect(
        **_declared(item),
        unit="x" if ratio else quantities.MEASURES[item.quantity].unit_of_differences,
        n=n,
        n_censored=sum(one.bound != "exact" for one in pairs),
        bound=bound,
        estimate=estimate,
        low=float(low),
        high=float(high),
        sd=sd,
        pair_correlation=_correlation(item.scale, pairs) if bound == "exact" else _NAN,
        noise="seeds",
        image_se=images_error,
        low_new=float(low_new),
        high_new=float(high_new),
        t_p=paired_tests.t_p(tested),
        sign_flip_p=paired_tests.sign_flip_p(tested),
        min_p=paired_tests.min_p(int(np.count_nonzero(changes))),
        equivalence_p=paired_tests.equivalence_p(exact, smallest),
        beyond_p=paired_tests.beyond_p(tested, smallest),
        power=_power(item, n, sd, level),
        detectable=float(back(paired_tests.detectable(n, sd, level))),
        seeds_as_claimed=sum(_as_claimed(item, one) for one in known),
        tests=tests,
    )


def _steady(changes: np.ndarray, known: Sequence[Pair], scale: Scale) -> np.ndarray:
    """Return the changes, all equal to their mean where only rounding of the values differs."""
    if len(changes) < 2:
        return changes
    largest = max(max(abs(one.baseline), abs(one.variant)) for one in known)
    slack = 1e-12 * (1.0 if scale == "ratio" else largest)
    if float(np.ptp(changes)) > slack:
        return changes
    mean = float(np.mean(changes))
    return np.full(len(changes), 0.0 if abs(mean) <= slack else mean)


def _correlation(scale: Scale, pairs: Sequence[Pair]) -> float:
    """Return the correlation of the two sides, of logarithms for ratios."""
    log = np.log if scale == "ratio" else np.array
    sides = (log([getattr(one, side) for one in pairs]) for side in ("baseline", "variant"))
    return paired_tests.correlation(*sides)


def _declared(item: Comparison) -> dict[str, Any]:
    """Return what an effect has of its comparison alone."""
    copied = "family baseline variant quantity scale paper_is paper_source claimed smallest"
    return {
        **{name: getattr(item, name) for name in copied.split()},
        "comparison": item.name,
        "baseline_quantity": item.sides[0],
        "paper": _NAN if item.paper is None else item.paper,
        "range_low": item.accepted[0],
        "range_high": item.accepted[1],
    }


def _opened(ends: tuple[float, float], bound: Bound) -> tuple[float, float]:
    """Return the interval without the ends that bounds say nothing of; NaN where there is none."""
    low, high = ends
    if math.isnan(low):
        return ends
    return (
        -math.inf if bound in ("at most", "unknown") else low,
        math.inf if bound in ("at least", "unknown") else high,
    )


def _shows(bound: Bound, changes: np.ndarray) -> bool:
    """Say whether a test of the known changes against none stands for the true ones."""
    mean = float(np.mean(changes)) if len(changes) else 0.0
    return bound == "exact" or (bound, mean > 0) in (("at least", True), ("at most", False))


def _power(item: Comparison, n: int, sd: float, level: float) -> float:
    """Return the chance to see the paper's effect, by the rule that decides about the claim."""
    log = np.log if item.scale == "ratio" else float
    if item.claimed == "within":
        return paired_tests.power_within(n, sd, float(log(item.smallest)))
    wanted = item.smallest if item.paper is None else item.paper
    return paired_tests.power(n, sd, float(log(wanted)), level)


def _as_claimed(item: Comparison, one: Pair) -> bool:
    """Say whether a pair is known to be on the claimed side, equal, or within the range."""
    change = one.change(item.scale)
    none = 1.0 if item.scale == "ratio" else 0.0
    if item.claimed == "higher":
        return change > none and one.bound in ("exact", "at least")
    if item.claimed == "lower":
        return change < none and one.bound in ("exact", "at most")
    if one.bound != "exact" or item.claimed == "none":
        return False
    if item.claimed == "within":
        low, high = item.accepted
        return low <= change <= high
    log = np.log if item.scale == "ratio" else float
    return bool(abs(log(change)) <= log(item.smallest))


def correct(effects: Sequence[Effect]) -> list[Effect]:
    """Return the effects with p-values adjusted for all comparisons of their family.

    Holm's correction in the primary family, Benjamini and Hochberg's in the secondary; that
    an effect is too small to matter, or large enough, is a claim too and corrected likewise.
    """
    corrected = list(effects)
    for family, adjust in (
        ("primary", corrections.holm),
        ("secondary", corrections.benjamini_hochberg),
    ):
        places = [i for i, effect in enumerate(effects) if effect.family == family]
        different = adjust([effects[i].t_p for i in places])
        equivalent = adjust([effects[i].equivalence_p for i in places])
        beyond = adjust([effects[i].beyond_p for i in places])
        for i, p, q, r in zip(places, different, equivalent, beyond, strict=True):
            corrected[i] = dataclasses.replace(
                effects[i],
                p_adjusted=float(p),
                equivalence_adjusted=float(q),
                beyond_adjusted=float(r),
            )
    return corrected
