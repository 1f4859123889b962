"""Pairs of values of one seed, and which of them are only bounds."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ablations.study import Comparison, Scale

#: How a number lies to the true one. Of several, "unknown": they are bounds in both directions,
#: or not all of them are known.
Bound = Literal["exact", "at least", "at most", "unknown"]

_OPPOSITE: Mapping[Bound, Bound] = {
    "exact": "exact",
    "at least": "at most",
    "at most": "at least",
    "unknown": "unknown",
}

#: Seed -> value, and how it lies to the true one.
Values = dict[int, tuple[float, Bound]]


@dataclass(frozen=True, kw_only=True)
class Pair:
    """The two values of a comparison with the same seed; of an interaction, two differences.

    Attributes:
        seed: of both nets.
        baseline: in the unit of the quantity, as `variant`; of an interaction, the change that
            the second pair of arms shows, which is taken off.
    """

    seed: int
    baseline: float
    variant: float
    bound: Bound = "exact"  # of the change

    def change(self, scale: Scale) -> float:
        """Return variant - baseline, or variant / baseline."""
        return self.variant / self.baseline if scale == "ratio" else self.variant - self.baseline


def paired(item: Comparison, values: Sequence[Values]) -> list[Pair]:
    """Return the pairs of the seeds for which every value is there.

    With an interaction, the pair's values are the differences of its two halves.

    Args:
        item: the comparison; pairs with a value that is not above 0 are left out of a ratio.
        values: of its arms, in the comparison's order: two, or four with an interaction.
    """
    pairs = _paired(values[0], values[1], item.scale)
    if item.interaction is None:
        return pairs
    others = _paired(values[2], values[3], item.scale)
    return _paired(_changes(others, item.scale), _changes(pairs, item.scale), item.scale)


def _changes(pairs: Sequence[Pair], scale: Scale) -> Values:
    return {one.seed: (one.change(scale), one.bound) for one in pairs}


def _paired(baseline: Values, variant: Values, scale: Scale) -> list[Pair]:
    """Pair by seed; what has no logarithm is in no ratio."""
    pairs = [
        Pair(
            seed=seed,
            baseline=value,
            variant=variant[seed][0],
            bound=of_change(bound, variant[seed][1]),
        )
        for seed, (value, bound) in baseline.items()
        if seed in variant
    ]
    return [one for one in pairs if scale == "difference" or (one.baseline > 0 and one.variant > 0)]


def of_change(baseline: Bound, variant: Bound) -> Bound:
    """Return how variant - baseline, or their ratio, lies to the true one.

    A baseline that is known to be at least so large makes the change at most so large.

    >>> of_change("at least", "exact"), of_change("at least", "at least")
    ('at most', 'unknown')
    """
    if variant == "exact":
        return _OPPOSITE[baseline]
    return variant if baseline in ("exact", _OPPOSITE[variant]) else "unknown"


def of_sum(bounds: Sequence[Bound], weights: Sequence[float]) -> Bound:
    """Return how a weighted sum lies to the true one; a weight below 0 turns a bound round.

    >>> of_sum(["exact", "at least", "at most"], (-1.0, 1.0, -0.5))
    'at least'
    """
    turned = zip(bounds, weights, strict=True)
    return of_all(bound if weight > 0 else _OPPOSITE[bound] for bound, weight in turned)


def of_all(bounds: Iterable[Bound]) -> Bound:
    """Return how the mean of values lies to that of the true ones; exact where there are none.

    >>> of_all(["exact", "at least"]), of_all(["at most", "at least"])
    ('at least', 'unknown')
    """
    kinds = set(bounds) - {"exact"}
    return kinds.pop() if len(kinds) == 1 else "unknown" if kinds else "exact"


def opened(ends: tuple[float, float], bound: Bound) -> tuple[float, float]:
    """Return the interval without the ends that bounds say nothing of; NaN where there is none.

    Args:
        ends: low and high of the interval of the values, bounds taken as they are.
        bound: how its estimate lies to the true one.

    >>> opened((0.1, 0.9), "at least")
    (0.1, inf)
    """
    low, high = ends
    if math.isnan(low):
        return ends
    return (
        -math.inf if bound in ("at most", "unknown") else low,
        math.inf if bound in ("at least", "unknown") else high,
    )
