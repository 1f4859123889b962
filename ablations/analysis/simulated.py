"""Experiments of known truth, judged by the functions that judge measured ones.

Every experiment is values of nets drawn by a fixed generator. They pass through the looks,
tests and intervals that measured ones do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ablations.analysis import paired_tests, permutations, power, ranking, stopping
from ablations.analysis.drawn import (
    BASE,
    LOOKS,
    NOISES,
    SD,
    SMALLEST,
    SUITE,
    arms,
    course,
    normal,
    skewed,
)
from ablations.analysis.simulation_result import Result, mean, share
from ablations.analysis.simultaneous import local_level

SEED = 0
REPEATS = 4000

#: Two standard errors of a share of 95 % over that many repeats, in percent.
_CHANCE = 0.7


def simulate(repeats: int = REPEATS) -> list[Result]:
    """Return every simulation, of `repeats` experiments each or half; the same in every call."""
    rng = np.random.default_rng(SEED)
    parts = (_one_look, _every_look, _looks, _families, _suite, _new_images, _power, _orders)
    return [result for part in parts for result in part(rng, repeats)]


def _one_look(rng: np.random.Generator, repeats: int) -> Iterator[Result]:
    """Tests and intervals of one look: two arms alike, and one just as far off as matters."""
    for noise, (draw, ratio) in NOISES.items():
        is_skewed = draw is skewed
        for n in (8, 16):
            found = [course(*arms(rng, draw, ratio, 0.0, n), looks=(n,)) for _ in range(repeats)]
            p = [one.p("difference") for one in found]
            yield share(
                "one look: false claims of a difference",
                noise,
                n,
                [one < paired_tests.LEVEL for one in p],
                5.0,
                most=8.0 if is_skewed else 6.0,
            )
            ends = [one.ends() for one in found]
            yield share(
                "one look: coverage of the 95 % interval",
                noise,
                n,
                [low <= 0 <= high for low, high in ends],
                95.0,
                92.0 if is_skewed else 94.0,
                97.0 if is_skewed else 96.0,
            )
    deals = [
        permutations.two_sample_p(*arms(rng, normal, 1.0, 0.0, 3)[:2]) for _ in range(repeats // 4)
    ]
    yield share(
        "one look: false claims of a difference",
        "permutation test, equal spreads",
        3,
        [p < paired_tests.LEVEL for p in deals],
        5.0,
        most=5.0 + 400 * (0.05 * 0.95 / max(1, len(deals))) ** 0.5,
    )


def _every_look(rng: np.random.Generator, repeats: int) -> Iterator[Result]:
    """Two arms alike, where so little matters that nothing but a difference stops a study."""
    for noise, (draw, ratio) in NOISES.items():
        found = [
            course(*arms(rng, draw, ratio, 0.0, LOOKS[-1]), smallest=0.01) for _ in range(repeats)
        ]
        hits = [one.p("difference") < paired_tests.LEVEL for one in found]
        where = f"{noise}, never equivalent"
        name = "until decided: false claims of a difference"
        yield share(name, where, LOOKS[-1], hits, 5.0, most=5.0)


def _looks(rng: np.random.Generator, repeats: int) -> Iterator[Result]:
    """Studies that add seeds until they are decided; effects of 0, 1/2, 1, 2 times what matters."""
    for noise, (draw, ratio) in NOISES.items():
        is_skewed = draw is skewed
        for size in (0.0, 0.5, 1.0, 2.0):
            effect = size * SMALLEST
            found = [course(*arms(rng, draw, ratio, effect, LOOKS[-1])) for _ in range(repeats)]
            where = f"{noise}, true effect {size:g} times what matters"
            differs = [one.p("difference") < paired_tests.LEVEL for one in found]
            wrong = [
                claim and (size == 0 or one.contrast.estimate < 0)
                for claim, one in zip(differs, found, strict=True)
            ]
            small = [one.p("equivalence") < paired_tests.LEVEL for one in found]
            name = "until decided"
            yield share(f"{name}: false claims of a difference", where, 32, wrong, None, most=5.0)
            if size >= 1:
                yield share(
                    f"{name}: false claims of equivalence", where, 32, small, None, most=5.0
                )
            right = small if size == 0 else differs
            yield share(f"{name}: right claims", where, 32, right, None)
            hits = [low <= effect <= high for low, high in (one.ends() for one in found)]
            least, most = (92.0, 97.0) if is_skewed else (94.0 - _CHANCE, 96.0 + _CHANCE)
            yield share(
                f"{name}: coverage of the final interval", where, 32, hits, 95.0, least, most
            )
            yield mean(
                f"{name}: seeds of the variant",
                where,
                LOOKS[-1],
                _fixed(ratio),
                [LOOKS[one.look - 1] for one in found],
            )


def _fixed(ratio: float) -> int:
    """Return the seeds of a design of one look that sees what matters as often as the looks do.

    It is given the spread beforehand: `ratio` times that of the base, which has 0.3 points.
    """
    wanted = _stated(LOOKS, SMALLEST, ratio)
    return next(m for m in range(2, 10_000) if _stated((m,), SMALLEST, ratio) >= wanted)


def _families(rng: np.random.Generator, repeats: int) -> Iterator[Result]:
    """Six arms of one study, half without an effect and half just as far off as matters."""
    count, level = 6, paired_tests.LEVEL
    for claimed in ("higher", "equal"):
        wrong = []
        for _ in range(repeats // 2):
            base = 30 + SD * normal(rng, (BASE,))
            claims = []
            for truth in [0.0, SMALLEST] * (count // 2):
                variant = 30 + truth + SD * normal(rng, (LOOKS[-1],))
                found = course(base, variant, claimed=claimed, tests=count)
                outer: stopping.Test = "beyond" if claimed == "equal" else "difference"
                test = "equivalence" if truth else outer
                claims.append(count * found.p(test) < level)
            wrong.append(any(claims))
        setting = f"{count} variants, half without an effect, claimed {claimed}: any false claim"
        yield share("until decided: family-wise", setting, 32, wrong, None, most=5.0)


def _suite(rng: np.random.Generator, repeats: int) -> Iterator[Result]:
    """Twenty studies with one base: how often any simultaneous interval misses, or misleads."""
    level = local_level(((1 / BASE) / (1 / BASE + 1 / LOOKS[0]),) * SUITE)
    truths = {"no effects": [0.0], "half of them as large as matters": [0.0, SMALLEST]}
    for words, some in truths.items():
        missed = []
        for _ in range(repeats // 2):
            base = 30 + SD * normal(rng, (BASE,))
            ends = []
            for number in range(SUITE):
                truth = some[number % len(some)]
                variant = 30 + truth + SD * normal(rng, (LOOKS[-1],))
                low, high = course(base, variant).ends_at(level)
                ends.append(low <= truth <= high)
            missed.append(not all(ends))
        setting = f"{SUITE} comparisons with one base, {words}: any interval misses"
        yield share("until decided: simultaneous intervals", setting, 32, missed, None, most=5.0)


def _new_images(rng: np.random.Generator, repeats: int) -> Iterator[Result]:
    """The interval for other images too, where a sample of images shifts all seeds alike."""
    images_error = 0.1
    hits = []
    for _ in range(repeats):
        base, variant = arms(rng, normal, 1.0, rng.normal(0, images_error), 8)
        low, high = course(base, variant, looks=(8,)).ends_for_images(images_error)
        hits.append(low <= 0 <= high)
    yield share(
        "one look: coverage of the 95 % interval", "seeds and images", 8, hits, 95.0, 94.0, 97.0
    )


def _power(rng: np.random.Generator, repeats: int) -> Iterator[Result]:
    """An effect that is there: how often it is found, beside the power that is stated."""
    for looks in ((8,), LOOKS):
        for chance in (0.5, 0.8):
            effect = _effect_of_power(looks, chance)
            found = [
                course(*arms(rng, normal, 1.0, effect, looks[-1]), looks) for _ in range(repeats)
            ]
            hits = [one.p("difference") < paired_tests.LEVEL for one in found]
            kind = "one look" if len(looks) == 1 else "until decided"
            where = f"true difference of {effect:.2f} points, sd {SD:g}"
            stated = 100 * _stated(looks, effect)
            yield share(
                f"{kind}: planted effects found",
                where,
                looks[-1],
                hits,
                stated,
                stated - 3,
                stated + 3,
            )


def _stated(looks: Sequence[int], effect: float, ratio: float = 1.0) -> float:
    """Return the power that a report states, of samples with exactly these spreads."""
    drawn = (np.linspace(-1, 1, n) for n in (BASE, looks[0]))
    exact = [values / values.std(ddof=1) for values in drawn]
    given = course(30 + SD * exact[0], 30 + ratio * SD * exact[1], looks)
    if len(looks) > 1:
        return given.rule.crosses_outer(effect)
    return power.power(effect, given.contrast.error, given.contrast.freedom)


def _effect_of_power(looks: Sequence[int], chance: float) -> float:
    """Return the effect that is detected with this power, by bisection."""
    low, high = 0.0, 20 * SD
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if _stated(looks, middle) < chance else (low, middle)
    return high


def _orders(rng: np.random.Generator, repeats: int) -> Iterator[Result]:
    """Four effects, equal or in the paper's order: how often the order is said to be wrong."""
    effects_of = {"four equal effects": [0.0] * 4, "the paper's order": [2.0, 1.7, 1.4, 0.4]}
    for setting, truth in effects_of.items():
        drawn = rng.normal(0, SD, (repeats, 8, 5))
        vectors = truth + drawn[..., 1:] - drawn[..., :1]  # one baseline for all
        hits = [ranking.reversal_p(one) < paired_tests.LEVEL for one in vectors]
        yield share("orders said to be wrong", setting, 8, hits, None, most=6.0)
        if setting == "four equal effects":
            some = vectors[: max(1, repeats // 10)]
            shown = [ranking.chance_of_order(one) >= ranking.SHOWN for one in some]
            yield share("orders said to be shown", setting, 8, shown, None, most=6.0)
