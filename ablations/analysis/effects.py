"""The effect of one arm over another: values paired by seed, and every number made of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ablations.analysis import paired_tests, quantities
from ablations.plan import StudyRun
from ablations.study import Claimed, Difference, Family, Quantity, Scale

#: What an interval covers: chance in the training of the nets, or in the choice of images. An
#: order has no interval; its estimate is itself the chance, over seeds, that it holds.
Noise = Literal["seeds", "test images", "order"]

_NAN = float("nan")


@dataclass(frozen=True, kw_only=True)
class Pair:
    """The two values of a comparison with the same seed; of an interaction, two differences."""

    seed: int
    baseline: float
    variant: float

    def change(self, scale: Scale) -> float:
        """Return variant - baseline, or variant / baseline."""
        return self.variant / self.baseline if scale == "ratio" else self.variant - self.baseline


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
    seeds_as_claimed: int
    tests: int = 1  # comparisons of its family

    def size(self, value: float) -> float:
        """Return how far `value` is from no change, in points or as a logarithm."""
        return float(np.log(value)) if self.scale == "ratio" else value


def pair(runs: Mapping[str, Sequence[StudyRun]], item: Difference) -> list[Pair]:
    """Return the pairs of the seeds for which every value is there.

    Args:
        runs: arm -> its runs by seed.
        item: with an interaction, the pair's values are the differences of its two halves.
    """
    values = [_values(runs[arm], quantity) for arm, quantity in item.used]
    pairs = _paired(values[0], values[1], item.scale)
    if item.interaction is None:
        return pairs
    others = _paired(values[2], values[3], item.scale)
    return _paired(_changes(others, item.scale), _changes(pairs, item.scale), item.scale)


def _changes(pairs: Sequence[Pair], scale: Scale) -> dict[int, float]:
    return {one.seed: one.change(scale) for one in pairs}


def _values(runs: Sequence[StudyRun], quantity: Quantity) -> dict[int, float]:
    found = {run.planned.experiment.seed: quantities.value(run, quantity) for run in runs}
    return {seed: value for seed, value in found.items() if value is not None}


def _paired(
    baseline: Mapping[int, float], variant: Mapping[int, float], scale: Scale
) -> list[Pair]:
    """Pair by seed; what has no logarithm is in no ratio."""
    pairs = [
        Pair(seed=seed, baseline=value, variant=variant[seed])
        for seed, value in baseline.items()
        if seed in variant
    ]
    return [one for one in pairs if scale == "difference" or min(one.baseline, one.variant) > 0]


def measure(
    item: Difference, pairs: Sequence[Pair], *, images_error: float = _NAN, tests: int = 1
) -> Effect:
    """Return the effect over the pairs, still without correction for its family.

    Args:
        images_error: standard error over test images, in points.
        tests: comparisons of the family. Its correction holds the strictest of them against
            `LEVEL / tests`; power and what is detectable are of that one, so that no
            comparison has less power than is said.
    """
    ratio = item.scale == "ratio"
    log, back = (np.log, np.exp) if ratio else (np.array, np.array)
    changes = log(np.array([one.change(item.scale) for one in pairs]))
    smallest = float(log(item.smallest))
    n, sd, level = len(pairs), paired_tests.spread(changes), paired_tests.LEVEL / tests
    new = paired_tests.interval_for_new_images(changes, images_error)
    estimate, low, high, low_new, high_new = back([*paired_tests.t_interval(changes), *new])
    wanted = smallest if item.paper is None else float(log(item.paper))
    return Effect(
        comparison=item.name,
        family=item.family,
        baseline=item.baseline,
        variant=item.variant,
        baseline_quantity=item.sides[0],
        quantity=item.quantity,
        scale=item.scale,
        unit="x" if ratio else quantities.MEASURES[item.quantity].unit_of_differences,
        n=n,
        estimate=float(estimate),
        low=float(low),
        high=float(high),
        sd=sd,
        pair_correlation=paired_tests.correlation(
            [one.baseline for one in pairs], [one.variant for one in pairs]
        ),
        noise="seeds",
        image_se=images_error,
        low_new=float(low_new),
        high_new=float(high_new),
        t_p=paired_tests.t_p(changes),
        sign_flip_p=paired_tests.sign_flip_p(changes),
        min_p=paired_tests.min_p(n),
        equivalence_p=paired_tests.equivalence_p(changes, smallest),
        beyond_p=paired_tests.beyond_p(changes, smallest),
        power=paired_tests.power(n, sd, wanted, level),
        detectable=float(back(paired_tests.detectable(n, sd, level))),
        paper=_NAN if item.paper is None else item.paper,
        paper_is=item.paper_is,
        paper_source=item.paper_source,
        claimed=item.claimed,
        smallest=item.smallest,
        seeds_as_claimed=_as_claimed(item.claimed, changes, smallest),
        tests=tests,
    )


def _as_claimed(claimed: Claimed, changes: np.ndarray, smallest: float) -> int:
    """Count the seeds that are on the claimed side, or equal up to `smallest`."""
    if claimed == "none":
        return 0
    if claimed == "equal":
        return int(np.sum(np.abs(changes) <= smallest))
    return int(np.sum(changes > 0 if claimed == "higher" else changes < 0))


def images_error(runs: Mapping[str, Sequence[StudyRun]], item: Difference) -> float:
    """Return the standard error over test images in points; NaN where mistakes are not known."""
    if item.scale == "ratio":
        return _NAN
    sides_used = item.used
    by_seed: dict[int, list[np.ndarray]] = {}
    for (arm, quantity), sign in zip(sides_used, (-1, 1, 1, -1), strict=False):
        for run in runs[arm]:
            wrong = quantities.mistakes(run, quantity)
            if wrong is not None:
                by_seed.setdefault(run.planned.experiment.seed, []).append(sign * wrong)
    complete = [parts for parts in by_seed.values() if len(parts) == len(sides_used)]
    whole = [np.sum(parts, axis=0) for parts in complete]
    same_images = len({len(of_seed) for of_seed in whole}) == 1
    return 100 * paired_tests.image_se(np.array(whole)) if same_images else _NAN


def correct(effects: Sequence[Effect]) -> list[Effect]:
    """Return the effects with p-values adjusted for all comparisons of their family.

    Holm's correction in the primary family, Benjamini and Hochberg's in the secondary; that
    an effect is too small to matter, or large enough, is a claim too and corrected likewise.
    """
    corrected = list(effects)
    for family, adjust in (
        ("primary", paired_tests.holm),
        ("secondary", paired_tests.benjamini_hochberg),
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
