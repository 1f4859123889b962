"""Values of nets drawn by a known truth, and the course of a comparison of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ablations.analysis import stopping
from ablations.analysis.looks import Look
from ablations.analysis.pairs import Values
from ablations.analysis.samples import Samples
from ablations.analysis.stopping import Course
from ablations.study import Claimed, Comparison, Pairing

#: Seeds' standard deviation of an arm's error, in points: as large as those measured.
SD = 0.3
SMALLEST = 0.5
#: Of the budget `standard`: seeds of the shared base, and of a variant at each look.
BASE, LOOKS = 30, (8, 12, 16, 24, 32)
SUITE = 20  # comparisons with the shared base

Draw = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]


def comparison(
    claimed: Claimed = "higher", pairing: Pairing = "none", smallest: float = SMALLEST
) -> Comparison:
    """Return the comparison that drawn values are of: arm "b" against arm "a", in points."""
    return Comparison(
        name="drawn",
        baseline="a",
        variant="b",
        claimed=claimed,
        smallest=smallest,
        pairing=pairing,
    )


def course(
    base: np.ndarray,
    variant: np.ndarray,
    looks: Sequence[int] = LOOKS,
    *,
    claimed: Claimed = "higher",
    tests: int = 1,
    smallest: float = SMALLEST,
) -> Course:
    """Return the course of drawn values of two independent arms.

    Args:
        base: (seeds,), errors of the baseline in percent; all of them count at every look.
        variant: (seeds,), errors of the variant, at least as many as the last look has.
        looks: seeds of the variant at each look, rising.
        claimed: side of the variant that the claim names.
        tests: comparisons of its family, for the correction.
        smallest: points that would matter.
    """
    arms: list[Values] = [
        {seed: (float(x), "exact") for seed, x in enumerate(arm)} for arm in (base, variant)
    ]
    last = 1 / (1 / len(base) + 1 / looks[-1])
    planned = [
        Look(number=place, seeds=(len(base), m), time=1 / (1 / len(base) + 1 / m) / last)
        for place, m in enumerate(looks)
    ]
    drawn = Samples(
        item=comparison(claimed, smallest=smallest),
        values=(arms[0], arms[1]),
        settled=(frozenset(arms[0]), frozenset(arms[1])),
    )
    return stopping.course(drawn, planned, tests)


def normal(rng: np.random.Generator, size: tuple[int, ...]) -> np.ndarray:
    """Draw standard normal numbers of this shape."""
    return rng.normal(0, 1, size)


def skewed(rng: np.random.Generator, size: tuple[int, ...]) -> np.ndarray:
    """Draw log-normal numbers of skewness 1.75, with mean 0 and standard deviation 1."""
    s = 0.5
    mean, variance = np.exp(s**2 / 2), (np.exp(s**2) - 1) * np.exp(s**2)
    return (rng.lognormal(0, s, size) - mean) / np.sqrt(variance)


#: Noise of the variant: how it is drawn, and its standard deviation over that of the base.
NOISES: dict[str, tuple[Draw, float]] = {
    "equal spreads": (normal, 1.0),
    "the variant's spread 0.6 times the base's": (normal, 0.6),
    "the variant's spread 1.6 times the base's": (normal, 1.6),
    "the variant's spread 3 times the base's": (normal, 3.0),
    "skewed noise of both (log-normal, skewness 1.75)": (skewed, 1.0),
}


def arms(
    rng: np.random.Generator, draw: Draw, ratio: float, effect: float, variants: int
) -> tuple[np.ndarray, np.ndarray]:
    """Draw the errors of both arms, in percent, around 30.

    Args:
        rng: generator; the base is drawn from it first.
        draw: numbers of mean 0 and standard deviation 1.
        ratio: standard deviation of the variant over that of the base.
        effect: true difference, variant minus base, in points.
        variants: seeds of the variant.

    Returns:
        (BASE,) errors of the base and (variants,) of the variant.
    """
    base = 30 + SD * draw(rng, (BASE,))
    return base, 30 + effect + ratio * SD * draw(rng, (variants,))
