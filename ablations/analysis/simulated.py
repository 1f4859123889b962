"""Experiments of known truth, judged by the functions that judge measured ones.

Every experiment is a set of paired differences drawn by a fixed generator. They pass through
the functions of `differences`, and those of several variants through `effects.measure`,
`effects.correct` and `judge`, as measured ones do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ablations.analysis import effects, paired_tests, ranking
from ablations.analysis.effects import Effect
from ablations.analysis.pairs import Pair
from ablations.analysis.verdict import judge
from ablations.study import Claimed, Comparison

SEED = 0
REPEATS = 4000

#: Seeds' standard deviation of an arm's error, in points: as large as those measured.
_SD = 0.3
_SMALLEST = 0.5
_ARMS = 6

Draw = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]


@dataclass(frozen=True, kw_only=True)
class Result:
    """A share of the repeats, in percent, beside what it should be."""

    simulation: str
    setting: str
    n: int  # seeds
    repeats: int
    stated: float  # what theory or the reports say; NaN where nothing is said
    found: float
    error: float  # standard error of `found` from the number of repeats
    least: float  # bounds that `found` has to keep
    most: float

    @property
    def kept(self) -> bool:
        """Whether the bounds are kept."""
        return self.least <= self.found <= self.most


def simulate(repeats: int = REPEATS) -> list[Result]:
    """Return every simulation; the same numbers for the same `repeats`."""
    rng = np.random.default_rng(SEED)
    parts = (_no_effect, _families, _coverage, _new_images, _planted, _equivalence, _orders)
    return [result for part in parts for result in part(rng, repeats)]


def experiment(changes: np.ndarray, claimed: Claimed = "higher") -> list[Effect]:
    """Return the corrected effects of (arms, seeds) differences, as a report measures them."""
    item = Comparison(name="drawn", baseline="a", variant="b", claimed=claimed, smallest=_SMALLEST)
    measured = []
    for of_arm in changes:
        pairs = [
            Pair(seed=seed, baseline=30.0, variant=30.0 + float(change))
            for seed, change in enumerate(of_arm)
        ]
        measured.append(effects.measure(item, pairs, tests=len(changes)))
    return effects.correct(measured)


def _no_effect(rng: np.random.Generator, repeats: int) -> Iterator[Result]:
    """Two arms that are the same: how often a test says that they differ."""
    for n in (5, 6, 10, 20):
        changes = rng.normal(0, _SD, (repeats, n))
        t_test = [paired_tests.t_p(one) < paired_tests.LEVEL for one in changes]
        yield _share("A/A: false claims", "paired t test, p < 0.05", n, t_test, 5.0, most=6.0)
        if n > 10:
            continue  # a million sign patterns of each experiment take too long
        flips = [paired_tests.sign_flip_p(one) < paired_tests.LEVEL for one in changes]
        stated = _flip_size(n)
        yield _share("A/A: false claims", "sign-flip test, p < 0.05", n, flips, stated, most=6.0)


def _flip_size(n: int) -> float:
    """Return the size of the sign-flip test at 5 %: the largest multiple of 2 / 2**n below it."""
    steps = int(np.ceil(0.05 * 2**n / 2)) - 1
    return 100 * steps * paired_tests.min_p(n)


def _families(rng: np.random.Generator, repeats: int) -> Iterator[Result]:
    """Six arms like the baseline, which they share: how often one of them is said to differ."""
    for n in (5, 10):
        for claimed in ("higher", "equal"):
            hits = []
            for _ in range(repeats // 2):
                arms = rng.normal(0, _SD, (_ARMS + 1, n))
                found = experiment(arms[1:] - arms[0], claimed)
                hits.append(any(_claims_a_difference(effect) for effect in found))
            setting = f"{_ARMS} variants, claimed {claimed}: any verdict of a difference"
            yield _share("A/A: false claims, family-wise", setting, n, hits, None, most=6.0)


def _claims_a_difference(effect: Effect) -> bool:
    """Say whether the verdict is that there is a difference, and not that it would be small."""
    verdict, _ = judge(effect, objections=())
    if effect.claimed == "equal":
        return verdict == "disagrees"
    too_small = verdict == "disagrees" and effect.p_adjusted >= paired_tests.LEVEL
    return verdict != "inconclusive" and not too_small


def _coverage(rng: np.random.Generator, repeats: int) -> Iterator[Result]:
    """How often the 95 % interval holds the true mean."""
    shapes: dict[str, tuple[Draw, float, float]] = {
        "normal differences": (lambda g, size: g.normal(0, _SD, size), 94.0, 96.0),
        "skewed differences (log-normal, skewness 1.75)": (_skewed, 0.0, 100.0),
    }
    for setting, (draw, least, most) in shapes.items():
        for n in (5, 10, 20):
            intervals = [paired_tests.t_interval(one) for one in draw(rng, (repeats, n))]
            hits = [low <= 0 <= high for _, low, high in intervals]
            yield _share("coverage of 95 % intervals", setting, n, hits, 95.0, least, most)


def _skewed(rng: np.random.Generator, size: tuple[int, ...]) -> np.ndarray:
    return rng.lognormal(0, 0.5, size) - np.exp(0.5**2 / 2)


def _new_images(rng: np.random.Generator, repeats: int) -> Iterator[Result]:
    """The interval for other images too, where a sample of images shifts all seeds alike."""
    images_error = 0.3
    for n in (5, 10):
        hits = []
        for _ in range(repeats):
            changes = rng.normal(0, _SD, n) + rng.normal(0, images_error)
            low, high = paired_tests.interval_for_new_images(changes, images_error)
            hits.append(low <= 0 <= high)
        setting = "seeds and images"
        yield _share("coverage of 95 % intervals", setting, n, hits, 95.0, 94.0, 97.0)


def _planted(rng: np.random.Generator, repeats: int) -> Iterator[Result]:
    """An effect that is there: how often it is found, beside the power that is stated."""
    for n in (5, 10, 20):
        for power in (0.5, 0.8):
            effect = _effect_of_power(n, power)
            stated = 100 * paired_tests.power(n, _SD, effect)
            changes = rng.normal(effect, _SD, (repeats, n))
            hits = [
                one.mean() > 0 and paired_tests.t_p(one) < paired_tests.LEVEL for one in changes
            ]
            setting = f"true difference of {effect:.2f} points, sd {_SD:g}"
            yield _share("planted effects found", setting, n, hits, stated, stated - 3, stated + 3)
            # A report knows the sample's own spread only.
            reported = [paired_tests.power(n, paired_tests.spread(one), effect) for one in changes]
            yield _share("power as reports state it", setting, n, reported, stated)
    for n in (5, 10):
        effect = paired_tests.detectable(n, _SD, paired_tests.LEVEL / _ARMS)
        stated = 100 * paired_tests.power(n, _SD, effect, paired_tests.LEVEL / _ARMS)
        hits = []
        for _ in range(repeats // 2):
            changes = rng.normal(0, _SD, (_ARMS, n))
            changes[0] += effect
            hits.append(experiment(changes)[0].p_adjusted < paired_tests.LEVEL)
        setting = f"true difference of {effect:.2f} points in one of {_ARMS} variants, at least"
        yield _share("planted effects found", setting, n, hits, stated, least=stated - 3)


def _effect_of_power(n: int, power: float) -> float:
    """Return the effect that `n` seeds see with this chance, by bisection."""
    low, high = 0.0, 20 * _SD
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if paired_tests.power(n, _SD, middle) < power else (low, middle)
    return high


def _equivalence(rng: np.random.Generator, repeats: int) -> Iterator[Result]:
    """A true difference just large enough to matter: how often it is said to be too small."""
    for n in (5, 10, 20):
        changes = rng.normal(_SMALLEST, _SD, (repeats, n))
        hits = [paired_tests.equivalence_p(one, _SMALLEST) < paired_tests.LEVEL for one in changes]
        setting = f"true difference of {_SMALLEST:g} points, the smallest that matters"
        yield _share("false equivalence", setting, n, hits, 5.0, most=6.0)


def _orders(rng: np.random.Generator, repeats: int) -> Iterator[Result]:
    """Four effects, equal or in the paper's order: how often the order is said to be wrong."""
    effects_of = {"four equal effects": [0.0] * 4, "the paper's order": [2.0, 1.7, 1.4, 0.4]}
    for setting, truth in effects_of.items():
        for n in (5, 10):
            drawn = rng.normal(0, _SD, (repeats, n, 5))
            vectors = truth + drawn[..., 1:] - drawn[..., :1]  # one baseline for all
            hits = [ranking.reversal_p(one) < paired_tests.LEVEL for one in vectors]
            yield _share("orders said to be wrong", setting, n, hits, None, most=6.0)
            if setting == "four equal effects":
                some = vectors[: max(1, repeats // 10)]
                shown = [ranking.chance_of_order(one) >= ranking.SHOWN for one in some]
                yield _share("orders said to be shown", setting, n, shown, None, most=6.0)


def _share(
    simulation: str,
    setting: str,
    n: int,
    hits: Sequence[float],
    stated: float | None,
    least: float = 0.0,
    most: float = 100.0,
) -> Result:
    return Result(
        simulation=simulation,
        setting=setting,
        n=n,
        repeats=len(hits),
        stated=float("nan") if stated is None else stated,
        found=round(100 * float(np.mean(hits)), 6),  # as a table on disk holds it
        error=100 * float(np.std(hits) / np.sqrt(len(hits))),
        least=least,
        most=most,
    )
